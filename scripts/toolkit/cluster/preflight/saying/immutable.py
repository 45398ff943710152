"""Fields that cannot change once an object is there: which would, and what to do, kind by kind. Pure."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.cluster.preflight.saying.refusals import FIXED
from toolkit.objects.fields import at, shown, text
from toolkit.objects.resources import is_a

Json = dict[str, Any]

_ALL = "*"
# The only ones that a StatefulSet lets change; the API server says no more than that.
_OF_A_SET = (
    *("replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy"),
    *("minReadySeconds", "revisionHistoryLimit"),
)

# Kind, how the field begins, and what to do: {name}, {namespace} and {kind} of the object.
_DELETE = "kubectl delete {kind} {name} -n {namespace}"
_ORPHAN = f"{_DELETE} --cascade=orphan, and deploy again: its pods go on meanwhile"
_ANEW = f"{_DELETE}, and deploy again: what it leads to is out of reach meanwhile"
REMEDIES: tuple[tuple[str, str, str], ...] = (
    ("StatefulSet", "spec", f"leave it as it is; or {_ORPHAN}"),
    (
        "Deployment",
        "spec.selector",
        "leave it as it is, or give the Deployment another name: the old one goes when the new one runs",
    ),
    ("DaemonSet", "spec.selector", f"leave it as it is; or {_ORPHAN}; then delete its old pods"),
    ("ReplicaSet", "spec.selector", "leave it as it is, or give the ReplicaSet another name"),
    (
        "PersistentVolumeClaim",
        "spec",
        "leave it as it is (only its size may grow), or give the claim another name and move the data",
    ),
    ("Service", "spec.clusterIP", f"leave it as it is, or give the Service another name; or {_ANEW}"),
    ("Service", "spec.ipFamilies", f"leave it as it is; or {_ANEW}"),
    (
        "RoleBinding",
        "roleRef",
        "give the RoleBinding another name: the old one is deleted after the deployment",
    ),
    ("Secret", "type", "leave it as it is, or give the Secret another name"),
    ("Secret", _ALL, "it is immutable: give the Secret another name, and those that use it the new one"),
    (
        "ConfigMap",
        _ALL,
        "it is immutable: give the ConfigMap another name, and those that use it the new one",
    ),
    ("Pod", _ALL, "give the Pod another name; or kubectl delete pod {name} -n {namespace}, and deploy again"),
)


def named(problem: Problem, obj: Json, live: Json) -> Problem:
    """The same problem with the fields by name and what to do about this kind; others as they are."""
    field, _, said = problem.sentence.partition(": ")
    if said != FIXED:
        return problem
    if is_a(obj, "StatefulSet") and field == "spec":
        changed = [
            f"spec.{key}"
            for key, value in obj.get("spec", {}).items()
            if key not in _OF_A_SET and not _is_within(value, at(live, "spec", key))
        ]
        field = ", ".join(changed) or field
    remedy = next(
        (row[2] for row in REMEDIES if is_a(obj, row[0]) and (row[1] == _ALL or field.startswith(row[1]))),
        problem.remedy,
    )
    filled = remedy.format(
        kind=text(obj, "kind").lower(),
        name=text(obj, "metadata", "name"),
        namespace=text(obj, "metadata", "namespace"),
    )
    return problem._replace(object=shown(obj), sentence=f"{field}: {FIXED}", remedy=filled)


def _is_within(wanted: Any, live: Any) -> bool:
    """Whether all that is wanted is there; what the API server filled in beside it is no difference."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return all(_is_within(value, live.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        return all(_is_within(one, other) for one, other in zip(wanted, live, strict=True))
    return bool(wanted == live)
