"""What is kept of a release, what is shown of it, and in which order its objects are applied: pure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from toolkit import healthcheck, overview
from toolkit.cluster import lock, releases
from toolkit.cluster.apply import phases
from toolkit.cluster.releases import Release
from toolkit.healthcheck import Answers
from toolkit.overview import Row

RELEASE = Release("1-x", "1a2b", "1a2b3c", "main", "me", "2026-11-23T05:00:00Z", "r", {"api": "i@sha256:1"})


def test_secrets_lose_their_data_and_the_run_leaves_no_trace() -> None:
    secret: dict[str, Any] = {
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"form-builder/run": "r1", "kept": "yes"}},
        "data": {"a": "c2VjcmV0"},
        "stringData": {"b": "secret"},
    }
    packed = releases._pack([secret])
    assert releases._unpack(packed) == [
        {"kind": "Secret", "metadata": {"name": "s", "annotations": {"kept": "yes"}}}
    ]
    secret["metadata"]["annotations"]["form-builder/run"] = "r2"
    assert releases._pack([secret]) == packed
    assert secret["data"] == {"a": "c2VjcmV0"}


@pytest.mark.parametrize("text", ["", "x", "aGVsbG8="])
def test_what_cannot_be_unpacked_is_nothing(text: str) -> None:
    assert releases._unpack(text) is None


def test_only_the_newest_releases_are_kept_and_as_many_objects_as_fit() -> None:
    rows: list[dict[str, Any]] = [{"id": str(n)} for n in range(9)]
    data = {f"objects-{n}": "x" * 400_000 for n in range(9)}
    releases._store(data, rows)
    assert [row["id"] for row in json.loads(data["releases.json"])] == ["0", "1", "2", "3", "4"]
    assert sorted(key for key in data if key.startswith("objects-")) == ["objects-0", "objects-1"]
    assert sum(len(value) for value in data.values()) < 1 << 20


def test_a_release_of_a_newer_toolkit_can_be_read() -> None:
    found = Release.read(
        {"id": "1", "version": "v", "images": {"api": "x"}, "colour": "blue", "needed": ["smoke"]}
    )
    assert (found.version, found.needed, found.by) == ("v", ("smoke",), "")


def test_damaged_records_are_no_exception() -> None:
    assert releases._read({"data": {"releases.json": "{oops"}}) == []
    assert releases._read({"data": {"releases.json": '["x", 3]'}}) == []
    assert releases._read(None) == []


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


def deployment(image: str, *, available: int = 1) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "d", "generation": 1, "annotations": {"form-builder/version": "9z"}},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "api", "image": image}]}}},
        "status": {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "availableReplicas": available,
        },
    }


@pytest.mark.parametrize(
    ("deployments", "words"),
    [
        ([deployment("i@sha256:1")], ""),
        ([deployment("i@sha256:2")], "set to another image of 9z"),
        ([deployment("i@sha256:1", available=0)], "not fully rolled out"),
        ([], "are gone"),
    ],
)
def test_drift_is_shown(deployments: list[dict[str, Any]], words: str) -> None:
    found = overview.drift(deployments, RELEASE)
    assert (words in found) if words else found == ""


def test_the_table_is_aligned() -> None:
    rows = [Row("a", "test", "test-dev"), Row("long-name", "test", "x", version="v", wanted=2, ready=1)]
    lines = overview.table(rows)
    assert lines[0].split() == list(overview.HEADINGS)
    assert lines[1].split() == ["a", "test-dev", "-", "-", "-", "-", "-"]
    assert lines[2].split() == ["long-name", "x", "v", "-", "-", "no", "1/2"]
    assert lines[1].index("test-dev") == lines[2].index("x")


PORTS = [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 9000}, {"port": 82}]
SERVICE = {"spec": {"ports": PORTS}}
SIDECAR = {"ports": [{"name": "smtp", "containerPort": 25}]}
POD = {"spec": {"containers": [SIDECAR, {"ports": [{"name": "http", "containerPort": 3000}]}]}}


@pytest.mark.parametrize(("port", "found"), [(80, 3000), (81, 9000), (82, 82)])
def test_the_port_behind_a_service(port: int, found: int) -> None:
    assert healthcheck.pod_port(SERVICE, POD, port) == found


def test_pods_on_another_digest_are_named() -> None:
    def pod(image: str) -> dict[str, Any]:
        return {
            "metadata": {"name": image[-4:]},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "api", "imageID": image}],
            },
        }

    good, bad = pod("i@sha256:1111"), pod("i@sha256:2222")
    wrong = healthcheck.wrong_digests([good, bad], {"api": "i@sha256:1111"})
    assert wrong == ["Pod/2222 runs sha256:2222, not what was deployed"]


def test_latencies_are_nearest_rank_quantiles_in_milliseconds() -> None:
    heard = {"x": Answers([n / 1000 for n in range(1, 101)]), "silent": Answers(bad="no")}
    assert healthcheck.latencies(heard) == {"x": {"p50": 50.0, "p95": 95.0, "max": 100.0}}


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
