"""Fields of which one is to be chosen, where a template says null of the others: pure.

For a person, and for client-side `kubectl apply`, `httpGet: null` beside `exec` takes away what was chosen
before. Server-side apply keeps the field as an empty one, and the API server refuses two choices
("may not specify more than 1 handler type"). What is null beside a choice is not sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.objects.fields import mapping, objects
from toolkit.objects.pods import templates

Json = dict[str, Any]
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")
CONTAINERS = ("initContainers", "containers")


def settle(obj: Json) -> Json:
    """The object, changed in place: of each such choice only what is not null, where anything is."""
    for union, members in _unions(obj):
        nulls = [key for key in members if key in union and union[key] is None]
        if any(union.get(key) is not None for key in members):
            for key in nulls:
                del union[key]
    for key in ("strategy", "updateStrategy"):
        strategy = mapping(obj, "spec", key)
        if strategy.get("type") and "rollingUpdate" in strategy and strategy["rollingUpdate"] is None:
            del strategy["rollingUpdate"]
    return obj


def _unions(obj: Json) -> Iterator[tuple[Json, tuple[str, ...]]]:
    """Each such choice of an object's pods: where it is made, and what there is to choose from."""
    for _, template in templates([obj]):
        spec = mapping(template, "spec")
        for container in (each for key in CONTAINERS for each in objects(spec, key)):
            for probe in filter(None, (mapping(container, key) for key in PROBES)):
                yield probe, HANDLERS
            for hook in filter(None, (mapping(container, "lifecycle", key) for key in HOOKS)):
                yield hook, HANDLERS
        for volume in objects(spec, "volumes"):
            yield volume, tuple(key for key in volume if key != "name")
