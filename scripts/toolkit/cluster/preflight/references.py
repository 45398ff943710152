"""What the pods of a set of manifests refer to: images, Secrets, ConfigMaps, keys, ServiceAccounts, claims.

Pure. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from toolkit.cluster.preflight.problem import Problem
from toolkit.objects.fields import mapping, objects, shown, text

Json = dict[str, Any]
Found = tuple[str, str]  # kind and name

_SOURCES = (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))
_WHOLE = (("configMapRef", "ConfigMap"), ("secretRef", "Secret"))
# Every namespace has it, a moment after it was made.
DEFAULT_ACCOUNT = "default"
SHOWN = 3


class Reference(NamedTuple):
    """Something that a pod cannot start without. key is "" when the object is enough; by is who refers to it
    ("Deployment/x"), place where in it ("container api, env DATABASE_URL")."""

    kind: str
    name: str
    key: str
    by: str
    place: str

    @property
    def found(self) -> Found:
        """Kind and name of what is referred to."""
        return self.kind, self.name


def templates(found: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Every object that makes pods, with the template of its pods (metadata and spec)."""
    for obj in found:
        if obj.get("kind") == "Pod":
            yield obj, obj
        for path in (("spec", "template"), ("spec", "jobTemplate", "spec", "template")):
            template = mapping(obj, *path)
            if objects(template, "spec", "containers"):
                yield obj, template


def containers(template: Any) -> list[Json]:
    """The containers of a pod template, those that run first at the front."""
    return [*objects(template, "spec", "initContainers"), *objects(template, "spec", "containers")]


def images(found: Iterable[Json]) -> dict[str, list[str]]:
    """Every image reference, with who uses it: {"name@sha256:...": ["Deployment/x (container api)"]}."""
    used: dict[str, list[str]] = {}
    for obj, template in templates(found):
        for container in containers(template):
            if image := text(container, "image"):
                used.setdefault(image, []).append(f"{shown(obj)} ({_named(container)})")
    return used


def references(found: Iterable[Json]) -> list[Reference]:
    """All that the pods need, each once. What is marked optional is left out."""
    needed: list[Reference] = []
    for obj, template in templates(found):
        for kind, name, key, place in _of_template(template):
            if name:
                needed.append(Reference(kind, name, key, shown(obj), place))
    return list(dict.fromkeys(needed))


def unmet(
    needed: Iterable[Reference], there: Mapping[Found, frozenset[str] | None], namespace: str
) -> list[Problem]:
    """What is referred to and not there. there: the keys of what is, None for what is not.

    What `there` does not hold could not be asked about, and is no problem.
    """
    absent: dict[tuple[str, str, str], list[Reference]] = {}
    for each in needed:
        if each.found not in there:
            continue
        keys = there[each.found]
        if keys is None:
            absent.setdefault((*each.found, ""), []).append(each)
        elif each.key and each.key not in keys:
            absent.setdefault((*each.found, each.key), []).append(each)
    return [_problem(*which, users, namespace) for which, users in absent.items()]


def keys_of(obj: Any) -> frozenset[str]:
    """The keys of a Secret or ConfigMap."""
    return frozenset(key for part in ("data", "stringData", "binaryData") for key in mapping(obj, part))


def _problem(kind: str, name: str, key: str, users: list[Reference], namespace: str) -> Problem:
    who = list(dict.fromkeys(f"{each.by} ({each.place})" for each in users))
    more = f" and {len(who) - SHOWN} more" if len(who) > SHOWN else ""
    needs = f"{', '.join(who[:SHOWN])}{more} {'need' if len(who) > 1 else 'needs'} it"
    if key:
        sentence = f'has no key "{key}" in {namespace}; {needs}'
        return Problem(
            f"{kind}/{name}", sentence, f'add the key "{key}", or correct its name in the manifests'
        )
    sentence = f"there is no such {kind} in {namespace}; {needs}"
    return Problem(f"{kind}/{name}", sentence, "create it, or correct its name in the manifests")


def _of_template(template: Json) -> Iterator[tuple[str, str, str, str]]:
    """(kind, name, key, place)"""
    spec = mapping(template, "spec")
    account = text(spec, "serviceAccountName") or text(spec, "serviceAccount")
    if account not in ("", DEFAULT_ACCOUNT):
        yield "ServiceAccount", account, "", "serviceAccountName"
    for secret in objects(spec, "imagePullSecrets"):
        yield "Secret", text(secret, "name"), "", "imagePullSecrets"
    for container in containers(template):
        yield from _of_container(container)
    for volume in objects(spec, "volumes"):
        yield from _of_volume(volume)


def _of_container(container: Json) -> Iterator[tuple[str, str, str, str]]:
    for variable in objects(container, "env"):
        for field, kind in _SOURCES:
            source = mapping(variable, "valueFrom", field)
            if source and source.get("optional") is not True:
                place = f"{_named(container)}, env {text(variable, 'name') or '?'}"
                yield kind, text(source, "name"), text(source, "key"), place
    for each in objects(container, "envFrom"):
        for field, kind in _WHOLE:
            source = mapping(each, field)
            if source and source.get("optional") is not True:
                yield kind, text(source, "name"), "", f"{_named(container)}, envFrom"


def _of_volume(volume: Json) -> Iterator[tuple[str, str, str, str]]:
    place = f"volume {text(volume, 'name') or '?'}"
    yield from _of_source("ConfigMap", mapping(volume, "configMap"), "name", place)
    yield from _of_source("Secret", mapping(volume, "secret"), "secretName", place)
    for source in objects(volume, "projected", "sources"):
        yield from _of_source("ConfigMap", mapping(source, "configMap"), "name", place)
        yield from _of_source("Secret", mapping(source, "secret"), "name", place)
    claim = text(volume, "persistentVolumeClaim", "claimName")
    if claim:
        yield "PersistentVolumeClaim", claim, "", place
    for driver in ("csi", "flexVolume"):
        field = "nodePublishSecretRef" if driver == "csi" else "secretRef"
        yield "Secret", text(volume, driver, field, "name"), "", place


def _of_source(kind: str, source: Json, named: str, place: str) -> Iterator[tuple[str, str, str, str]]:
    if not source or source.get("optional") is True:
        return
    items = [text(item, "key") for item in objects(source, "items")]
    for key in [key for key in items if key] or [""]:
        yield kind, text(source, named), key, place


def _named(container: Json) -> str:
    return f"container {text(container, 'name') or '?'}"
