"""ReplicaSets: as many pods as they ask for, no more (upstream: pkg/controller/replicaset)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from sandbox.base.client import ApiError, Key, Object
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.machinery.controller import Cluster, Controller, namespace_is_going
from sandbox.controllers.machinery.index import Owned, claim
from sandbox.controllers.machinery.podcontrol import PodControl, pod_from


class ReplicaSetController(Controller):
    """Creates and deletes pods, adopts and releases them, reports in the status."""

    name = "replicaset-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.sets = cluster.informer("apps/v1", "replicasets")
        self.pods = Owned(cluster.informer("v1", "pods"))
        self.control = PodControl(self.client, self.recorder, self.pods)
        self.sets.subscribe(self.enqueue)
        self.pods.informer.subscribe(self._pod_changed)

    def _pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind
        self.enqueue_owners("ReplicaSet", self.sets, new, old)

    async def reconcile(self, key: Key) -> float | None:
        """One step: claim, create or delete, report. A refusal is reported, then retried with back-off."""
        replica_set = self.sets.items.get(key)
        if replica_set is None:
            return None
        await self.control.pods_of(replica_set)
        claimed = await claim(self.client, replica_set, "replicasets", self.pods)
        running = [pod for pod in claimed if pods.active(pod)]
        failure: ApiError | None = None
        surplus = len(running) - replica_set["spec"].get("replicas", 1)
        if not objects.deleting(replica_set):
            if surplus < 0:
                created, failure = await self.control.create(replica_set, pod_from(replica_set), -surplus)
                running += created
            elif surplus > 0:
                crowd = Counter(pod["spec"].get("nodeName", "") for pod in running)
                victims = pods.deletion_order(running, crowd)[:surplus]
                deleted, failure = await self.control.delete(replica_set, victims)
                gone = {pod["metadata"]["uid"] for pod in deleted}
                running = [pod for pod in running if pod["metadata"]["uid"] not in gone]
        current = datetime.now(UTC)
        status = status_of(replica_set, running, current, failure, surplus)
        await self.write_status("replicasets", replica_set, status)
        if failure is not None and not namespace_is_going(failure):
            raise failure
        return pods.next_look(replica_set, running, current)


def status_of(
    replica_set: Object, running: list[Object], current: datetime, failure: ApiError | None, surplus: int
) -> Object:
    """The status for these active pods; zero counts are left out but for ``replicas``, as the API does.

    The first refusal stays in ReplicaFailure until a step goes through; its reason is FailedCreate or
    FailedDelete.
    """
    spec, old = replica_set["spec"], replica_set.get("status") or {}
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    waits = [pods.available_in(pod, spec.get("minReadySeconds") or 0, current) for pod in running]
    conditions = list(old.get("conditions") or [])
    if failure is None:
        conditions = objects.without_condition(conditions, "ReplicaFailure")
    elif failure.status != 0 and objects.condition(replica_set, "ReplicaFailure") is None:
        refused = {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate" if surplus < 0 else "FailedDelete",
            "message": failure.message,
            "lastTransitionTime": objects.stamp(current),
        }
        conditions.append(refused)
    counts = {
        "fullyLabeledReplicas": sum(labels.items() <= objects.labels_of(pod).items() for pod in running),
        "readyReplicas": sum(pods.ready(pod) for pod in running),
        "availableReplicas": sum(wait == 0 for wait in waits),
        "observedGeneration": replica_set["metadata"].get("generation", 0),
    }
    status = {"replicas": len(running)} | {name: count for name, count in counts.items() if count}
    return status | ({"conditions": conditions} if conditions else {})
