"""Questions about any Kubernetes object: labels, owners, times and conditions. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.base.client import Object

Condition = dict[str, Any]
_SAFE = "bcdfghjklmnpqrstvwxz2456789"  # upstream's rand.SafeEncodeString: no vowels, so no words


def now() -> datetime:
    """The wall clock in UTC, cut to the second: what the API's timestamps can hold."""
    return datetime.now(UTC).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with a Z, as the API writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro() -> str:
    """This moment as metav1.MicroTime."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The time behind an API timestamp, with or without a fraction."""
    return datetime.fromisoformat(text)


def seconds_since(text: str, current: datetime) -> float:
    """How long ago an API timestamp was, negative when it is in the future."""
    return (current - moment(text)).total_seconds()


def labels_of(obj: Object) -> dict[str, str]:
    """metadata.labels, never None."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    """metadata.annotations, never None."""
    return obj["metadata"].get("annotations") or {}


def safe_hash(value: object, collisions: int = 0) -> str:
    """Ten characters for names and labels that depend on a JSON value and nothing else."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":")) + (f"#{collisions}" if collisions else "")
    return "".join(_SAFE[byte % len(_SAFE)] for byte in hashlib.sha256(text.encode()).digest()[:10])


def selects(selector: Object | None, wanted: dict[str, str]) -> bool:
    """Whether a LabelSelector picks these labels; None picks nothing, {} everything."""
    if selector is None:
        return False
    if any(wanted.get(name) != value for name, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(rule, wanted) for rule in selector.get("matchExpressions") or [])


def _holds(rule: Object, wanted: dict[str, str]) -> bool:
    name, values = rule["key"], rule.get("values") or []
    answers = {
        "In": name in wanted and wanted[name] in values,
        "NotIn": wanted.get(name) not in values,
        "Exists": name in wanted,
        "DoesNotExist": name not in wanted,
    }
    return answers.get(rule["operator"], False)


def deleting(obj: Object) -> bool:
    """Whether somebody asked for its deletion."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def owners(obj: Object) -> list[Object]:
    """metadata.ownerReferences, never None."""
    return obj["metadata"].get("ownerReferences") or []


def controller_of(obj: Object) -> Object | None:
    """The one owner reference that says controller: true."""
    return next((owner for owner in owners(obj) if owner.get("controller")), None)


def owner_reference(owner: Object) -> Object:
    """The reference by which ``owner`` controls what it creates."""
    meta = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj: Object, kind: str) -> Condition | None:
    """The status condition of that type, if there is one."""
    return next((c for c in (obj.get("status") or {}).get("conditions") or [] if c["type"] == kind), None)


def with_condition(conditions: Iterable[Condition], new: Condition) -> list[Condition]:
    """The conditions with ``new`` in the place of its predecessor, which stays when status and reason are the
    same.

    As upstream's SetDeploymentCondition: lastTransitionTime is kept while the status does not change.
    """
    rest = [c for c in conditions if c["type"] != new["type"]]
    old = next((c for c in conditions if c["type"] == new["type"]), None)
    if old and (old["status"], old.get("reason")) == (new["status"], new.get("reason")):
        return list(conditions)
    if old and old["status"] == new["status"]:
        new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
    return [*rest, new]


def without_condition(conditions: Iterable[Condition], kind: str) -> list[Condition]:
    """The conditions but for that type."""
    return [c for c in conditions if c["type"] != kind]
