"""HorizontalPodAutoscalers and PodDisruptionBudgets: what their controllers say of them.

Where nobody looks at them (no autoscaler runs) they hold nothing up, and are listed as not judged.
"""

from __future__ import annotations

from typing import Any

from toolkit.cluster.diagnosis.container_diagnosis import short
from toolkit.cluster.diagnosis.finding import Cause, suspicious, waiting
from toolkit.cluster.diagnosis.kinds.routes import chosen, makers
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, View, good, pending, unjudged
from toolkit.objects.fields import at, condition, mapping, number, objects, text
from toolkit.objects.resources import title

# The autoscaler looks at a new object after its period of 15 s (kube-controller-manager:
# --horizontal-pod-autoscaler-sync-period); the disruption controller at once.
AUTOSCALER_SECONDS = 20.0
BUDGET_SECONDS = 5.0
# Never a matter of time (kubernetes: pkg/controller/podautoscaler/horizontal.go).
_INVALID = frozenset({"InvalidMetricSourceType", "InvalidSelector", "AmbiguousSelector", "InvalidSpec"})
_NO_REQUEST = "missing request for"


def autoscaler(applied: Applied, live: Json, around: Around) -> View:
    """Target and metrics, by the conditions AbleToScale and ScalingActive."""
    able, active = condition(live, "AbleToScale"), condition(live, "ScalingActive")
    target = mapping(live, "spec", "scaleTargetRef")
    goal = (title(text(target, "apiVersion"), text(target, "kind")), text(target, "name"))
    shown = "/".join(goal)
    if not around.named(*goal) and around.elsewhere(*goal) is False:
        sentence = f"its target {shown} is not there"
        return pending("no target", suspicious(Cause.AUTOSCALER, applied.shown, sentence))
    if not able and not active:
        looked = waiting(
            Cause.STARTING, applied.shown, "no autoscaler has looked at it yet", settles=AUTOSCALER_SECONDS
        )
        return unjudged("no autoscaler has looked at it", looked)
    said = short(text(able, "message"))
    if able.get("status") == "False" and text(able, "reason") == "FailedGetScale":
        return pending(
            "cannot scale",
            suspicious(Cause.AUTOSCALER, applied.shown, f"its target {shown} cannot be scaled: {said}"),
        )
    said, reason = short(text(active, "message")), text(active, "reason")
    if active.get("status") != "False":
        return good(f"scales {shown}")
    if reason == "ScalingDisabled":
        return good(f"{shown} has no replicas: nothing to scale")
    if reason in _INVALID or _NO_REQUEST in said:
        sentence = f"its metric cannot be computed ({reason}): {said}"
        return pending("cannot compute", suspicious(Cause.AUTOSCALER, applied.shown, sentence))
    # Metrics of new pods need a minute, and where none are served that is the cluster's affair.
    without = waiting(Cause.AUTOSCALER, applied.shown, f"has no metric yet ({reason}): {said}")
    return unjudged(f"has no metric to scale {shown} by ({reason})", without)


def budget(applied: Applied, live: Json, around: Around) -> View:
    """It protects pods, and lets one of them go some day. Nothing of that fails a release: it is told."""
    selector = mapping(live, "spec", "selector", "matchLabels")
    expressions = objects(live, "spec", "selector", "matchExpressions")
    if number(live, "status", "observedGeneration") < max(1, applied.generation):
        looked = waiting(Cause.STARTING, applied.shown, "is not looked at yet", settles=BUDGET_SECONDS)
        return unjudged("no disruption controller has looked at it", looked)
    made = any(chosen(selector, each.labels) for each in makers(around))
    expected = number(live, "status", "expectedPods")
    if not expected and not made and not expressions:
        asked = ", ".join(f"{key}={value}" for key, value in sorted(selector.items())) or "nothing"
        return unjudged(f"selects no pod of this app ({asked}): it protects nothing")
    if expected and number(live, "status", "desiredHealthy") >= expected:
        how = _asks(live)
        return good(f"lets no pod go ({how} of {expected}): their nodes can never be drained")
    return good(f"lets {number(live, 'status', 'disruptionsAllowed')} of {expected} go now")


def _asks(live: Json) -> str:
    least: Any = at(live, "spec", "minAvailable")
    most: Any = at(live, "spec", "maxUnavailable")
    return f"minAvailable {least}" if least is not None else f"maxUnavailable {most}"
