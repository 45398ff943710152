"""Deployments: roll ReplicaSets, scale them, keep their revisions (upstream: pkg/controller/deployment)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.base.client import Key, Object, path
from sandbox.base.copying import copied
from sandbox.controllers.machinery import objects, pods
from sandbox.controllers.machinery.controller import Cluster, Controller
from sandbox.controllers.machinery.index import Owned, claim
from sandbox.controllers.workloads import deployment_status as report
from sandbox.controllers.workloads import revisions, rolling
from sandbox.controllers.workloads.deployment_sets import SetWriter, desired_of, sized


@dataclass
class Rollout:
    """A Deployment with its ReplicaSets: the current one if it exists, and the others, oldest first."""

    deployment: Object
    new: Object | None
    old: list[Object]

    @property
    def active(self) -> list[Object]:
        return [s for s in [*self.old, *([self.new] if self.new else [])] if s["spec"]["replicas"] > 0]

    def put(self, changed: Object) -> None:
        """Take over what the API answered for one of the sets."""
        name = changed["metadata"]["name"]
        if self.new is not None and self.new["metadata"]["name"] == name:
            self.new = changed
        else:
            self.old = [changed if s["metadata"]["name"] == name else s for s in self.old]


def scaled(rollout: Rollout) -> bool:
    """Whether somebody changed spec.replicas since the active sets were last given a size."""
    desired = rollout.deployment["spec"]["replicas"]
    return any(desired_of(s) not in (None, desired) for s in rollout.active)


def saturated(rollout: Rollout) -> bool:
    """The rollout is over but for old sets that still have replicas."""
    new, desired = rollout.new, rollout.deployment["spec"]["replicas"]
    if new is None or desired_of(new) != desired:
        return False
    return bool(new["spec"]["replicas"] == desired == (new.get("status") or {}).get("availableReplicas", 0))


class DeploymentController(Controller):
    """Watches Deployments, their ReplicaSets and (for Recreate) the end of their pods."""

    name = "deployment-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.deployments = cluster.informer("apps/v1", "deployments")
        self.sets = Owned(cluster.informer("apps/v1", "replicasets"))
        self.pods = Owned(cluster.informer("v1", "pods"))
        self.writer = SetWriter(self.client, self.recorder, self.sets)
        self.deployments.subscribe(self.enqueue)
        self.sets.informer.subscribe(self._set_changed)
        self.pods.informer.subscribe(self._pod_changed)

    def _set_changed(self, kind: str, new: Object, old: Object | None) -> None:
        del kind
        self.enqueue_owners("Deployment", self.deployments, new, old)

    def _pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        """Recreate waits for old pods to end, which no ReplicaSet's status shows."""
        del old
        owner = objects.controller_of(new)
        if owner is None or not (kind == "DELETED" or pods.finished(new)):
            return
        owning_set = self.sets.informer.items.get((new["metadata"]["namespace"], owner["name"]))
        if owning_set is not None:
            self._set_changed(kind, owning_set, None)

    async def reconcile(self, key: Key) -> float | None:
        """One step of whatever is under way: a rollout, scaling, a pause, or nothing; then the status."""
        stored = self.deployments.items.get(key)
        if stored is None:
            return None
        deployment = copied(stored)
        if deployment["spec"]["selector"] == {}:
            text = "This deployment is selecting all pods. A non-empty selector is required."
            self.recorder.record(deployment, "Warning", "SelectingAll", text)
            return None
        owned = await claim(self.client, deployment, "deployments", self.sets)
        rollout = Rollout(deployment, *revisions.split(deployment, owned))
        if objects.deleting(deployment):
            return await self._report(rollout, stored, rolling_out=False)
        if noted := report.pause_condition(deployment, datetime.now(UTC)):
            self._note(deployment, noted)
        if deployment["spec"].get("paused") or scaled(rollout):
            await self._sync_revision(rollout)
            await self._resize(rollout)
            if deployment["spec"].get("paused"):
                await self._clean_up(rollout)
            return await self._report(rollout, stored, rolling_out=False)
        kind = (deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate")
        moved = await (self._recreate(rollout) if kind == "Recreate" else self._roll(rollout))
        if not moved and report.complete(deployment, deployment.get("status") or {}):
            await self._clean_up(rollout)
        return await self._report(rollout, stored, rolling_out=True)

    async def _roll(self, rollout: Rollout) -> bool:
        """One step of a rolling update; whether anything was scaled."""
        await self._sync_revision(rollout, create=True)
        if rollout.new is None:
            return False
        plan = report.plan_of(rollout.deployment)
        sizes = rolling.scale_plan(sized(rollout.new), [sized(s) for s in rollout.old], plan)
        return await self._scale(rollout, sizes)

    async def _recreate(self, rollout: Rollout) -> bool:
        """One step of Recreate: all old pods end before the first new one starts."""
        await self._sync_revision(rollout)
        sizes = {s["metadata"]["name"]: 0 for s in rollout.old if s["spec"]["replicas"] > 0}
        if sizes:
            return await self._scale(rollout, sizes)
        if any(not pods.finished(pod) for each in rollout.old for pod in self.pods.of(each)):
            return True
        await self._sync_revision(rollout, create=True)
        desired = rollout.deployment["spec"]["replicas"]
        if rollout.new is None or rollout.new["spec"]["replicas"] == desired:
            return False
        return await self._scale(rollout, {rollout.new["metadata"]["name"]: desired})

    async def _resize(self, rollout: Rollout) -> None:
        """Scale without rolling: the one active set, old ones of a finished rollout, or all in proportion."""
        desired, plan = rollout.deployment["spec"]["replicas"], report.plan_of(rollout.deployment)
        active = rollout.active
        lone = active or [*rollout.old, *([rollout.new] if rollout.new else [])][-1:]
        if len(lone) == 1:
            sizes = {lone[0]["metadata"]["name"]: desired}
        elif saturated(rollout):
            sizes = {s["metadata"]["name"]: 0 for s in active if s is not rollout.new}
        elif (rollout.deployment["spec"].get("strategy") or {}).get("type") != "Recreate":
            current = (rollout.deployment.get("status") or {}).get("replicas", 0)
            sizes = rolling.proportional([sized(s) for s in active], plan, current)
        else:
            sizes = {}
        await self._scale(rollout, sizes)

    async def _sync_revision(self, rollout: Rollout, *, create: bool = False) -> None:
        """The current set exists (if ``create``), and it and the Deployment carry the newest revision."""
        deployment, plan = rollout.deployment, report.plan_of(rollout.deployment)
        number = max(map(revisions.revision, rollout.old), default=0) + 1
        if rollout.new is not None:
            rollout.new = await self.writer.annotate(
                deployment, rollout.new, number, plan.desired + plan.surge
            )
            if objects.condition(deployment, "Progressing") is None and report.has_deadline(deployment):
                text = f'Found new replica set "{rollout.new["metadata"]["name"]}"'
                now = datetime.now(UTC)
                self._note(deployment, report.condition("Progressing", "True", report.FOUND, text, now))
        elif create:
            total = sum(s["spec"]["replicas"] for s in rollout.old)
            size = rolling.new_size(0, total, plan)
            rollout.new = await self.writer.create(deployment, number, size, plan.desired + plan.surge)
            if rollout.new is None:
                return
            if report.has_deadline(deployment):
                text = f'Created new replica set "{rollout.new["metadata"]["name"]}"'
                now = datetime.now(UTC)
                self._note(deployment, report.condition("Progressing", "True", report.CREATED, text, now))
        if rollout.new is not None:
            revision = objects.annotations_of(rollout.new)[revisions.REVISION]
            marks = objects.annotations_of(deployment) | {revisions.REVISION: revision}
            deployment["metadata"]["annotations"] = marks  # written with the status, so that generation stays

    async def _scale(self, rollout: Rollout, sizes: dict[str, int]) -> bool:
        """Bring sets to these sizes (and their annotations up to date); whether any size changed."""
        plan, changed = report.plan_of(rollout.deployment), False
        for each in rollout.active + ([rollout.new] if rollout.new else []) + rollout.old:
            size = sizes.pop(each["metadata"]["name"], None)
            if size is not None:
                answer = await self.writer.scale(rollout.deployment, each, size, plan.desired + plan.surge)
                changed = changed or answer["spec"]["replicas"] != each["spec"]["replicas"]
                rollout.put(answer)
        return changed

    async def _clean_up(self, rollout: Rollout) -> None:
        limit = rollout.deployment["spec"].get("revisionHistoryLimit")
        for surplus in revisions.to_clean_up(rollout.old, limit):
            await self.writer.remove(surplus)

    @staticmethod
    def _note(deployment: Object, condition: objects.Condition) -> None:
        status = deployment.setdefault("status", {})
        status["conditions"] = objects.with_condition(status.get("conditions") or [], condition)

    async def _report(self, rollout: Rollout, stored: Object, *, rolling_out: bool) -> float | None:
        """Write the status if it changed; when to come back for the progress deadline if it did not."""
        deployment, current = rollout.deployment, datetime.now(UTC)
        status = report.counted(deployment, rollout.new, rollout.old, current)
        if rolling_out:
            status = report.rolled(deployment, status, rollout.new, current)
            status = report.with_failures(status, rollout.new, rollout.old)
        if status != stored.get("status") or deployment["metadata"] != stored["metadata"]:
            meta = deployment["metadata"]
            place = path("apps/v1", "deployments", meta["namespace"], meta["name"], "status")
            await self.client.replace(place, {**deployment, "status": status})
            return None
        left = report.deadline_in(deployment, current)
        if not rolling_out or left is None or report.complete(deployment, status) or left < 0:
            return None
        return left + 0.05
