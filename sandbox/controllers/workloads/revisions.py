"""Which ReplicaSet is a Deployment's current one, and the revision that both carry. Pure.

Upstream: pkg/controller/deployment/util/deployment_util.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
_NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
}


def template_hash(template: Object, collisions: int = 0) -> str:
    """The pod-template-hash label: ten safe characters that depend on the template and nothing else.

    Upstream hashes Go's printed form, so the values differ from a real cluster's; nothing may depend on them.
    """
    return objects.safe_hash(template, collisions)


def without_hash(template: Object) -> Object:
    """The template as the Deployment has it."""
    meta = template.get("metadata") or {}
    if HASH not in (meta.get("labels") or {}):
        return template
    labels = {key: value for key, value in meta["labels"].items() if key != HASH}
    return {**template, "metadata": {**meta, "labels": labels}}


def _comparable(template: Object) -> Object:
    def prune(value: object) -> object:
        if isinstance(value, dict):
            return {k: p for k, v in value.items() if (p := prune(v)) not in (None, {}, [])}
        return [prune(v) for v in value] if isinstance(value, list) else value

    pruned = prune(without_hash(template))
    return pruned if isinstance(pruned, dict) else {}


def same_template(one: Object, other: Object) -> bool:
    """Equal but for pod-template-hash and for the difference between empty and absent."""
    return _comparable(one) == _comparable(other)


def split(deployment: Object, sets: Iterable[Object]) -> tuple[Object | None, list[Object]]:
    """(the oldest set with the Deployment's template, all others from the oldest)."""
    ordered = sorted(sets, key=lambda s: (s["metadata"]["creationTimestamp"], s["metadata"]["name"]))
    template = deployment["spec"]["template"]
    new = next((s for s in ordered if same_template(s["spec"]["template"], template)), None)
    return new, [s for s in ordered if s is not new]


def revision(obj: Object) -> int:
    """Its revision number, 0 when it has none or one that is no number."""
    text = objects.annotations_of(obj).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def annotated(deployment: Object, current: Object | None, number: int, maximum: int) -> dict[str, str]:
    """The annotations that the new ReplicaSet should have.

    The Deployment's own (but for the bookkeeping), a revision that never goes down with the earlier ones in
    its history (what `kubectl rollout undo` shows as one entry again), and for a set that is to be created
    the sizes it starts from.
    """
    wanted = dict(objects.annotations_of(current)) if current else {}
    wanted |= {k: v for k, v in objects.annotations_of(deployment).items() if k not in _NOT_COPIED}
    before = revision(current) if current else 0
    if before < number:
        if before:
            wanted[HISTORY] = ",".join(filter(None, [wanted.get(HISTORY), str(before)]))
        wanted[REVISION] = str(number)
    if current is None:
        wanted |= {DESIRED: str(deployment["spec"]["replicas"]), MAXIMUM: str(maximum)}
    return wanted


def to_clean_up(old: Sequence[Object], limit: int | None) -> list[Object]:
    """Old sets beyond revisionHistoryLimit, oldest revision first; only those that are empty and settled."""
    alive = [s for s in old if not objects.deleting(s)]
    if limit is None or len(alive) <= limit:
        return []
    surplus = sorted(alive, key=revision)[: len(alive) - limit]
    return [s for s in surplus if _empty(s)]


def _empty(replica_set: Object) -> bool:
    status, meta = replica_set.get("status") or {}, replica_set["metadata"]
    settled = status.get("observedGeneration", 0) >= meta.get("generation", 0)
    return settled and not status.get("replicas") and not replica_set["spec"].get("replicas")
