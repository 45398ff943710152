"""What pods need: Secrets, ConfigMaps, their keys, ServiceAccounts, claims, priorities. Pure.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from toolkit.cluster.preflight.references.reference import Reference, to
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.pods import containers, is_idle, is_maker, name_of, templates

Json = dict[str, Any]

_SOURCES = (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))
_WHOLE = (("configMapRef", "ConfigMap"), ("secretRef", "Secret"))
# Every namespace has them, a moment after it was made.
GIVEN = (("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt"))
_OF_THE_SYSTEM = "system-"


class _Need(NamedTuple):
    kind: str
    name: str
    part: str
    place: str
    is_certain: bool = True


def images(found: Iterable[Json]) -> dict[str, list[str]]:
    """Every image reference, with who uses it: {"name@sha256:...": ["Deployment/x (container api)"]}."""
    used: dict[str, list[str]] = {}
    for obj, template in templates(found):
        for container in containers(template):
            if image := text(container, "image"):
                used.setdefault(image, []).append(f"{shown(obj)} ({name_of(container)})")
    return used


def references(obj: Json) -> Iterator[Reference]:
    """All that an object's pods need. What is marked optional is left out.

    It is certain for pods that are made now, by a kind of which it is known what it does with its template.
    """
    is_certain = is_maker(obj) and not is_idle(obj)
    for _, template in templates([obj]):
        for need in _of_template(template):
            if need.name and (need.kind, need.name) not in GIVEN:
                certain = need.is_certain and is_certain
                yield Reference(to(need.kind, need.name), need.part, shown(obj), need.place, certain)


def _of_template(template: Json) -> Iterator[_Need]:
    spec = mapping(template, "spec")
    account = text(spec, "serviceAccountName") or text(spec, "serviceAccount")
    yield _Need("ServiceAccount", account, "", "serviceAccountName")
    priority = text(spec, "priorityClassName")
    if not priority.startswith(_OF_THE_SYSTEM):
        yield _Need("PriorityClass", priority, "", "priorityClassName")
    for secret in objects(spec, "imagePullSecrets"):
        # The kubelet warns, and pulls without: an image that anybody may have comes all the same.
        yield _Need("Secret", text(secret, "name"), "", "imagePullSecrets", is_certain=False)
    for container in containers(template):
        yield from _of_container(container)
    for volume in objects(spec, "volumes"):
        yield from _of_volume(volume)


def _of_container(container: Json) -> Iterator[_Need]:
    named = name_of(container)
    for variable in objects(container, "env"):
        for field, kind in _SOURCES:
            source = mapping(variable, "valueFrom", field)
            if source and source.get("optional") is not True:
                place = f"{named}, env {text(variable, 'name') or '?'}"
                yield _Need(kind, text(source, "name"), text(source, "key"), place)
    for each in objects(container, "envFrom"):
        for field, kind in _WHOLE:
            source = mapping(each, field)
            if source and source.get("optional") is not True:
                yield _Need(kind, text(source, "name"), "", f"{named}, envFrom")


def _of_volume(volume: Json) -> Iterator[_Need]:
    place = f"volume {text(volume, 'name') or '?'}"
    yield from _of_source("ConfigMap", mapping(volume, "configMap"), "name", place)
    yield from _of_source("Secret", mapping(volume, "secret"), "secretName", place)
    for source in objects(volume, "projected", "sources"):
        yield from _of_source("ConfigMap", mapping(source, "configMap"), "name", place)
        yield from _of_source("Secret", mapping(source, "secret"), "name", place)
    yield _Need("PersistentVolumeClaim", text(volume, "persistentVolumeClaim", "claimName"), "", place)
    for driver, field in (("csi", "nodePublishSecretRef"), ("flexVolume", "secretRef")):
        yield _Need("Secret", text(volume, driver, field, "name"), "", place)


def _of_source(kind: str, source: Json, named: str, place: str) -> Iterator[_Need]:
    if not source or source.get("optional") is True:
        return
    items = [text(item, "key") for item in objects(source, "items")]
    for key in [key for key in items if key] or [""]:
        yield _Need(kind, text(source, named), key, place)
