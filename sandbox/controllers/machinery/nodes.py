"""Questions about nodes: are they ready, and does a pod's spec allow for one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects


def tolerated(taint: Object, tolerations: Iterable[Object]) -> bool:
    """Whether one of the tolerations covers the taint."""
    return any(
        t.get("effect") in (None, "", taint["effect"])
        and t.get("key") in (None, "", taint["key"])
        and (t.get("operator") == "Exists" or t.get("value", "") == taint.get("value", ""))
        for t in tolerations
    )


def _term_holds(term: Object, node: Object) -> bool:
    labels, numbers = objects.labels_of(node), {"Gt": 1, "Lt": -1}
    for rule in term.get("matchExpressions") or []:
        if rule["operator"] in numbers:
            sign, have = numbers[rule["operator"]], labels.get(rule["key"], "")
            if not have.lstrip("-").isdigit() or (int(have) - int(rule["values"][0])) * sign <= 0:
                return False
        elif not objects.selects({"matchExpressions": [rule]}, labels):
            return False
    fields = {"metadata.name": node["metadata"]["name"]}
    return all(
        objects.selects({"matchExpressions": [rule]}, fields) for rule in term.get("matchFields") or []
    )


def affine(pod: Object, node: Object) -> bool:
    """Whether the pod's nodeSelector and required node affinity pick the node."""
    wanted = pod["spec"].get("nodeSelector") or {}
    if not wanted.items() <= objects.labels_of(node).items():
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(_term_holds(term, node) for term in required["nodeSelectorTerms"])


def ready(node: Object) -> bool:
    """Whether its kubelet says that it can take pods."""
    found = objects.condition(node, "Ready")
    return found is not None and found["status"] == "True" and not objects.deleting(node)
