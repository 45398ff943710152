"""StatefulSets: pods with names, storage and an order (upstream: pkg/controller/statefulset)."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.base.client import ApiError, Key, Object, path
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.machinery.controller import Cluster, Controller, namespace_is_going
from sandbox.controllers.machinery.index import Owned, claim, remove
from sandbox.controllers.machinery.podcontrol import pod_from
from sandbox.controllers.revisioned import stateful_plan as plan
from sandbox.controllers.revisioned.history import HASH, PLURAL, REVISION_HASH, History, with_template

POD_NAME, POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"


class StatefulSetController(Controller):
    """Creates, updates and deletes pods by ordinal, and the claims that they mount; claims are never deleted
    (persistentVolumeClaimRetentionPolicy is not acted on)."""

    name = "statefulset-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.sets = cluster.informer("apps/v1", "statefulsets")
        self.pods = Owned(cluster.informer("v1", "pods"))
        self.claims = cluster.informer("v1", "persistentvolumeclaims")
        self.history = History(
            self.client, cluster.informer("apps/v1", PLURAL), "statefulsets", REVISION_HASH
        )
        self.sets.subscribe(self.enqueue)
        self.pods.informer.subscribe(self._pod_changed)

    def _pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind
        for pod in filter(None, (new, old)):
            owner, space = objects.controller_of(pod), pod["metadata"]["namespace"]
            if owner is not None and owner["kind"] == "StatefulSet":
                self.queue.add((space, owner["name"]))
            elif owner is None:
                self.queue.add((space, pod["metadata"]["name"].rpartition("-")[0]))

    async def reconcile(self, key: Key) -> float | None:
        """One step, then the status; a refusal is reported, then retried with back-off."""
        stateful_set = self.sets.items.get(key)
        if stateful_set is None:
            return None
        children = await claim(
            self.client,
            stateful_set,
            "statefulsets",
            self.pods,
            lambda pod: plan.ordinal(stateful_set, pod) is not None,
        )
        update, revisions = await self.history.sync(stateful_set)
        told = (stateful_set.get("status") or {}).get("currentRevision")
        now_at = next((one for one in revisions if one["metadata"]["name"] == told), update)
        failure: ApiError | None = None
        if not objects.deleting(stateful_set):
            step = plan.next_step(stateful_set, children, update["metadata"]["name"], datetime.now(UTC))
            try:
                await self._take(stateful_set, step, now_at, update)
            except ApiError as error:
                failure = error
        children, current = self.pods.of(stateful_set), datetime.now(UTC)
        names = (now_at["metadata"]["name"], update["metadata"]["name"])
        status = plan.status_of(stateful_set, children, *names, current)
        await self.write_status("statefulsets", stateful_set, status)
        if failure is not None and not namespace_is_going(failure):
            raise failure
        live = {*names, status["currentRevision"], *map(plan.revision_of, children)}
        await self.history.truncate(stateful_set, revisions, live)
        return pods.next_look(stateful_set, children, current)

    async def _take(self, stateful_set: Object, step: plan.Step, now_at: Object, update: Object) -> None:
        for pod in step.delete:
            await self._delete(stateful_set, pod)
        for number, newest in step.create:
            await self._create(stateful_set, number, update if newest else now_at)

    async def _create(self, stateful_set: Object, number: int, revision: Object) -> None:
        body = numbered_pod(stateful_set, number, revision)
        meta = body["metadata"]
        called = f"Pod {meta['name']} in StatefulSet {stateful_set['metadata']['name']}"
        place = path("v1", "pods", meta["namespace"])
        try:
            await self._create_claims(stateful_set, number, called)
            created = await self.client.create(place, body)
        except ApiError as error:
            if error.reason == "AlreadyExists":  # ours, by an answer that was lost, or somebody else's
                there = await self.client.get(f"{place}/{meta['name']}")
                owner = objects.controller_of(there)
                if owner is not None and owner["uid"] == stateful_set["metadata"]["uid"]:
                    self.pods.created(there)
                    return
            if error.status and not namespace_is_going(error):
                text = f"create {called} failed error: {error.message}"
                self.recorder.record(stateful_set, "Warning", "FailedCreate", text)
            raise
        self.pods.created(created)
        self.recorder.record(stateful_set, "Normal", "SuccessfulCreate", f"create {called} successful")

    async def _create_claims(self, stateful_set: Object, number: int, called: str) -> None:
        for body in claims_of(stateful_set, number):
            meta = body["metadata"]
            if (meta["namespace"], meta["name"]) in self.claims.items:
                continue
            try:
                await self.client.create(path("v1", "persistentvolumeclaims", meta["namespace"]), body)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
                continue
            text = f"create Claim {meta['name']} {called} success"
            self.recorder.record(stateful_set, "Normal", "SuccessfulCreate", text)

    async def _delete(self, stateful_set: Object, pod: Object) -> None:
        called = f"Pod {pod['metadata']['name']} in StatefulSet {stateful_set['metadata']['name']}"
        try:
            await remove(self.client, self.pods, pod)
        except ApiError as error:
            if error.status:
                text = f"delete {called} failed error: {error.message}"
                self.recorder.record(stateful_set, "Warning", "FailedDelete", text)
            raise
        self.recorder.record(stateful_set, "Normal", "SuccessfulDelete", f"delete {called} successful")


def numbered_pod(stateful_set: Object, number: int, revision: Object) -> Object:
    """The pod of an ordinal, by the template of a revision."""
    pod, meta = pod_from(with_template(stateful_set, revision)), stateful_set["metadata"]
    name = f"{meta['name']}-{number}"
    del pod["metadata"]["generateName"]
    marks = {POD_NAME: name, POD_INDEX: str(number), HASH: revision["metadata"]["name"]}
    pod["metadata"] |= {"name": name, "labels": {**(pod["metadata"].get("labels") or {}), **marks}}
    mounted = {
        body["metadata"]["name"].removesuffix(f"-{name}"): body for body in claims_of(stateful_set, number)
    }
    kept = [volume for volume in pod["spec"].get("volumes") or [] if volume["name"] not in mounted]
    claimed = [
        {"name": volume, "persistentVolumeClaim": {"claimName": body["metadata"]["name"]}}
        for volume, body in mounted.items()
    ]
    spec = {**pod["spec"], "hostname": name}
    if stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = stateful_set["spec"]["serviceName"]
    if claimed:
        spec["volumes"] = [*kept, *claimed]
    return {**pod, "spec": spec}


def claims_of(stateful_set: Object, number: int) -> list[Object]:
    """The claims that the pod of an ordinal mounts, one for each template."""
    meta, spec, made = stateful_set["metadata"], stateful_set["spec"], []
    for template in spec.get("volumeClaimTemplates") or []:
        given = template["metadata"]
        labels = {**(given.get("labels") or {}), **(spec["selector"].get("matchLabels") or {})}
        named = {"name": f"{given['name']}-{meta['name']}-{number}", "namespace": meta["namespace"]}
        annotations = {"annotations": given["annotations"]} if given.get("annotations") else {}
        head = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        made.append({**head, "metadata": named | {"labels": labels} | annotations, "spec": template["spec"]})
    return made
