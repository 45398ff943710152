"""The scheduler: gives each new pod a node, or says why it cannot."""

from __future__ import annotations

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.controllers.machinery import nodes, objects, pods
from sandbox.controllers.machinery.controller import Cluster, Controller
from sandbox.controllers.placing import binding, fit

PREFERRED = "sandbox"
NOT_READY = "node(s) had untolerated taint {node.kubernetes.io/not-ready: }"


class Scheduler(Controller):
    """Takes pods without a node and with the default scheduler's name. It never preempts."""

    name = "default-scheduler"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.pods = cluster.informer("v1", "pods")
        self.nodes = cluster.informer("v1", "nodes")
        self.claims = cluster.informer("v1", "persistentvolumeclaims")
        # Bound by us, not yet seen by the watch: they take room already.
        self._assumed: dict[Key, Object] = {}
        self._stuck: set[Key] = set()
        self.pods.subscribe(self._pod_changed)
        self.nodes.subscribe(self._room_changed)
        self.volumes = cluster.informer("v1", "persistentvolumes")
        self.classes = cluster.informer("storage.k8s.io/v1", "storageclasses")
        for informer in (self.claims, self.volumes, self.classes):
            informer.subscribe(self._volume_changed)

    def _pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del old
        key = (new["metadata"]["namespace"], new["metadata"]["name"])
        if kind == "DELETED" or new["spec"].get("nodeName"):
            self._assumed.pop(key, None)
            self._stuck.discard(key)
        if kind == "DELETED" or pods.finished(new):
            self._retry_stuck()
        elif not new["spec"].get("nodeName"):
            self.queue.add(key)

    def _room_changed(self, kind: str, new: Object, old: Object | None) -> None:
        """A node's heartbeat gives no room; what it has, and whether it is ready, may."""
        telling = [
            (o.get("spec"), (o.get("status") or {}).get("allocatable"), nodes.ready(o))
            for o in (new, old)
            if o
        ]
        if (
            kind != "MODIFIED"
            or telling[0] != telling[-1]
            or objects.labels_of(new) != objects.labels_of(old or new)
        ):
            self._retry_stuck()

    def _volume_changed(self, kind: str, new: Object, old: Object | None) -> None:
        """Claims and what binds them have no heartbeat: whatever changes may be what a pod waits for."""
        del kind, new, old
        self._retry_stuck()

    def _retry_stuck(self) -> None:
        for key in self._stuck:
            self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        """Bind the pod, or record Unschedulable."""
        pod = self.pods.items.get(key)
        if pod is None or pod["spec"].get("nodeName") or objects.deleting(pod) or key in self._assumed:
            return None
        if pod["spec"].get("schedulerName", "default-scheduler") != "default-scheduler":
            return None
        if pod["spec"].get("schedulingGates"):
            return None
        waiting, obstacle = self._volumes(pod)
        node = None if obstacle else self._choose(pod)
        if node is None:
            await self._refuse(pod, obstacle or self._explain(pod))
            return None
        if waiting:
            await self._place_volumes(key, waiting, node)
            return None
        self._assumed[key] = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        try:
            target = {"apiVersion": "v1", "kind": "Node", "name": node}
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": key[1]}, "target": target}
            binding["metadata"] = {"name": key[1], "namespace": key[0], "uid": pod["metadata"]["uid"]}
            await self.client.create(path("v1", "pods", *key, "binding"), binding)
        except ApiError:
            del self._assumed[key]
            raise
        text = f"Successfully assigned {key[0]}/{key[1]} to {node}"
        self.recorder.record(pod, "Normal", "Scheduled", text, action="Binding")
        return None

    def _placed(self, node: str) -> list[Object]:
        known = self.pods.items | self._assumed
        return [p for p in known.values() if p["spec"].get("nodeName") == node and not pods.finished(p)]

    def _choose(self, pod: Object) -> str | None:
        """The sandbox's own node if the pod fits there, else the one with the fewest pods."""
        candidates = []
        for (_, name), node in self.nodes.items.items():
            placed = self._placed(name)
            if nodes.ready(node) and not fit.obstacles(pod, node, placed):
                candidates.append((name != PREFERRED, len(placed), name))
        return min(candidates)[2] if candidates else None

    def _explain(self, pod: Object) -> str:
        reasons: list[str] = []
        for (_, name), node in self.nodes.items.items():
            reasons += fit.obstacles(pod, node, self._placed(name)) if nodes.ready(node) else [NOT_READY]
        return fit.unschedulable(len(self.nodes.items), reasons)

    def _volumes(self, pod: Object) -> tuple[list[Object], str]:
        """(claims that wait for the pod's node, what is wrong with those that it mounts or "")."""
        space, waiting = pod["metadata"]["namespace"], []
        classes = {name: found for (_, name), found in self.classes.items.items()}
        for volume in pod["spec"].get("volumes") or []:
            if claimed := volume.get("persistentVolumeClaim"):
                claim = self.claims.items.get((space, claimed["claimName"]))
                if claim is None:
                    return [], f'persistentvolumeclaim "{claimed["claimName"]}" not found'
                if (claim.get("status") or {}).get("phase") == "Bound":
                    continue
                if not binding.waits_for_consumer(claim, classes):
                    return [], "pod has unbound immediate PersistentVolumeClaims"
                there = binding.matching(claim, self.volumes.items.values())
                provisioner = classes[claim["spec"]["storageClassName"]].get("provisioner")
                if not there and provisioner == binding.NO_PROVISIONER:
                    count = len(self.nodes.items)  # looked for on each of them, unlike what is above
                    reason = "node(s) didn't find available persistent volumes to bind"
                    return [], fit.unschedulable(count, [reason] * count)
                waiting.append(claim)
        return waiting, ""

    async def _place_volumes(self, key: Key, claims: list[Object], node: str) -> None:
        """Tell the claims where the pod will be; it is bound when they are."""
        self._stuck.add(key)
        for claim in claims:
            if objects.annotations_of(claim).get(binding.SELECTED_NODE) != node:
                meta = claim["metadata"]
                patch = {"uid": meta["uid"], "annotations": {binding.SELECTED_NODE: node}}
                place = path("v1", "persistentvolumeclaims", meta["namespace"], meta["name"])
                await self.client.merge(place, {"metadata": patch})

    async def _refuse(self, pod: Object, message: str) -> None:
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        if not message.startswith("0/") and not message.startswith("no nodes") and self.nodes.items:
            message = f"0/{len(self.nodes.items)} nodes are available: {message}."
        self._stuck.add(key)
        seen = objects.condition(pod, "PodScheduled")
        if seen is not None and (seen["status"], seen.get("message")) == ("False", message):
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastTransitionTime": (seen or {}).get("lastTransitionTime") or objects.stamp(objects.now()),
        }
        others = objects.without_condition((pod.get("status") or {}).get("conditions") or [], "PodScheduled")
        status = {"phase": "Pending", **(pod.get("status") or {}), "conditions": [*others, condition]}
        await self.client.replace(path("v1", "pods", *key, "status"), {**pod, "status": status})
        self.recorder.record(pod, "Warning", "FailedScheduling", message, action="Scheduling")
