"""The pods that objects make: their templates, and the containers in them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from toolkit.objects.fields import mapping, number, objects, text
from toolkit.objects.resources import is_a

Json = dict[str, Any]

TEMPLATES = (("spec", "template"), ("spec", "jobTemplate", "spec", "template"))
# The kinds of Kubernetes' own that have such a template.
TEMPLATED = (
    *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"),
    *("Job", "CronJob"),
)
_LISTS = ("initContainers", "containers", "ephemeralContainers")


def templates(found: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Every object that makes pods, with the template of its pods (metadata and spec)."""
    for obj in found:
        if is_a(obj, "Pod"):
            yield obj, obj
        for path in TEMPLATES:
            template = mapping(obj, *path)
            if objects(template, "spec", "containers"):
                yield obj, template


def template_of(obj: Any) -> Json:
    """The template of the pods that an object makes, {} when it makes none."""
    return next((template for _, template in templates([mapping(obj)])), {})


def containers(template: Any) -> list[Json]:
    """The containers of a pod template, those that run first at the front."""
    return [each for name in _LISTS for each in objects(template, "spec", name)]


def is_maker(obj: Any) -> bool:
    """Whether a kind of Kubernetes' own makes pods just as its template says; a custom kind may do as it
    likes with what looks like one."""
    return is_a(obj, "Pod", *TEMPLATED)


def is_idle(obj: Any) -> bool:
    """Whether an object makes no pods for now: no replicas, or suspended."""
    spec = mapping(obj, "spec")
    return spec.get("suspend") is True or ("replicas" in spec and number(spec, "replicas", default=1) == 0)


def claims(obj: Any) -> list[Json]:
    """The volume claims that a StatefulSet makes for each of its pods."""
    return objects(obj, "spec", "volumeClaimTemplates") if is_a(obj, "StatefulSet") else []


def name_of(container: Json) -> str:
    """How a person names a container."""
    return f"container {text(container, 'name') or '?'}"
