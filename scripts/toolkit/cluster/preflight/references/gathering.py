"""All references of a deployment's objects, and which of them lead nowhere. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from toolkit.cluster.preflight.references import naming, parts, permissions, pods, scaling, storage, traffic
from toolkit.cluster.preflight.references.makers import Makers
from toolkit.cluster.preflight.references.reference import Reference
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.resources import Key, is_cluster_wide

Json = dict[str, Any]
# What is there by key: None for what is not; what could not be asked about is not in it.
There = Mapping[Key, Json | None]

ROWS: tuple[Callable[[Json], Iterator[Reference]], ...] = (
    pods.references,
    traffic.references,
    scaling.references,
    permissions.references,
    storage.references,
    naming.references,
)
SHOWN = 3
_CREATE = "create it, or correct its name in the manifests"
_REMEDIES = {
    "StorageClass": "name one that there is (kubectl get storageclass), or have it made",
    "IngressClass": "name one that there is (kubectl get ingressclass), or have its controller installed",
    "PriorityClass": "name one that there is (kubectl get priorityclass), or have it made",
}


def references(found: Iterable[Json], namespace: str) -> list[Reference]:
    """Everything that these objects refer to, each once."""
    needed = [each for obj in found for row in ROWS for each in row(obj)]
    return list(dict.fromkeys(each._replace(to=_at_home(each.to, namespace)) for each in needed))


def unmet(
    needed: Iterable[Reference],
    there: There,
    makers: Makers | None = None,
    remedies: Mapping[Key, str] = MappingProxyType({}),
) -> list[Problem]:
    """What is referred to and not there, the certain ones first. What `there` does not hold could not be
    asked about, and is no problem; nor is what the deployment's own objects make. remedies are what brings
    an object, where that is known."""
    absent: dict[tuple[Key, str], list[Reference]] = {}
    for each in needed:
        if each.to not in there or (makers and makers.makes(each.to)):
            continue
        obj = there[each.to]
        if obj is None:
            absent.setdefault((each.to, ""), []).append(each)
        elif each.part and each.part not in parts.of(obj):
            certain = each.is_certain and not parts.is_filled(obj)
            absent.setdefault((each.to, each.part), []).append(each._replace(is_certain=certain))
    found = []
    for (key, part), users in absent.items():
        unsure = makers is not None and makers.may_make(key)
        problem = _problem(key, part, users, unsure=unsure)
        found.append(problem._replace(remedy=remedies.get(key, problem.remedy)))
    return sorted(found, key=lambda problem: not problem.is_certain)


def _at_home(key: Key, namespace: str) -> Key:
    """With the app's namespace, unless it has one or the kind has none."""
    wide = is_cluster_wide(f"{key.group}/v1" if key.group else "v1", key.kind)
    return key if key.namespace or wide else key._replace(namespace=namespace)


def _problem(key: Key, part: str, users: list[Reference], *, unsure: bool) -> Problem:
    users = [each for each in users if each.is_certain] or users
    who = list(dict.fromkeys(f"{each.by} ({each.place})" for each in users))
    more = f" and {len(who) - SHOWN} more" if len(who) > SHOWN else ""
    needs = f"{', '.join(who[:SHOWN])}{more} {'need' if len(who) > 1 else 'needs'} it"
    certain = users[0].is_certain and not unsure
    where = key.namespace or "the cluster"
    if part:
        word = parts.PARTS[key.kind][0]
        sentence = f'has no {word} "{part}" in {where}; {needs}'
        return Problem(
            key.shown,
            sentence,
            f'add the {word} "{part}", or correct its name in the manifests',
            is_certain=certain,
        )
    sentence = f"there is no such {key.kind} in {where}; {needs}"
    return Problem(key.shown, sentence, _REMEDIES.get(key.kind, _CREATE), is_certain=certain)
