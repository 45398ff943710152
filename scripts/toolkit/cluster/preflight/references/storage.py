"""Which StorageClass a claim wants, be it an object, a template of a StatefulSet, or of one pod. Pure.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.cluster.preflight.references.reference import Reference, to
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.pods import claims, is_idle, templates
from toolkit.objects.resources import is_a

Json = dict[str, Any]


def references(obj: Json) -> Iterator[Reference]:
    """The class that a claim names. Volumes made by hand may carry a class that is no object: see
    gathering.unmet. A claim that names its volume needs none."""
    for place, claim in _claims(obj):
        name = text(claim, "spec", "storageClassName")
        if name and not text(claim, "spec", "volumeName"):
            yield Reference(to("StorageClass", name), "", shown(obj), place, not is_idle(obj))


def _claims(obj: Json) -> Iterator[tuple[str, Json]]:
    if is_a(obj, "PersistentVolumeClaim"):
        yield "storageClassName", obj
    for claim in claims(obj):
        yield f"volumeClaimTemplates {text(claim, 'metadata', 'name') or '?'}", claim
    for _, template in templates([obj]):
        for volume in objects(template, "spec", "volumes"):
            claim = mapping(volume, "ephemeral", "volumeClaimTemplate")
            if claim:
                yield f"volume {text(volume, 'name') or '?'}", claim
