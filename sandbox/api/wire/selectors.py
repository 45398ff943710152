"""Label and field selectors: text in, predicate out. Pure.

Grammar: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ and .../field-selectors/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.api.wire.status import bad_request

Labels = Mapping[str, str]
Predicate = Callable[[Mapping[str, Any]], bool]

_KEY = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"^({_KEY})\s+(in|notin)\s*\(([^()]*)\)$")
_EQUAL = re.compile(rf"^({_KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)$")
_COMPARE = re.compile(rf"^({_KEY})\s*([<>])\s*(-?[0-9]+)$")
_EXISTS = re.compile(rf"^(!?)\s*({_KEY})$")
_VALUE = re.compile(r"^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")


def _split(text: str) -> list[str]:
    """Terms between the commas that are not inside parentheses."""
    terms = re.split(r",(?![^(]*\))", text)
    return [term.strip() for term in terms]


def _label_term(term: str) -> Callable[[Labels], bool]:
    if found := _SET.match(term):
        key, operator, values = found[1], found[2], {value.strip() for value in found[3].split(",")}
        if all(_VALUE.match(value) for value in values):
            if operator == "in":
                return lambda labels: labels.get(key) in values if key in labels else False
            return lambda labels: key not in labels or labels[key] not in values
    elif found := _EQUAL.match(term):
        key, operator, value = found[1], found[2], found[3]
        if _VALUE.match(value):
            if operator == "!=":
                return lambda labels: labels.get(key) != value
            return lambda labels: labels.get(key) == value
    elif found := _COMPARE.match(term):
        key, operator, bound = found[1], found[2], int(found[3])
        return lambda labels: _compare(labels.get(key), operator, bound)
    elif found := _EXISTS.match(term):
        wanted, key = not found[1], found[2]
        return lambda labels: (key in labels) is wanted
    raise bad_request(f'unable to parse requirement: invalid label selector term "{term}"')


def _compare(value: str | None, operator: str, bound: int) -> bool:
    try:
        number = int(value or "")
    except ValueError:
        return False
    return number < bound if operator == "<" else number > bound


def label_selector(text: str) -> Predicate | None:
    """A predicate for "app=a,tier in (x,y),!gone"; None when everything matches. 400 when unparsable."""
    if not text.strip():
        return None
    terms = [_label_term(term) for term in _split(text)]

    def matches(obj: Mapping[str, Any]) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(term(labels) for term in terms)

    return matches


def matches_labels(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether a LabelSelector (matchLabels, matchExpressions) selects `labels`; None selects nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for expression in selector.get("matchExpressions") or ():
        key, values = expression["key"], expression.get("values") or ()
        held = {
            "In": key in labels and labels.get(key) in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not held.get(expression["operator"], False):
            return False
    return True


# What the real server can select on: each kind's "field label conversion" in pkg/apis/*/v1/conversion.go.
_METADATA = ("metadata.name", "metadata.namespace")
_FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "Event": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "Secret": ("type",),
    "ReplicaSet": ("status.replicas",),
    "ReplicationController": ("status.replicas",),
    "Job": ("status.successful",),
    "Service": ("spec.clusterIP", "spec.type"),
}
_BOOLEAN_OR_NUMBER = {
    "spec.hostNetwork": "false",
    "spec.unschedulable": "false",
    "status.replicas": "0",
    "status.succeeded": "0",
}


def _field(obj: Mapping[str, Any], path: str) -> str:
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    if path == "status.successful":
        path = "status.succeeded"
    if path == "status.podIPs":
        return ",".join(ip["ip"] for ip in (obj.get("status") or {}).get("podIPs") or ())
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        return _BOOLEAN_OR_NUMBER.get(path, "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def field_selector(text: str, kind: str) -> Predicate | None:
    """A predicate for "status.phase!=Failed"; None when everything matches. 400 when not supported."""
    if not text.strip():
        return None
    known = _METADATA + _FIELDS.get(kind, ())
    terms: list[tuple[str, bool, str]] = []
    for term in text.split(","):
        found = re.match(r"^\s*([\w.]+)\s*(==|=|!=)(.*)$", term)
        if not found:
            raise bad_request(f'invalid field selector "{term}": can\'t understand it')
        if found[1] not in known:
            raise bad_request(f"field label not supported: {found[1]}")
        terms.append((found[1], found[2] != "!=", found[3].strip()))
    return lambda obj: all((_field(obj, path) == value) is wanted for path, wanted, value in terms)


def selector(labels: str, fields: str, kind: str) -> Predicate | None:
    """Both selectors as one predicate on objects; None when there is nothing to select by."""
    chosen = [one for one in (label_selector(labels), field_selector(fields, kind)) if one]
    if len(chosen) < 2:
        return chosen[0] if chosen else None
    first, second = chosen
    return lambda obj: first(obj) and second(obj)
