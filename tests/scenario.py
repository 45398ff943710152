"""Scenarios: what was applied, what the cluster then shows, and what is to be made of it. A folder each.

tests/scenarios/<name>/objects.yaml is what the API server took; seen.yaml what it shows afterwards, moment by
moment ({at: seconds} begins one, {gone: Kind/name} takes an object away); expected.toml the verdict and the
state of each object. What stays as it was need not be written again: an object that is seen lies over the one
of before. uids are Kind/name, and owners and subjects of events get theirs.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests import ROOT

Json = dict[str, Any]
HOME = ROOT / "tests" / "scenarios"
FOLDERS = sorted(path.parent for path in HOME.glob("*/expected.toml"))
KINDS_WITHOUT_GENERATION = ("Service", "Event", "Node", "PersistentVolumeClaim", "ConfigMap", "Pod")


class Moment(NamedTuple):
    """All that there is from that second on."""

    at: float
    objects: list[Json]


class Scenario(NamedTuple):
    """applied are the API server's answers, expected what expected.toml holds."""

    name: str
    applied: list[Json]
    moments: list[Moment]
    expected: Json


@cache
def load(folder: Path) -> Scenario:
    """A folder."""
    applied = [_whole(obj) for obj in _documents(folder / "objects.yaml")]
    expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    return Scenario(folder.name, applied, list(_moments(folder / "seen.yaml", applied)), expected)


def causes() -> set[str]:
    """The causes that some scenario ends with."""
    return {
        row["cause"]
        for folder in FOLDERS
        for row in load(folder).expected["objects"].values()
        if "cause" in row
    }


def _documents(file: Path) -> list[Json]:
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def _moments(file: Path, applied: list[Json]) -> Iterator[Moment]:
    now = {_place(obj): obj for obj in applied}
    at = 0.0
    for document in _documents(file):
        if "at" in document:
            yield Moment(at, copy.deepcopy(list(now.values())))
            at = float(document["at"])
        elif "gone" in document:
            now = {place: obj for place, obj in now.items() if key(obj) != document["gone"]}
        else:
            now[_place(document)] = _whole(_over(now.get(_place(document), {}), document))
    yield Moment(at, copy.deepcopy(list(now.values())))


def key(obj: Json) -> str:
    """Kind/name."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def _place(obj: Json) -> str:
    """Group and Kind/name: two groups may have one of the same."""
    return f"{obj['apiVersion'].rpartition('/')[0]} {key(obj)}"


def _over(before: Json, now: Json) -> Json:
    merged = {**before, **now}
    for name, value in now.items():
        if isinstance(value, dict) and isinstance(before.get(name), dict) and name != "status":
            merged[name] = _over(before[name], value)
    return merged


def _whole(obj: Json) -> Json:
    """With what the API server adds: uid, generation, the uids of owners and subjects."""
    made = copy.deepcopy(obj)
    metadata = made["metadata"]
    metadata.setdefault("uid", key(made))
    if made["kind"] not in KINDS_WITHOUT_GENERATION:
        metadata.setdefault("generation", 1)
    for owner in metadata.get("ownerReferences", []):
        owner |= {"controller": True, "uid": owner.get("uid", f"{owner['kind']}/{owner['name']}")}
    if subject := made.get("involvedObject"):
        subject.setdefault("uid", f"{subject['kind']}/{subject['name']}")
        made.setdefault("lastTimestamp", "2026-11-23T05:00:00Z")
    return made
