"""What `make status` says of what it found: notes, ages, and a table that stays readable."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from toolkit.cluster.release import lock
from toolkit.cluster.release.drift import Drift
from toolkit.cluster.release.releases import Hold, Release
from toolkit.reporting import overview, status_table
from toolkit.reporting.overview import NO_CODE, Row

NOW = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
AT = "2026-11-23T05:00:00Z"
NEWEST = Release("1-x", "9f8e7d6", "9f8e", "main", "ann@laptop", AT, "r7", {"api": "i@sha256:1"})
DONE = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "d", "generation": 1},
    "spec": {"replicas": 1},
    "status": DONE,
}
HALF = {**DEPLOYMENT, "status": {**DONE, "availableReplicas": 0}}
ROW = Row("submitter", "production", "live-dev", version="1a2b3c4", wanted=2, ready=2, by="ann", since=AT)


def lease(renewed: str = "2026-11-23T05:09:55.123456Z") -> dict[str, Any]:
    return {
        "metadata": {"annotations": {lock.HOLDER: "ann@laptop", lock.RUN: "r7"}},
        "spec": {"acquireTime": "2026-11-23T05:06:55Z", "renewTime": renewed, "leaseDurationSeconds": 30},
    }


def notes(
    newest: Release = NEWEST, *, locked: Any = None, workloads: Any = (DEPLOYMENT,), **row: Any
) -> tuple[str, ...]:
    made = Row("submitter", "production", "live-dev", **row)
    return overview.notes(made, newest, locked, workloads, NOW)


def in_state(state: str, **more: Any) -> Release:
    return Release.read({**vars(NEWEST), "state": state, **more})


def test_all_is_well_without_a_word() -> None:
    assert notes() == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"newest": in_state("deploying"), "locked": lease(), "workloads": [HALF]},
            ["9f8e7d6 is being deployed by ann@laptop in run r7 for 3 min 5 s"],
        ),
        ({"locked": lease()}, ["locked by ann@laptop in run r7 for 3 min 5 s"]),
        (
            {"locked": lease("2026-11-23T05:08:00Z")},
            [
                "locked by ann@laptop in run r7 for 3 min 5 s; not renewed for 2 min 0 s:"
                " the next deployment takes it over"
            ],
        ),
        ({"locked": {}}, ["locked by somebody for 0 s"]),
        (
            {"newest": in_state("deploying")},
            [
                "deployment of 9f8e7d6 by ann@laptop in run r7 was cut short 10 min 0 s ago:"
                " make deploy APP=submitter ENV=live-dev or make rollback APP=submitter ENV=live-dev"
            ],
        ),
        (
            {"newest": in_state("cut short", back_from="0", run="")},
            [
                "rollback to 9f8e7d6 by ann@laptop was cut short 10 min 0 s ago:"
                " make deploy APP=submitter ENV=live-dev or make rollback APP=submitter ENV=live-dev"
            ],
        ),
        (
            {"newest": in_state("failed"), "workloads": [HALF]},
            [
                "deployment of 9f8e7d6 by ann@laptop in run r7 failed 10 min 0 s ago",
                "d is not fully rolled out",
            ],
        ),
        ({"workloads": []}, ["its workloads are gone"]),
        ({"back_from": "5e6f"}, ["back from 5e6f"]),
        (
            {"held": (Hold("1a2b", "", AT, "ann", "r6", "out of memory:\n container api"),)},
            ["held: 1a2b (out of memory: container api), FORCE=1 lifts it"],
        ),
        (
            {"drift": (Drift("Deployment/x", "spec.replicas", "2", "5", "kubectl-scale"),)},
            ["drift: Deployment/x spec.replicas is 5, applied 2, changed by kubectl-scale"],
        ),
    ],
)  # fmt: skip
def test_notes(given: dict[str, Any], said: list[str]) -> None:
    assert notes(**given) == tuple(said)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-23T05:09:48Z", "12 s"),
        ("2026-11-23T05:06:55.9Z", "3 min 4 s"),
        ("2026-11-23T03:00:00Z", "2 h 10 min"),
        ("2026-11-22T03:10:00Z", "26 h 0 min"),
        ("2026-11-20T03:10:00Z", "3 days"),
        ("2026-11-23T06:00:00Z", "0 s"),
        ("soon", "0 s"),
        ("", "0 s"),
        ("2026-11-23T05:00:00", "0 s"),
    ],
)
def test_ages_in_words(moment: str, words: str) -> None:
    assert overview.age(moment, NOW) == words


def test_pods_of_every_kind_of_workload_are_counted() -> None:
    stateful = {"kind": "StatefulSet", "spec": {"replicas": 3}, "status": {"readyReplicas": 2}}
    daemons = {"kind": "DaemonSet", "spec": {}, "status": {"desiredNumberScheduled": 4, "numberReady": 4}}
    assert [overview._ready(each) for each in (DEPLOYMENT, stateful, daemons)] == [0, 2, 4]
    assert [overview._wanted(each) for each in (DEPLOYMENT, stateful, daemons)] == [1, 3, 4]


def test_what_serves_and_what_was_tried() -> None:
    good, bad = in_state("deployed", version="1a2b3c4", verified=True), in_state("failed")
    made = overview._of_release(Row("a", "p", "s"), [bad, good])
    assert (made.version, made.verified, made.state, made.attempt) == ("1a2b3c4", True, "failed", "9f8e7d6")
    made = overview._of_release(Row("a", "p", "s"), [good, bad])
    assert (made.version, made.state, made.attempt) == ("1a2b3c4", "deployed", "")
    made = overview._of_release(Row("a", "p", "s"), [bad])
    assert (made.version, made.verified, made.attempt) == ("", False, "9f8e7d6")


def test_the_table_is_aligned_and_a_short_note_stands_in_its_row() -> None:
    rows = [
        Row("a", "test", "test-dev", notes=("not deployed",)),
        Row("long-name", "test", "x", version="v", wanted=2),
    ]
    lines = status_table.status(rows)
    assert lines[0].split() == list(status_table.HEADINGS)
    assert lines[1].split() == ["a", "test-dev", "-", "-", "-", "-", "-", "not", "deployed"]
    assert lines[2].split() == ["long-name", "x", "v", "-", "-", "no", "0/2"]
    assert lines[1].index("test-dev") == lines[2].index("x")
    assert not any(line.endswith(" ") for line in lines)


def test_long_and_many_notes_are_wrapped_below_and_never_widen_the_table() -> None:
    long = (
        "drift: Deployment/fb-submitter-api-live-dev spec.template.spec.containers[api].env[A].value is "
        + "x" * 200
    )
    row = Row(
        "service-token-cache", "production", "live-production", version="0123456789ab-dirty", since=AT,
        by="somebody.with.a.long.name@a.host.with.a.long.name.example", verified=True, ready=10, wanted=10,
        notes=(long, *(f"note {n}" for n in range(20))),
    )  # fmt: skip
    lines = status_table.status([row, Row("pdf-generator", "test", "test-production", notes=(NO_CODE,))])
    assert max(map(len, lines)) <= status_table.WIDTH
    below = [line for line in lines if line.startswith("    ")]
    assert below[0].startswith("    drift: Deployment/fb-submitter-api")
    assert below[-2] == "    and 16 more: --json has all"
    assert below[-1] == f"    {NO_CODE}"


def test_the_history_says_what_became_of_each_release() -> None:
    known = (in_state("deployed", version="1a2b3c4", back_from="9f8e7d6", verified=True), in_state("failed"))
    lines = status_table.history([Row("a", "production", "live-dev", releases=known)])
    assert lines[1].split() == [
        *("live-dev", "1a2b3c4", "2026-11-23", "05:00Z", "ann@laptop", "yes", "deployed", "9f8e7d6")
    ]
    assert lines[2].split()[-3:] == ["no", "failed", "-"]
    assert status_table.history([ROW]) == []


def test_json_has_everything() -> None:
    made = Row(
        "a", "production", "live-dev", notes=("x", "y"), releases=(NEWEST,),
        held=(Hold("1a2b", "c", AT, "ann", "r6", "why"),),
        drift=(Drift("Deployment/x", "spec.replicas", "2", "5", "kubectl-scale"),),
    )  # fmt: skip
    [found] = json.loads(json.dumps(overview.as_json([made], history=True)))
    assert found["note"] == "x; y"
    assert found["held"][0]["why"] == "why"
    assert found["drift"][0]["manager"] == "kubectl-scale"
    assert found["drift"][0]["sentence"].startswith("Deployment/x spec.replicas is 5")
    assert found["releases"][0]["version"] == "9f8e7d6"
    [short] = overview.as_json([made], history=False)
    assert "releases" not in short


def test_apps_without_code_are_told_in_one_line() -> None:
    rows = [
        Row("a", "t", "x", notes=(NO_CODE,)),
        Row("b", "t", "x", notes=(NO_CODE,)),
        Row("b", "t", "y", notes=("z",)),
    ]
    assert overview.without_code(rows) == ["a"]
