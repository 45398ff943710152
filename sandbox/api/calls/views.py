"""Kinds that are served in two versions and kept in one: what goes in and out by the other. Pure.

Source: pkg/apis/autoscaling/v1/conversion.go. What version 1 has no field for stands in an annotation there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.base.copying import copied
from sandbox.base.kinds import KindInfo, the_kind

Object = dict[str, Any]
_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_CPU = "targetCPUUtilizationPercentage"


_USUAL: Object = {  # what version 1 meant by no metric at all
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


@dataclass(frozen=True)
class View:
    """`served` is how a client sees a kind that is kept as `stored`."""

    served: KindInfo
    stored: KindInfo
    into: Callable[[Object], Object]
    out_of: Callable[[Object], Object]

    def inward(self, body: Any) -> Any:
        """A client's object as it is kept; what is none is left for decoding to refuse."""
        if (
            not isinstance(body, dict)
            or body.get("apiVersion", self.served.api_version) != self.served.api_version
        ):
            return body
        return {**self.into(body), "apiVersion": self.stored.api_version}

    def outward(self, body: Any) -> Any:
        """A kept object, or a list or watch event of them, as the client sees it."""
        if not isinstance(body, dict):
            return body
        if isinstance(body.get("items"), list) and body.get("kind") == f"{self.stored.kind}List":
            items = [self.outward(item) for item in body["items"]]
            return {**body, "apiVersion": self.served.api_version, "items": items}
        if isinstance(body.get("object"), dict) and "type" in body:
            return {**body, "object": self.outward(body["object"])}
        if body.get("apiVersion") != self.stored.api_version:
            return body
        return {**self.out_of(body), "apiVersion": self.served.api_version}

    def changing(self, change: Callable[[Object], Any]) -> Callable[[Object], Any]:
        """What a patch of the object as the client sees it does to the one that is kept."""
        return lambda obj: self.inward(change(self.outward(obj)))


def _scaler_in(obj: Object) -> Object:
    made = copied(obj)
    spec, metadata = made.get("spec"), made.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    metrics: list[Any] = []
    if isinstance(annotations, dict) and _METRICS in annotations:
        try:
            others = json.loads(annotations.pop(_METRICS))
        except (TypeError, ValueError):
            others = []
        metrics += others if isinstance(others, list) else []
    if isinstance(spec, dict) and spec.get(_CPU) is not None:
        target = {"type": "Utilization", "averageUtilization": spec.pop(_CPU)}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if isinstance(spec, dict):
        spec["metrics"] = metrics or [_USUAL]
    return made


def _scaler_out(obj: Object) -> Object:
    made = copied(obj)
    spec = made.get("spec") or {}
    others = []
    for metric in spec.pop("metrics", None) or ():
        resource = metric.get("resource") or {}
        percentage = (resource.get("target") or {}).get("averageUtilization")
        if resource.get("name") == "cpu" and percentage is not None and _CPU not in spec:
            spec[_CPU] = percentage
        else:
            others.append(metric)
    if others:
        annotations = made["metadata"].setdefault("annotations", {})
        annotations[_METRICS] = json.dumps(others, separators=(",", ":"))
    return made


_VIEWS = (
    View(
        the_kind("autoscaling/v1", "HorizontalPodAutoscaler"),
        the_kind("autoscaling/v2", "HorizontalPodAutoscaler"),
        _scaler_in,
        _scaler_out,
    ),
)


def view_of(info: KindInfo) -> View | None:
    """The view behind a served kind, None for one that is kept as it is served."""
    return next((view for view in _VIEWS if view.served == info), None)
