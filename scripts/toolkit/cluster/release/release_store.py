"""The ConfigMap that holds an app's releases in a space: read, changed together, and kept within its size.

`releases.json` holds the newest releases first, `objects-<id>` what was applied for one, compressed, or a
reference to the parts that hold it, and `holds.json` the versions that may not be deployed again. The data of
Secrets is in none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.release.kept import packing, parts
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]
Data = dict[str, str]

KEPT = 5
HELD = 20
# A ConfigMap may hold 1 MiB (API server limit): the lists, and the objects of releases that are small.
LARGEST_BYTES = 900_000
# The objects of a release that are larger go into parts.
INLINE_BYTES = 80_000
LONGEST_WHY = 1000
RELEASES = "releases.json"
HOLDS = "holds.json"
TRIES = 8
_OBJECTS = "objects-"


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
    for row in kept_rows[1:]:
        row["restarts"] = {}  # a line per container; only the newest release is watched
    room = LARGEST_BYTES - len(_text(kept_rows)) - len(data.get(HOLDS, ""))
    kept = set()
    for row in sorted(kept_rows, key=lambda row: row is not good):
        key = _key(row)
        if key in data and len(data[key]) <= room:
            kept.add(key)
            room -= len(data[key])
        elif key in data:
            row["unkept"] = "there was no room for it beside newer releases"
    data[RELEASES] = _text(kept_rows)
    for key in [key for key in data if key.startswith(_OBJECTS) and key not in kept]:
        del data[key]


def _text(found: list[Json]) -> str:
    return json.dumps(found, separators=(",", ":"))


def store_holds(data: Data, found: list[Json]) -> None:
    """Keep the newest holds."""
    for row in found:
        row["why"] = str(row.get("why", ""))[:LONGEST_WHY]
    data[HOLDS] = json.dumps(found[:HELD], separators=(",", ":"))


def keep(connection: Connection, namespace: str, app: str, applied: Sequence[Json]) -> tuple[str, str]:
    """What `objects-<id>` is to hold for a release of these objects; why it is "", if they cannot be kept.

    What is too large for the app's ConfigMap is written at once, into parts; nothing refers to them yet.
    """
    packed = packing.pack(applied)
    if len(packed) <= INLINE_BYTES:
        return packed, ""
    try:
        return parts.write(connection, namespace, name_of(app), packed, applied), ""
    except (ApiError, ValueError) as error:
        return "", str(error)


def withdraw(connection: Connection, namespace: str, app: str, id: str, before: Json | None) -> None:
    """Take a release that changed nothing off the record: `before`, the row before it, is the newest."""

    def work(data: Data) -> None:
        known = rows(data)
        if before is not None:
            known = [before if row.get("id") == before.get("id") else row for row in known]
            if id == before.get("id"):
                return store(data, known)
        return store(data, [row for row in known if row.get("id") != id])

    change(connection, namespace, app, work, make=False)


def put(data: Data, id: str, kept: str) -> None:
    """Put what `keep` returned beside the releases."""
    if kept:
        data[f"{_OBJECTS}{id}"] = kept
    else:
        data.pop(f"{_OBJECTS}{id}", None)


def objects_of(connection: Connection, namespace: str, app: str, id: str) -> list[Json] | None:
    """What was applied for a release; None when it is not kept (any more)."""
    kept: str | None = read(connection, namespace, app).get(f"{_OBJECTS}{id}", "")
    if kept and parts.is_reference(kept):
        kept = parts.read(connection, namespace, name_of(app), kept)
    return packing.unpack(kept) if kept else None


def outline(data: Data, row: Json) -> list[Json]:
    """The objects of a release, as far as the app's own ConfigMap tells: all that is needed to find them."""
    kept = data.get(_key(row), "")
    return parts.outline(kept) if parts.is_reference(kept) else packing.unpack(kept) or []


def tidy(connection: Connection, namespace: str, app: str) -> None:
    """Take out the parts that no release refers to: of some that are gone, or were never recorded."""
    data = read(connection, namespace, app)
    parts.tidy(connection, namespace, name_of(app), data.values())


def _key(row: Json) -> str:
    return f"{_OBJECTS}{row.get('id')}"
