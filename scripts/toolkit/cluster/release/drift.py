"""What differs between what was applied and what is there, field by field, and who changed it.

Only fields that were applied count, and those that another manager put beside them. `compare` is pure.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

from toolkit.base.redaction import redact
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects import field_owners
from toolkit.objects.field_owners import ABSENT, Path, identity
from toolkit.objects.fields import shown
from toolkit.objects.quantity import parse
from toolkit.objects.resources import Key, is_a, key_of

Json = dict[str, Any]
Difference = tuple[Path, Any, Any]

_SKIPPED = {"apiVersion", "kind", "status"}
_SECRET = {"data", "stringData"}
# Lists that the API server merges by keys (listMapKeys of the Kubernetes OpenAPI).
_KEYS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("containers", "initContainers", "env", "volumes", "imagePullSecrets"), ("name",)),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_PORTS = (("containerPort", "protocol"), ("port", "protocol"))
# Where the API server spells quantities its own way: 0.5 becomes 500m.
_QUANTITIES = {"limits", "requests", "hard", "capacity", "storage", "sizeLimit", "averageValue", "divisor"}
_LONGEST = 60


class Drift(NamedTuple):
    """One difference. field is "" when the whole object is gone; applied or live is "" for absent, manager ""
    when nobody can be named."""

    object: str
    field: str
    applied: str
    live: str
    manager: str

    @property
    def sentence(self) -> str:
        """For a person: Deployment/x spec.replicas is 5, applied 2, changed by kubectl (scale)."""
        if not self.field:
            return f"{self.object} is gone"
        what = f"{self.object} {self.field} is {self.live or 'gone'}"
        if not self.applied:
            return f"{what}, never applied, set by {self.manager}"
        return f"{what}, applied {self.applied}" + (f", changed by {self.manager}" if self.manager else "")


def find(connection: Connection, applied: Sequence[Json], scaled: Collection[Key] = ()) -> list[Drift]:
    """The drift of objects that were applied, in their order. scaled: see `compare`.

    What may not be read is passed over, and so are Jobs, which are gone once they are done.
    """
    wanted = [obj for obj in applied if not is_a(obj, "Job")]
    with ThreadPoolExecutor(max_workers=4) as executor:
        found = list(executor.map(partial(_live, connection), wanted))
    pairs = zip(wanted, found, strict=True)
    return [each for obj, live in pairs if live is not ABSENT for each in compare(obj, live, scaled)]


def _live(connection: Connection, obj: Json) -> Any:
    try:
        return connection.find(connection.path_of(obj))
    except ApiError as error:
        if error.status != 403:
            raise
        return ABSENT


def compare(applied: Json, live: Json | None, scaled: Collection[Key] = ()) -> list[Drift]:
    """How one object differs from what was applied. scaled are the workloads whose replicas an autoscaler
    owns. The data of Secrets is neither compared nor shown."""
    me = shown(applied)
    if live is None:
        return [Drift(me, "", "", "", "")]
    skipped = _SKIPPED | (_SECRET if is_a(applied, "Secret") else set())
    managers = field_owners.others(live)
    is_scaled = key_of(applied) in scaled
    found: dict[str, Drift] = {}
    for key in [key for key in applied if key not in skipped]:
        for path, want, have in _differences((key,), applied[key], live.get(key, ABSENT)):
            if not (is_scaled and path == ("spec", "replicas")):
                field, by = field_owners.shown(path), field_owners.owner(managers, path)
                found[field] = Drift(me, field, _shown(want), _shown(have), by)
    skipped = skipped | {"metadata"}  # every controller leaves its notes there
    for entry in managers:
        for path in field_owners.added(entry, applied):
            field, have = field_owners.shown(path), _shown(field_owners.at(live, path))
            known = path[0] in skipped or field in found or not have
            if not known and not (is_scaled and path == ("spec", "replicas")):
                found[field] = Drift(me, field, "", have, field_owners.name_of(entry))
    return list(found.values())


def _differences(path: Path, want: Any, have: Any) -> Iterator[Difference]:
    """Every place at which what is there is not what was applied."""
    if want is None or (have is ABSENT and not want):
        return  # an empty value may be left out by the API server
    if isinstance(want, dict) and isinstance(have, dict):
        for key, value in want.items():
            yield from _differences((*path, key), value, have.get(key, ABSENT))
    elif isinstance(want, list) and isinstance(have, list):
        yield from _of_lists(path, want, have)
    elif want != have and not (_QUANTITIES & set(path) and _is_same(want, have)):
        yield path, want, have


def _of_lists(path: Path, want: list[Any], have: list[Any]) -> Iterator[Difference]:
    keys = _keys_of(path, want)
    if keys:
        there = {
            identity(item, keys): item for item in have if isinstance(item, dict) and _is_plain(item, keys)
        }
        for item in want:
            mine = identity(item, keys)
            yield from _differences((*path, mine), item, there.get(mine, ABSENT))
    elif len(want) != len(have) or not all(isinstance(item, dict | list) for item in want):
        if want != have:
            yield path, want, have
    else:
        for place, item in enumerate(want):
            yield from _differences((*path, place), item, have[place])


def _keys_of(path: Path, items: Sequence[Any]) -> tuple[str, ...]:
    """The keys by which a list's items are told apart; () for a list that is one value."""
    last = path[-1] if path else ""
    for keys in _PORTS if last == "ports" else [_KEYS.get(str(last), ())]:
        if not keys or not all(isinstance(item, dict) and _is_plain(item, keys) for item in items):
            continue
        if items and len({identity(item, keys) for item in items}) == len(items):
            return keys
    return ()


def _is_plain(item: Mapping[str, Any], keys: Sequence[str]) -> bool:
    return keys[0] in item and all(isinstance(item.get(key, ""), str | int) for key in keys)


def _is_same(one: Any, other: Any) -> bool:
    """Whether both are the same quantity."""
    return parse(one) is not None and parse(one) == parse(other)


def _shown(value: Any) -> str:
    """A value in few words; "" for an absent one."""
    if value is ABSENT:
        return ""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    said = redact(" ".join(said.split())) or '""'
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
