"""LimitRanges: the resources that a pod gets when it names none, and those that it may not exceed. Pure.

Rules and wording: plugin/pkg/admission/limitranger of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox.base.quantity import parse, show

Object = dict[str, Any]
Amounts = Mapping[str, str]
_SIDES = (("limits", "default"), ("requests", "defaultRequest"))


def _items(limit_ranges: Iterable[Object], kind: str) -> Iterator[Object]:
    for limit_range in limit_ranges:
        for item in (limit_range.get("spec") or {}).get("limits") or ():
            if item.get("type") == kind:
                yield item


def _containers(pod: Object) -> list[Object]:
    return [*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ())]


def fill_in(pod: Object, limit_ranges: Iterable[Object]) -> None:
    """Gives every container the defaults for what it does not say, in place."""
    for item in _items(limit_ranges, "Container"):
        for container in _containers(pod):
            for side, source in _SIDES:
                defaults = item.get(source) or {}
                if defaults:
                    resources = container.setdefault("resources", {})
                    resources[side] = {**defaults, **(resources.get(side) or {})}


def violations(obj: Object, limit_ranges: list[Object]) -> list[str]:
    """What is too much or too little about a Pod or a PersistentVolumeClaim."""
    found: list[str] = []
    if obj["kind"] == "PersistentVolumeClaim":
        requests = (obj["spec"].get("resources") or {}).get("requests") or {}
        for item in _items(limit_ranges, "PersistentVolumeClaim"):
            found += _check(item, requests, requests)
        return found
    resources = [container.get("resources") or {} for container in _containers(obj)]
    for item in _items(limit_ranges, "Container"):
        for one in resources:
            found += _check(item, one.get("requests") or {}, one.get("limits") or {})
    running = [container.get("resources") or {} for container in obj["spec"].get("containers") or ()]
    for item in _items(limit_ranges, "Pod"):
        requests, limits = (_sum(one.get(side) or {} for one in running) for side in ("requests", "limits"))
        found += _check(item, requests, limits)
    return found


def _sum(amounts: Iterable[Amounts]) -> dict[str, str]:
    total: dict[str, str] = {}
    for one in amounts:
        for name, value in one.items():
            total[name] = show(parse(total.get(name, "0")) + parse(value), like=value)
    return total


def _check(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    kind = item["type"]
    for name, bound in (item.get("min") or {}).items():
        start = f"minimum {name} usage per {kind} is {bound}"
        if name not in requests:
            yield f"{start}.  No request is specified"
        elif parse(requests[name]) < parse(bound):
            yield f"{start}, but request is {requests[name]}"
        elif name in limits and parse(limits[name]) < parse(bound):
            yield f"{start}, but limit is {limits[name]}"
    for name, bound in (item.get("max") or {}).items():
        start = f"maximum {name} usage per {kind} is {bound}"
        if name not in limits:
            yield f"{start}.  No limit is specified"
        elif parse(limits[name]) > parse(bound):
            yield f"{start}, but limit is {limits[name]}"
        elif name in requests and parse(requests[name]) > parse(bound):
            yield f"{start}, but request is {requests[name]}"
    for name, bound in (item.get("maxLimitRequestRatio") or {}).items():
        start = f"{name} max limit to request ratio per {kind} is {bound}"
        if name not in requests or name not in limits or not parse(requests[name]):
            yield f"{start}, but no request is specified or request is 0"
        elif (ratio := parse(limits[name]) / parse(requests[name])) > parse(bound):
            yield f"{start}, but provided ratio is {float(ratio):f}"
