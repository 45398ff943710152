"""DaemonSets: a pod on each node that they pick (upstream: pkg/controller/daemon)."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.base.client import ApiError, Key, Object
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.machinery.controller import Cluster, Controller, namespace_is_going
from sandbox.controllers.machinery.index import Owned, claim
from sandbox.controllers.machinery.podcontrol import PodControl, pod_from
from sandbox.controllers.revisioned import daemon_plan as plan
from sandbox.controllers.revisioned.history import HASH, PLURAL, History

# The API server counts a DaemonSet's templates; the pods carry the number (DeprecatedTemplateGeneration and
# DaemonSetTemplateGenerationKey).
TEMPLATE_NOTE = "deprecated.daemonset.template.generation"
TEMPLATE_LABEL = "pod-template-generation"


class DaemonSetController(Controller):
    """Creates pods for nodes, replaces old ones, reports in the status."""

    name = "daemonset-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.sets = cluster.informer("apps/v1", "daemonsets")
        self.nodes = cluster.informer("v1", "nodes")
        self.pods = Owned(cluster.informer("v1", "pods"))
        self.control = PodControl(self.client, self.recorder, self.pods)
        self.history = History(self.client, cluster.informer("apps/v1", PLURAL), "daemonsets", HASH)
        self.sets.subscribe(self.enqueue)
        self.nodes.subscribe(self._node_changed)
        self.pods.informer.subscribe(self._pod_changed)

    def _node_changed(self, kind: str, new: Object, old: Object | None) -> None:
        """A heartbeat is no news; labels and taints are."""
        same = old is not None and old.get("spec") == new.get("spec")
        if kind == "MODIFIED" and same and objects.labels_of(old or new) == objects.labels_of(new):
            return
        for key in self.sets.items:
            self.queue.add(key)

    def _pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind
        self.enqueue_owners("DaemonSet", self.sets, new, old)

    async def reconcile(self, key: Key) -> float | None:
        """One step, then the status; a refusal is reported, then retried with back-off."""
        daemon_set = self.sets.items.get(key)
        if daemon_set is None:
            return None
        known = {name: node for (_, name), node in self.nodes.items.items()}
        update, revisions = await self.history.sync(daemon_set)
        hashed = objects.labels_of(update)[HASH]
        await self.control.pods_of(daemon_set)
        children = await claim(self.client, daemon_set, "daemonsets", self.pods)
        failure: ApiError | None = None
        if not objects.deleting(daemon_set):
            step = plan.next_step(daemon_set, known, children, hashed, datetime.now(UTC))
            self._tell_of_ended(daemon_set, step.delete)
            _, failure = await self.control.delete(daemon_set, step.delete)
            for node in step.create:
                if failure is None:
                    _, failure = await self.control.create(daemon_set, daemon(daemon_set, node, hashed), 1)
        children, current = self.pods.of(daemon_set), datetime.now(UTC)
        status = plan.status_of(daemon_set, known, children, hashed, current)
        old = daemon_set.get("status") or {}
        status |= {key: old[key] for key in ("collisionCount", "conditions") if key in old}
        await self.write_status("daemonsets", daemon_set, status)
        if failure is not None and not namespace_is_going(failure):
            raise failure
        used = {objects.labels_of(pod).get(HASH, "") for pod in children} | {hashed}
        live = {one["metadata"]["name"] for one in revisions if objects.labels_of(one)[HASH] in used}
        await self.history.truncate(daemon_set, revisions, live)
        return pods.next_look(daemon_set, children, current)

    def _tell_of_ended(self, daemon_set: Object, going: list[Object]) -> None:
        for pod in going:
            if pods.finished(pod):
                failed = pods.phase(pod) == "Failed"
                kind, word = ("Warning", "Failed") if failed else ("Normal", "Succeeded")
                meta = pod["metadata"]
                found = f"Found {word.lower()} daemon pod {meta['namespace']}/{meta['name']}"
                text = f"{found} on node {plan.node_of(pod)}, will try to kill it"
                self.recorder.record(daemon_set, kind, f"{word}DaemonPod", text)


def daemon(daemon_set: Object, node: str, hashed: str) -> Object:
    """The pod for a node."""
    pod = pod_from(daemon_set)
    templates = (daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_NOTE)
    counted = {TEMPLATE_LABEL: templates} if templates else {}
    pod["metadata"]["labels"] = {**(pod["metadata"].get("labels") or {}), HASH: hashed, **counted}
    return {**pod, "spec": plan.pinned(pod["spec"], node)}
