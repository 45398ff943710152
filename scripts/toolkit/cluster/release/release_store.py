"""The ConfigMap that holds an app's releases in a space: read, changed together, and kept within its size.

`releases.json` holds the newest releases first, `objects-<id>` what was applied for one, compressed, and
`holds.json` the versions that may not be deployed again. The data of Secrets is in none of them.
"""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]
Data = dict[str, str]

KEPT = 5
HELD = 20
# A ConfigMap may hold 1 MiB (API server limit); the rest is for the lists and the metadata.
LARGEST_BYTES = 900_000
RELEASES = "releases.json"
HOLDS = "holds.json"
TRIES = 8


def name_of(app: str) -> str:
    """The ConfigMap's name."""
    return f"fb-{app}-release"


def read(connection: Connection, namespace: str, app: str) -> Data:
    """What is kept of an app in a namespace; empty when it was never deployed there."""
    return dict(mapping(connection.find(_path(namespace, app)), "data"))


def change(
    connection: Connection, namespace: str, app: str, work: Callable[[Data], None], *, make: bool = True
) -> None:
    """Read, let `work` change the data in place, write; again when somebody wrote in between.

    Without `make` nothing is written where there is nothing yet. Raises Failed when others never cease.
    """
    for _ in range(TRIES):
        live = connection.find(_path(namespace, app))
        data = dict(mapping(live, "data"))
        before = dict(data)
        if live is None and not make:
            return
        work(data)
        if data == before and live is not None:
            return
        try:
            _write(connection, namespace, app, live, data)
        except ApiError as error:
            if error.status != 409:
                raise
        else:
            return
    raise Failed(f"{name_of(app)} in {namespace} could not be written: others keep changing it")


def _write(connection: Connection, namespace: str, app: str, live: Json | None, data: Data) -> None:
    metadata = {
        "name": name_of(app),
        "namespace": namespace,
        "labels": {"app.kubernetes.io/managed-by": "form-builder-pipeline", "appGroup": f"fb-{app}"},
    }
    wanted: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    if live is None:
        connection.create(built_in("ConfigMap").path(namespace), wanted)
    else:
        metadata["resourceVersion"] = text(live, "metadata", "resourceVersion")
        connection.replace(_path(namespace, app), wanted)


def _path(namespace: str, app: str) -> str:
    return built_in("ConfigMap").path(namespace, name_of(app))


def rows(data: Data, key: str = RELEASES) -> list[Json]:
    """One of the lists; [] when somebody broke it by hand: the next release starts it anew."""
    try:
        return objects(json.loads(data.get(key, "[]")))
    except ValueError:
        return []


def store(data: Data, found: list[Json]) -> None:
    """Keep the newest releases and the newest verified one, and the objects of as many as fit.

    However many attempts fail in a row, the one that can be gone back to is never pushed out.
    """
    good = next((row for row in found if row.get("verified")), None)
    good = good or next((row for row in found if row.get("served")), None)
    kept_rows = found[:KEPT] + ([good] if good is not None and good not in found[:KEPT] else [])
    data[RELEASES] = json.dumps(kept_rows, separators=(",", ":"))
    room = LARGEST_BYTES - len(data[RELEASES]) - len(data.get(HOLDS, ""))
    kept = set()
    for row in sorted(kept_rows, key=lambda row: row is not good):
        key = f"objects-{row.get('id')}"
        if key in data and len(data[key]) <= room:
            kept.add(key)
            room -= len(data[key])
    for key in [key for key in data if key.startswith("objects-") and key not in kept]:
        del data[key]


def store_holds(data: Data, found: list[Json]) -> None:
    """Keep the newest holds."""
    data[HOLDS] = json.dumps(found[:HELD], separators=(",", ":"))


def pack(applied: Sequence[Json]) -> str:
    """Objects as text: JSON, gzip, base64. The same objects give the same text, whatever run applied them."""
    return base64.b64encode(gzip.compress(_plain(applied), mtime=0)).decode()


def unpack(packed: str) -> list[Json] | None:
    """What `pack` made, back again; None for anything else."""
    try:
        return objects(json.loads(gzip.decompress(base64.b64decode(packed))))
    except (ValueError, OSError, EOFError):
        return None


def content_of(applied: Sequence[Json]) -> str:
    """What makes two releases the same thing: 16 hex digits over all that is applied but its own labels."""
    return hashlib.sha256(_plain(applied)).hexdigest()[:16]


def _plain(applied: Sequence[Json]) -> bytes:
    lean = []
    for obj in applied:
        each = copy.deepcopy(obj)
        if each.get("kind") == "Secret":
            each.pop("data", None)
            each.pop("stringData", None)
        annotations = mapping(each, "metadata", "annotations")
        for key in [key for key in annotations if key.startswith("form-builder/")]:
            del annotations[key]
        lean.append(each)
    return json.dumps(lean, sort_keys=True, separators=(",", ":")).encode()
