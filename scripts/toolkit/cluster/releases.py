"""What runs where, since when, by whom and whether it was verified: kept in the cluster, a ConfigMap per app.

`releases.json` holds the newest releases first; `objects-<id>` what was applied, compressed, so that a
release can be deployed again as it was. The data of Secrets is in neither.
"""

from __future__ import annotations

import base64
import copy
import datetime
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from toolkit.cluster.connection import Connection
from toolkit.cluster.errors import ApiError
from toolkit.cluster.fields import mapping, objects, text
from toolkit.cluster.resources import built_in
from toolkit.outcome import Failed

Json = dict[str, Any]

KEPT = 5
# A ConfigMap may hold 1 MiB (API server limit); the rest is for the list and the metadata.
LARGEST_BYTES = 900_000
CHECKS = ("healthcheck", "smoke", "watch")


@dataclass(frozen=True)
class Release:
    """One deployment of one app to one space. at and the checks' values are UTC, ISO 8601.

    checks holds when each check passed; verified says that all that this app has in this environment did.
    restarts is the baseline of the watch: pod uid/container -> restart count after the rollout.
    """

    id: str
    version: str
    commit: str
    branch: str
    by: str
    at: str
    run: str
    images: Mapping[str, str]
    verified: bool = False
    needed: tuple[str, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    restarts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Release:
        """From its JSON; keys of a newer toolkit are passed over."""
        known = {each.name for each in fields(cls)}
        values = {key: value for key, value in row.items() if key in known}
        blank: Json = dict.fromkeys(("id", "version", "commit", "branch", "by", "at", "run"), "")
        made = cls(**{**blank, "images": {}, **values})
        return replace(made, needed=tuple(made.needed))


def name_of(app: str) -> str:
    """The ConfigMap's name."""
    return f"fb-{app}-release"


def now() -> str:
    """This moment, UTC, ISO 8601 to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def history(connection: Connection, namespace: str, app: str) -> list[Release]:
    """The releases that are known in a namespace, newest first; [] when the app was never deployed there."""
    return _read(connection.find(_path(namespace, app)))


def current(connection: Connection, namespace: str, app: str) -> Release | None:
    """The newest release, None when the app was never deployed there."""
    return next(iter(history(connection, namespace, app)), None)


def record(
    connection: Connection, namespace: str, app: str, release: Release, applied: Sequence[Json]
) -> None:
    """Put a release on top. A repeated deployment of the very same objects keeps its checks."""
    packed = _pack(applied)

    def change(data: dict[str, str]) -> None:
        rows = _rows(data)
        if (
            rows
            and data.get(f"objects-{rows[0].get('id')}") == packed
            and rows[0].get("images") == release.images
        ):
            before = Release.read(rows[0])
            kept = replace(release, id=before.id, checks=before.checks, verified=before.verified)
            kept = replace(kept, verified=_verified(kept))
            rows[0] = asdict(kept)
        else:
            rows.insert(0, asdict(release))
            data[f"objects-{release.id}"] = packed
        _store(data, rows)

    _change(connection, namespace, app, change)


def passed(connection: Connection, namespace: str, app: str, check: str, images: Mapping[str, str]) -> bool:
    """Note that a check passed for the current release, if it still is the one with these images.

    Returns whether the release counts as verified now.
    """
    result = [False]

    def change(data: dict[str, str]) -> None:
        rows = _rows(data)
        if not rows or rows[0].get("images") != dict(images):
            return
        release = Release.read(rows[0])
        release = replace(release, checks={**release.checks, check: now()})
        release = replace(release, verified=_verified(release))
        result[0] = release.verified
        rows[0] = asdict(release)
        _store(data, rows)

    _change(connection, namespace, app, change)
    return result[0]


def objects_of(connection: Connection, namespace: str, app: str, release: Release) -> list[Json] | None:
    """What was applied for a release, without the data of Secrets; None when it is not kept any more."""
    kept = connection.find(_path(namespace, app))
    packed = text(kept, "data", f"objects-{release.id}")
    return _unpack(packed) if packed else None


def _verified(release: Release) -> bool:
    return all(check in release.checks for check in release.needed)


def _path(namespace: str, app: str) -> str:
    return built_in("ConfigMap").path(namespace, name_of(app))


def _rows(data: Mapping[str, str]) -> list[Json]:
    try:
        return objects(json.loads(data.get("releases.json", "[]")))
    except ValueError:
        return []  # somebody edited it by hand: the next release starts the list anew


def _read(config_map: Json | None) -> list[Release]:
    return [Release.read(row) for row in _rows(mapping(config_map, "data"))]


def _store(data: dict[str, str], rows: list[Json]) -> None:
    """Keep the newest releases, and the objects of as many of them as fit."""
    rows = rows[:KEPT]
    data["releases.json"] = json.dumps(rows, separators=(",", ":"))
    room = LARGEST_BYTES - len(data["releases.json"])
    kept = {}
    for row in rows:
        key = f"objects-{row.get('id')}"
        if key in data and len(data[key]) <= room:
            kept[key] = data[key]
            room -= len(data[key])
    for key in [key for key in data if key.startswith("objects-") and key not in kept]:
        del data[key]


def _change(
    connection: Connection, namespace: str, app: str, change: Callable[[dict[str, str]], None]
) -> None:
    """Read, change and write; again when somebody wrote in between."""
    for _ in range(8):
        live = connection.find(_path(namespace, app))
        data = dict(mapping(live, "data"))
        before = dict(data)
        change(data)
        if data == before and live is not None:
            return
        metadata = {
            "name": name_of(app),
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "form-builder-pipeline", "appGroup": f"fb-{app}"},
        }
        wanted: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        try:
            if live is None:
                connection.create(built_in("ConfigMap").path(namespace), wanted)
            else:
                metadata["resourceVersion"] = text(live, "metadata", "resourceVersion")
                connection.replace(_path(namespace, app), wanted)
        except ApiError as error:
            if error.status != 409:
                raise
        else:
            return
    raise Failed(f"{name_of(app)} in {namespace} could not be written: others keep changing it")


def _pack(applied: Sequence[Json]) -> str:
    """Objects as text: JSON, gzip, base64. The same objects give the same text, whatever run applied them."""
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
    raw = json.dumps(lean, sort_keys=True, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode()


def _unpack(packed: str) -> list[Json] | None:
    try:
        return objects(json.loads(gzip.decompress(base64.b64decode(packed))))
    except (ValueError, OSError, EOFError):
        return None
