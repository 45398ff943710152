"""Which ConfigMaps and Secrets pods refer to, and what is in them, as a stamp for the pods' template. Pure.

Images are named by digest, so a change of nothing but configuration would leave every pod as it is. With the
stamp the template changes too, and the pods follow. What of a Secret is in it cannot be read out of it: it
takes a slow function (scrypt) to try each guess.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from toolkit.objects.fields import mapping, name, objects, text

Json = dict[str, Any]
Found = tuple[str, str]
"""Kind and name."""
Keys = frozenset[str] | None
"""The keys of an object that are used; None for all."""

STAMP = "form-builder/configuration"
FOLLOW = "form-builder/restart-on-change"
"""An annotation: "false" on a ConfigMap, a Secret or a workload whose app reads changes by itself."""

ABSENT = "absent"
# The cluster's own, in every namespace, and read anew by whoever uses it.
_CLUSTERS_OWN = (("ConfigMap", "kube-root-ca.crt"),)
_DIGITS = 12
# About 20 ms and 2 MiB for each try.
_COST = {"n": 2048, "r": 8, "p": 1}
_FIELDS = (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))
_WHOLE = (("configMapRef", "ConfigMap"), ("secretRef", "Secret"))


def referred(template: Any) -> dict[Found, Keys]:
    """What the pods of a template get their configuration from: variables, volumes and projected volumes of
    every container, those that run first too; optional or not."""
    found: dict[Found, Keys] = {}
    for kind, named, key in _references(mapping(template, "spec")):
        place = (kind, named)
        if not named or place in _CLUSTERS_OWN:
            continue
        before = found.get(place, frozenset())
        found[place] = None if not key or before is None else before | {key}
    return found


def follows(obj: Any) -> bool:
    """Whether pods are to be made anew when this object changes."""
    return text(obj, "metadata", "annotations", FOLLOW).lower() != "false"


def digest(obj: Any, keys: Keys, namespace: str) -> str:
    """What an object holds under these keys, in few digits; absent for None."""
    if obj is None:
        return ABSENT
    content = {key: value for key, value in data(obj).items() if keys is None or key in keys}
    plain = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    summed = hashlib.sha256(plain).hexdigest()
    if obj.get("kind") == "ConfigMap":
        return summed[:_DIGITS]
    return _slowly(summed, f"{namespace}/{name(obj)}")


def data(obj: Any) -> dict[str, str]:
    """What a ConfigMap or Secret holds by key, binary data as base64 in its one spelling."""
    found = {key: str(value) for key, value in mapping(obj, "data").items()}
    if obj.get("kind") == "Secret":
        found = {key: _spelled(value) for key, value in found.items()}
        given = mapping(obj, "stringData").items()
        return found | {key: base64.b64encode(str(value).encode()).decode() for key, value in given}
    return found | {key: _spelled(str(value)) for key, value in mapping(obj, "binaryData").items()}


def expected(wanted: Json, live: Json | None, manager: str) -> Json:
    """An object as it will be once it is applied: keys of others stay, our own that it has no more go."""
    merged = data(wanted)
    if live is not None:
        ours = _applied_by(live, manager)
        merged = {key: value for key, value in data(live).items() if key not in ours} | merged
    # All of it under one key: the digest makes no difference between text and binary data.
    return {"kind": text(wanted, "kind"), "metadata": mapping(wanted, "metadata"), "data": merged}


def stamp(digests: Mapping[Found, str]) -> str:
    """ConfigMap/web=0f1e2d3c4b5a Secret/db=absent"""
    return " ".join(f"{kind}/{named}={value}" for (kind, named), value in sorted(digests.items()))


def stamped(value: str) -> dict[Found, str]:
    """What `stamp` made, back again."""
    found = {}
    for word in value.split():
        what, _, digits = word.partition("=")
        kind, _, named = what.partition("/")
        found[kind, named] = digits
    return found


@lru_cache(maxsize=1024)
def _slowly(summed: str, salt: str) -> str:
    made = hashlib.scrypt(summed.encode(), salt=salt.encode(), dklen=_DIGITS // 2, **_COST)
    return made.hex()


def _spelled(value: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(value, validate=False)).decode()
    except (binascii.Error, ValueError):
        return value


def _applied_by(live: Json, manager: str) -> set[str]:
    """The keys that a manager applied and owns alone."""
    mine: set[str] = set()
    others: set[str] = set()
    for entry in objects(live, "metadata", "managedFields"):
        owned = mapping(entry, "fieldsV1")
        keys = {key[2:] for part in ("f:data", "f:binaryData") for key in mapping(owned, part) if key != "."}
        is_mine = text(entry, "manager") == manager and entry.get("operation") == "Apply"
        (mine if is_mine else others).update(keys)
    return mine - others


def _references(spec: Json) -> Iterator[tuple[str, str, str]]:
    """(kind, name, key), key "" for the whole object."""
    lists = ("initContainers", "containers", "ephemeralContainers")
    for container in (each for part in lists for each in objects(spec, part)):
        for variable in objects(container, "env"):
            for field, kind in _FIELDS:
                source = mapping(variable, "valueFrom", field)
                yield kind, text(source, "name"), text(source, "key")
        for each in objects(container, "envFrom"):
            for field, kind in _WHOLE:
                yield kind, text(each, field, "name"), ""
    for volume in objects(spec, "volumes"):
        yield from _of_source("ConfigMap", mapping(volume, "configMap"), "name")
        yield from _of_source("Secret", mapping(volume, "secret"), "secretName")
        for source in objects(volume, "projected", "sources"):
            yield from _of_source("ConfigMap", mapping(source, "configMap"), "name")
            yield from _of_source("Secret", mapping(source, "secret"), "name")


def _of_source(kind: str, source: Json, named: str) -> Iterable[tuple[str, str, str]]:
    items = [text(item, "key") for item in objects(source, "items")]
    return [(kind, text(source, named), key) for key in [key for key in items if key] or [""]]
