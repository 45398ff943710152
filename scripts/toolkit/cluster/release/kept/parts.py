"""A release that is too large for one ConfigMap: in several of its own, to which its record refers.

Parts are named by what is in them and never change, and the reference is written after them: who is killed in
between leaves parts that nothing refers to, and a record that is as true as before. `tidy` takes those out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects import quantity
from toolkit.objects.fields import mapping, number, objects, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]

# A ConfigMap may hold 1 MiB, and a request to etcd 1.5 MiB (limits of the API server and of etcd).
PART_BYTES = 900_000
# What a release may come to, compressed: etcd holds 2 GiB for a whole cluster unless it is told otherwise.
LARGEST_BYTES = 16 << 20
LABEL = "form-builder/parts-of"
_KEY = "part"
_COUNTED = ("count/configmaps", "configmaps")
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


def write(connection: Connection, namespace: str, name: str, packed: str, applied: Sequence[Json]) -> str:
    """Write what `pack` made of the objects into parts; the reference to them, as text.

    name is that of the release's ConfigMap. Raises ApiError for a part that the cluster does not take, and
    ValueError, with a sentence, for a release that is larger than any may be, or that leaves itself no room.
    """
    whole = base64.b64decode(packed)
    if len(whole) > LARGEST_BYTES:
        raise ValueError(
            f"it comes to {len(whole) >> 20} MiB, and {LARGEST_BYTES >> 20} MiB are kept at most"
        )
    digest = hashlib.sha256(whole).hexdigest()
    chunks = [whole[at : at + PART_BYTES] for at in range(0, len(whole), PART_BYTES)]
    if short := _short(connection, namespace, len(chunks), applied):
        raise ValueError(short)
    for index, chunk in enumerate(chunks):
        _write(connection, namespace, name, _name(name, digest, index), base64.b64encode(chunk).decode())
    kinds = {(text(obj, "apiVersion"), text(obj, "kind")) for obj in applied}
    secrets = {text(obj, "metadata", "name") for obj in applied if obj.get("kind") == "Secret"}
    reference = {
        "parts": len(chunks),
        "digest": digest,
        "kinds": sorted(kinds),
        "secrets": sorted(secrets),
    }
    return json.dumps(reference, separators=(",", ":"))


def read(connection: Connection, namespace: str, name: str, reference: str) -> str | None:
    """What was written, as `pack` made it; None when a part is gone or is not what it was."""
    known = _known(reference)
    digest = text(known, "digest")
    pieces = []
    for index in range(number(known, "parts")):
        live = connection.find(_path(namespace, _name(name, digest, index)))
        try:
            pieces.append(base64.b64decode(text(live, "binaryData", _KEY)))
        except ValueError:
            return None
    whole = b"".join(pieces)
    return base64.b64encode(whole).decode() if hashlib.sha256(whole).hexdigest() == digest else None


def is_reference(kept: str) -> bool:
    """Whether what is kept of a release is a reference to parts."""
    return bool(_known(kept))


def outline(reference: str) -> list[Json]:
    """What can be told of the objects without their parts: one of each kind, and each Secret, by name."""
    known = _known(reference)
    kinds = [{"apiVersion": version, "kind": kind} for version, kind in known.get("kinds", [])]
    secrets = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": each}}
        for each in known.get("secrets", [])
    ]
    return [*kinds, *secrets]


def tidy(connection: Connection, namespace: str, name: str, kept: Iterable[str]) -> None:
    """Delete the parts that none of these references names. What may not be listed or deleted stays."""
    wanted = {
        _name(name, text(known, "digest"), index)
        for known in map(_known, kept)
        for index in range(number(known, "parts"))
    }
    query = urlencode({"labelSelector": f"{LABEL}={name}"})
    path = f"{built_in('ConfigMap').path(namespace)}?{query}"
    try:
        found = objects(connection.json("GET", path, headers={"Accept": _METADATA}), "items")
        for part in found:
            if text(part, "metadata", "name") not in wanted:
                path = _path(namespace, text(part, "metadata", "name"))
                connection.delete(path, uid=text(part, "metadata", "uid"))
    except ApiError:
        return  # they cost room and nothing else; the next deployment tries again


def _short(connection: Connection, namespace: str, count: int, applied: Sequence[Json]) -> str:
    """Why so many parts would leave no room for the release's own ConfigMaps; "" when no quota says so."""
    path = built_in("ResourceQuota").path(namespace)
    try:
        quotas = objects(connection.list(path), "items")
    except ApiError:
        return ""  # may not be asked; then the quota itself answers
    found = ((quota, key) for quota in quotas for key in _COUNTED if key in mapping(quota, "status", "hard"))
    for quota, key in found:
        hard, used = (
            int(quantity.amount(mapping(quota, "status", each).get(key))) for each in ("hard", "used")
        )
        names = [text(obj, "metadata", "name") for obj in applied if obj.get("kind") == "ConfigMap"]
        new = sum(connection.find(_path(namespace, each)) is None for each in names)
        free = max(0, hard - used - new)
        if free < count + 1:  # and the ConfigMap that refers to them, the first time
            name = text(quota, "metadata", "name")
            return f"it takes {count} ConfigMaps more, and the quota {name} leaves room for {free} of them"
    return ""


def _write(connection: Connection, namespace: str, owner: str, name: str, chunk: str) -> None:
    labels = {"app.kubernetes.io/managed-by": "form-builder-pipeline", LABEL: owner}
    wanted = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "immutable": True,
        "binaryData": {_KEY: chunk},
    }
    live = connection.find(_path(namespace, name))
    if live is not None:
        if mapping(live, "binaryData") == wanted["binaryData"]:
            return
        connection.delete(_path(namespace, name), uid=text(live, "metadata", "uid"))
    connection.create(built_in("ConfigMap").path(namespace), wanted)


def _known(reference: str) -> Json:
    """A reference as data; {} for what is none."""
    if not reference.startswith("{"):
        return {}
    try:
        return mapping(json.loads(reference))
    except ValueError:
        return {}


def _name(name: str, digest: str, index: int) -> str:
    return f"{name}-{digest[:16]}-{index}"


def _path(namespace: str, name: str) -> str:
    return built_in("ConfigMap").path(namespace, name)
