"""How far a workload that was applied has come, told from JSON: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from toolkit.cluster.diagnosis import diagnosis, rolling, workloads
from toolkit.cluster.diagnosis.finding import Cause, Finding, fatal, waiting
from toolkit.objects.fields import condition, mapping, name, number, objects, shown, text, uid

Json = dict[str, Any]
Events = Mapping[str, list[Json]]


class Rules(NamedTuple):
    """How the newest pods of one kind of workload are told, how many there are to be, and when it is done.

    newest gives None while they cannot be told yet; complete asks the workload's own status.
    """

    findings: Callable[[Json, list[Json], list[Json], Events], list[Finding]]
    newest: Callable[[Json, list[Json], list[Json]], list[Json] | None]
    wanted: Callable[[Json], int]
    complete: Callable[[Json], bool]
    line: Callable[[Json], str]


@dataclass(frozen=True)
class Awaited:
    """A workload or Job as it was applied: the verdict is about this revision of this object, no other."""

    kind: str
    name: str
    uid: str
    generation: int
    template: Json = field(repr=False)

    @classmethod
    def of(cls, applied: Json) -> Awaited:
        """From the API server's answer to the apply."""
        return cls(
            text(applied, "kind"),
            name(applied),
            uid(applied),
            number(applied, "metadata", "generation"),
            mapping(applied, "spec", "template"),
        )

    def findings(
        self,
        live: Json | None,
        replica_sets: Iterable[Json],
        pods: Iterable[Json],
        events: Mapping[str, list[Json]],
    ) -> list[Finding]:
        """What is wrong with it now; a change by somebody else is fatal to this verdict."""
        me = f"{self.kind}/{self.name}"
        if live is None:
            return self.gone(None, events)
        if uid(live) != self.uid:
            sentence = "was deleted and made anew by somebody while it was rolled out"
            return [fatal(Cause.TAKEN_AWAY, me, sentence)]
        if mapping(live, "metadata").get("deletionTimestamp") and not self._rules.complete(live):
            return self.gone(live, events)
        if number(live, "metadata", "generation") < self.generation:
            return [waiting(Cause.STARTING, me, "the watch has not shown the new generation yet")]
        if self.kind != "Job" and not rolling.is_ours(live, self.template):
            return [rolling.superseded({**live, "kind": self.kind})]
        return self._rules.findings(live, list(replica_sets), list(pods), events)

    def gone(
        self, last: Json | None, events: Events, namespace: Callable[[], Json | None] = dict
    ) -> list[Finding]:
        """What became of it, that is gone or going; [] when it had done its work (see rolling.gone)."""
        known = last or {"metadata": {"name": self.name}}
        found = rolling.gone({**known, "kind": self.kind}, events.get(self.uid, []), namespace)
        return [found] if found else []

    def done(self, live: Json | None, replica_sets: Iterable[Json], pods: Iterable[Json]) -> bool:
        """Whether it is complete, and its pods run the digests that they ask for."""
        if live is None or not self.runs(live, replica_sets, pods):
            return False
        seen = number(live, "metadata", "generation") >= self.generation
        return seen and self._rules.complete(live)

    def runs(self, live: Json | None, replica_sets: Iterable[Json], pods: Iterable[Json]) -> bool:
        """Whether as many pods of this revision as wanted are ready on the right images, or the Job done."""
        if live is None or uid(live) != self.uid:
            return False
        if self.kind == "Job":
            return self._rules.complete(live)
        if not rolling.is_ours(live, self.template):
            return False
        wanted = self._rules.wanted(live)
        newest = self._rules.newest(live, list(replica_sets), list(pods))
        if newest is None:
            return wanted == 0
        mine = diagnosis.ready_pods(newest)
        return len(mine) >= wanted and not any(wrong_images(pod) for pod in mine)

    def line(self, live: Json | None) -> str:
        """How far it is, for a person; "" when it was not seen yet."""
        if live is None:
            return ""
        if self.kind != "Job" and number(live, "status", "observedGeneration") < self.generation:
            return f"{self.name}: waits for the {self.kind} controller"
        return f"{self.name}: {self._rules.line(live)}"

    @property
    def _rules(self) -> Rules:
        return RULES[self.kind]


def complete(deployment: Any) -> bool:
    """Whether a Deployment's status says that its newest revision is all there is, and available.

    The rule of `kubectl rollout status` (kubectl/pkg/polymorphichelpers/rollout_status.go).
    """
    status = mapping(deployment, "status")
    wanted = number(deployment, "spec", "replicas", default=1)
    updated = number(status, "updatedReplicas")
    return (
        number(status, "observedGeneration") >= number(deployment, "metadata", "generation")
        and updated >= wanted
        and number(status, "replicas") <= updated
        and number(status, "availableReplicas") >= updated
    )


def _newest_of_deployment(live: Json, sets: list[Json], pods: list[Json]) -> list[Json] | None:
    newest = diagnosis.new_replica_set(live, sets)
    return None if newest is None else diagnosis.pods_of(newest, pods)


def _deployment_line(live: Json) -> str:
    wanted = number(live, "spec", "replicas", default=1)
    updated = number(live, "status", "updatedReplicas")
    available = number(live, "status", "availableReplicas")
    old = number(live, "status", "replicas") - updated
    leaving = f", {old} old to go" if old > 0 else ""
    return f"{updated} of {wanted} updated, {min(available, wanted)} available{leaving}"


def _job_line(live: Json) -> str:
    succeeded, failed = (number(live, "status", word) for word in ("succeeded", "failed"))
    return f"{succeeded} succeeded, {failed} failed, {number(live, 'status', 'active')} active"


RULES = {
    "Deployment": Rules(
        findings=diagnosis.of_deployment,
        newest=_newest_of_deployment,
        wanted=lambda live: number(live, "spec", "replicas", default=1),
        complete=complete,
        line=_deployment_line,
    ),
    "StatefulSet": Rules(
        findings=lambda live, _sets, pods, events: workloads.of_stateful_set(live, pods, events),
        newest=lambda live, _sets, pods: workloads.stateful_set_pods(live, pods),
        wanted=workloads.stateful_set_wanted,
        complete=workloads.stateful_set_complete,
        line=workloads.stateful_set_line,
    ),
    "DaemonSet": Rules(
        findings=lambda live, _sets, pods, events: workloads.of_daemon_set(live, pods, events),
        newest=lambda live, _sets, pods: workloads.daemon_set_pods(live, pods),
        wanted=workloads.daemon_set_wanted,
        complete=workloads.daemon_set_complete,
        line=workloads.daemon_set_line,
    ),
    "Job": Rules(
        findings=lambda live, _sets, pods, events: diagnosis.of_job(live, pods, events),
        newest=lambda live, _sets, pods: diagnosis.pods_of(live, pods),
        wanted=lambda live: number(live, "spec", "completions", default=1),
        complete=lambda live: condition(live, "Complete").get("status") == "True",
        line=_job_line,
    ),
}
# The other kinds: kinds/table.py.
AWAITED = tuple(RULES)


def stands(obj: Json) -> bool:
    """Whether a workload's or Job's own status, as in the answer to its apply, says that it is complete."""
    rules = RULES.get(text(obj, "kind"))
    return rules is not None and rules.complete(obj)


def wrong_images(pod: Any) -> list[str]:
    """A sentence per container whose running image is not the digest that the pod asks for."""
    running = diagnosis.image_ids(pod)
    wrong = []
    for container in objects(pod, "spec", "containers"):
        wanted = digest_of(text(container, "image"))
        image_id = running.get(text(container, "name"), "")
        # A runtime that reports the image's configuration, not its manifest, gives no name before it.
        if wanted and "@" in image_id and digest_of(image_id) != wanted:
            wrong.append(f"{shown(pod)} container {text(container, 'name')} runs {image_id}, not {wanted}")
    return wrong


def digest_of(reference: str) -> str:
    """sha256:... of an image reference or imageID; "" when it has none."""
    _, at, digest = reference.rpartition("@")
    return digest if at and digest.startswith("sha256:") else ""


def about(finding: Finding) -> str:
    """A finding as one clause: Pod/x, container api: sentence."""
    where = f"{finding.object}, container {finding.container}" if finding.container else finding.object
    return f"{where}: {finding.sentence}"
