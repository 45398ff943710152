"""What is kept of a release, what is shown of it, and in which order its objects are applied: pure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from toolkit.cluster.release import lock, release_store, releases
from toolkit.cluster.release.apply import phases
from toolkit.cluster.release.kept import packing
from toolkit.cluster.release.releases import Hold, Release

RELEASE = Release("1-x", "1a2b", "1a2b3c", "main", "me", "2026-11-23T05:00:00Z", "r", {"api": "i@sha256:1"})


def test_secrets_lose_their_data_and_the_run_leaves_no_trace() -> None:
    secret: dict[str, Any] = {
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"form-builder/version": "r1", "kept": "yes"}},
        "data": {"a": "c2VjcmV0"},
        "stringData": {"b": "secret"},
    }
    packed = packing.pack([secret])
    assert packing.unpack(packed) == [
        {"kind": "Secret", "metadata": {"name": "s", "annotations": {"kept": "yes"}}}
    ]
    secret["metadata"]["annotations"]["form-builder/version"] = "r2"
    assert packing.pack([secret]) == packed
    assert secret["data"] == {"a": "c2VjcmV0"}


@pytest.mark.parametrize("text", ["", "x", "aGVsbG8="])
def test_what_cannot_be_unpacked_is_nothing(text: str) -> None:
    assert packing.unpack(text) is None


def test_only_the_newest_releases_are_kept_and_as_many_objects_as_fit() -> None:
    rows: list[dict[str, Any]] = [{"id": str(n)} for n in range(9)]
    data = {f"objects-{n}": "x" * 400_000 for n in range(9)}
    release_store.store(data, rows)
    assert [row["id"] for row in json.loads(data["releases.json"])] == ["0", "1", "2", "3", "4"]
    assert sorted(key for key in data if key.startswith("objects-")) == ["objects-0", "objects-1"]
    assert sum(len(value) for value in data.values()) < 1 << 20


def test_a_release_of_a_newer_toolkit_can_be_read() -> None:
    found = Release.read(
        {"id": "1", "version": "v", "images": {"api": "x"}, "colour": "blue", "needed": ["smoke"]}
    )
    assert (found.version, found.needed, found.by) == ("v", ("smoke",), "")


def test_damaged_records_are_no_exception() -> None:
    assert releases._read({"releases.json": "{oops"}) == []
    assert releases._read({"releases.json": '["x", 3]'}) == []
    assert releases._read({}) == []


def test_the_newest_verified_release_outlives_any_number_of_failures() -> None:
    rows: list[dict[str, Any]] = [{"id": str(n), "verified": n == 7} for n in range(9)]
    data = {f"objects-{n}": "x" * 400_000 for n in range(9)}
    release_store.store(data, rows)
    assert [row["id"] for row in json.loads(data["releases.json"])] == ["0", "1", "2", "3", "4", "7"]
    assert sorted(key for key in data if key.startswith("objects-")) == ["objects-0", "objects-7"]


def release(version: str, *, content: str = "", **more: Any) -> Release:
    return replace(RELEASE, id=version, version=version, content=content or version, **more)


def test_only_what_was_verified_and_is_something_else_can_be_gone_back_to() -> None:
    bad = release("4", state=releases.FAILED)
    known = [
        bad,
        release("3"),  # never verified
        release("2b", content="4", verified=True),  # the same thing as what failed
        release("2", verified=True, state=releases.CUT_SHORT),
        release("1", verified=True),
        release("0", verified=True),
    ]
    assert releases.last_good(known, bad) == known[4]
    assert releases.last_good(known, bad, version="0") == known[5]
    assert releases.last_good(known, bad, version="3") is None
    held = [Hold("1", "1", "now", "me", "r", "it was bad")]
    assert releases.last_good(known, bad, held) == known[5]
    assert releases.last_good(known, bad, held, version="1") == known[4]
    assert releases.last_good([bad], bad) is None


def test_a_hold_is_on_a_version_and_on_the_same_thing_under_another_name() -> None:
    known = [
        Hold("1a2b", "c0", "now", "me", "r", "it was bad"),
        Hold("1a2b-dirty", "c1", "now", "me", "r", ""),
    ]
    assert releases.held(known, "1a2b", "other") == known[0]
    assert releases.held(known, "9f9f", "c0") == known[0]
    assert releases.held(known, "9f9f", "other") is None
    assert releases.held(known, "1a2b-dirty", "other") is None  # other files by now, perhaps
    assert releases.held([Hold("", "", "", "", "", "")], "x", "") is None


def obj(kind: str, name: str = "x") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}}


def test_objects_are_applied_in_the_order_in_which_they_need_each_other() -> None:
    kinds = [
        "HorizontalPodAutoscaler",
        "Deployment",
        "Job",
        "Service",
        "ConfigMap",
        "Secret",
        "ServiceAccount",
    ]
    early, jobs, rest = phases([obj(kind) for kind in kinds])
    assert [each["kind"] for each in early] == ["ServiceAccount", "ConfigMap", "Secret", "Service"]
    assert [each["kind"] for each in jobs] == ["Job"]
    assert [each["kind"] for each in rest] == ["Deployment", "HorizontalPodAutoscaler"]


def test_the_dead_of_this_machine_are_known_and_strangers_are_not_presumed_dead() -> None:
    mine = lock.process_identity()
    assert mine.split()[2].isdigit()

    def lease(identity: str) -> dict[str, Any]:
        return {"metadata": {"annotations": {lock.PROCESS: identity}}}

    boot, namespace, pid, started = mine.split()
    assert not lock._is_dead(lease(mine))
    assert lock._is_dead(lease(f"{boot} {namespace} {pid} 1"))  # the number was given to another process
    assert lock._is_dead(lease(f"{boot} {namespace} 4194304999 {started}"))
    assert not lock._is_dead(lease(f"another-boot {namespace} 4194304999 {started}"))
    assert not lock._is_dead(lease(""))


def test_a_lock_says_who_holds_it_since_when() -> None:
    lease = {
        "metadata": {"annotations": {lock.HOLDER: "ann@laptop", lock.RUN: "r7"}},
        "spec": {"acquireTime": "2026-11-23T05:00:00Z"},
    }
    assert lock.holder_of(lease) == "ann@laptop since 2026-11-23T05:00:00Z in run r7"
    assert lock.holder_of({}) == "somebody since an unknown time"
