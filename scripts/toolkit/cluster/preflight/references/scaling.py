"""What a HorizontalPodAutoscaler scales. Pure.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.cluster.preflight.references.reference import Reference
from toolkit.objects.fields import mapping, shown, text
from toolkit.objects.resources import is_a, key_to

Json = dict[str, Any]


def references(obj: Json) -> Iterator[Reference]:
    """Its target: without it, it does nothing, and says so in its conditions."""
    target = mapping(obj, "spec", "scaleTargetRef")
    if is_a(obj, "HorizontalPodAutoscaler") and text(target, "name"):
        yield Reference(key_to(target, ""), "", shown(obj), "scaleTargetRef")
