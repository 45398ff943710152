"""How far a workload that was applied has come, told from JSON: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.cluster import diagnosis
from toolkit.cluster.fields import condition, mapping, name, number, objects, shown, text, uid
from toolkit.cluster.finding import Cause, Finding, fatal, waiting

Json = dict[str, Any]
AWAITED = ("Deployment", "Job")


@dataclass(frozen=True)
class Awaited:
    """A Deployment or Job as it was applied: the verdict is about this revision of this object, no other."""

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
            return [fatal(Cause.CREATION, me, "was deleted by somebody while it was rolled out")]
        if uid(live) != self.uid:
            return [
                fatal(Cause.CREATION, me, "was deleted and made anew by somebody while it was rolled out")
            ]
        if number(live, "metadata", "generation") < self.generation:
            return [waiting(Cause.STARTING, me, "the watch has not shown the new generation yet")]
        if self.kind == "Job":
            return diagnosis.of_job(live, pods, events)
        if mapping(live, "spec", "template") != self.template:
            return [fatal(Cause.CREATION, me, "was changed by somebody else while it was rolled out")]
        return diagnosis.of_deployment(live, replica_sets, pods, events)

    def done(self, live: Json | None, replica_sets: Iterable[Json], pods: Iterable[Json]) -> bool:
        """Whether it is complete, and its pods run the digests that they ask for."""
        if not self.runs(live, replica_sets, pods):
            return False
        seen = number(live, "metadata", "generation") >= self.generation
        return seen and (self.kind == "Job" or complete(live))

    def runs(self, live: Json | None, replica_sets: Iterable[Json], pods: Iterable[Json]) -> bool:
        """Whether as many pods of this revision as wanted are ready on the right images, or the Job done."""
        if live is None or uid(live) != self.uid:
            return False
        if self.kind == "Job":
            return condition(live, "Complete").get("status") == "True"
        if mapping(live, "spec", "template") != self.template:
            return False
        wanted = number(live, "spec", "replicas", default=1)
        newest = diagnosis.new_replica_set(live, replica_sets)
        if newest is None:
            return wanted == 0
        mine = diagnosis.ready_pods(diagnosis.pods_of(newest, pods))
        return len(mine) >= wanted and not any(wrong_images(pod) for pod in mine)

    def line(self, live: Json | None) -> str:
        """How far it is, for a person; "" when it was not seen yet."""
        if live is None:
            return ""
        if self.kind == "Job":
            succeeded, failed = (number(live, "status", word) for word in ("succeeded", "failed"))
            active = number(live, "status", "active")
            return f"{self.name}: {succeeded} succeeded, {failed} failed, {active} active"
        wanted = number(live, "spec", "replicas", default=1)
        if number(live, "status", "observedGeneration") < self.generation:
            return f"{self.name}: waits for the Deployment controller"
        updated = number(live, "status", "updatedReplicas")
        available = number(live, "status", "availableReplicas")
        old = number(live, "status", "replicas") - updated
        leaving = f", {old} old to go" if old > 0 else ""
        return f"{self.name}: {updated} of {wanted} updated, {min(available, wanted)} available{leaving}"


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
