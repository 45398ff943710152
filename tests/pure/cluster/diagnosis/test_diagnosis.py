"""The verdict table of design.md, case by case: objects in, findings out."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolkit.cluster.api.event_index import EventIndex, events_by_object
from toolkit.cluster.diagnosis import diagnosis
from toolkit.cluster.diagnosis.finding import PATIENCE, REMEDIES, Cause, Severity
from toolkit.cluster.diagnosis.pod_diagnosis import of_pod

from tests import ROOT, scenario
from tests.pure.cluster.diagnosis.case import check, load

CASES = sorted((ROOT / "tests" / "pure" / "cases" / "diagnosis").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    check(path)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_order_in_which_objects_arrive_changes_nothing(path: Path) -> None:
    objects = load(path)["objects"]
    wanted = diagnosis.diagnose(objects)
    for seed in range(5):
        shuffled = list(objects)
        random.Random(seed).shuffle(shuffled)  # noqa: S311
        assert diagnosis.diagnose(shuffled) == wanted


@given(st.data())
def test_the_order_in_which_events_arrive_changes_nothing(data: st.DataObject) -> None:
    """Also of those that the node wrote in the same second."""
    objects = load(next(path for path in CASES if path.stem == "probe-liveness"))["objects"]
    pod = next(obj for obj in objects if obj["kind"] == "Pod")
    reasons = ["Unhealthy", "Killing", "Failed", "FailedMount", "BackOff", "Pulled"]
    said = [
        "Liveness probe failed: a",
        "Readiness probe failed: b",
        "Container api failed liveness probe",
        "x",
    ]
    made = data.draw(
        st.lists(st.tuples(st.sampled_from(reasons), st.sampled_from(said), st.integers(1, 2)), max_size=6)
    )
    about = {"kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    events = [
        {
            "kind": "Event",
            "metadata": {"name": f"e{place}", "uid": f"e{place}", "resourceVersion": str(8 + place)},
            "reason": reason,
            "message": message,
            "lastTimestamp": f"2026-11-23T04:57:0{second}Z",
            "involvedObject": about,
        }
        for place, (reason, message, second) in enumerate(made)
    ]
    rest = [obj for obj in objects if obj["kind"] != "Event"]
    wanted = diagnosis.diagnose([*rest, *events])
    shuffled = data.draw(st.permutations(events))
    assert diagnosis.diagnose([*shuffled, *rest]) == wanted
    index = EventIndex(lambda kind, name: True)
    for event in shuffled:
        index.put(event)
    assert of_pod(pod, index.get(about["uid"], [])) == of_pod(
        pod, events_by_object(events).get(about["uid"], [])
    )


@given(st.data())
def test_partial_objects_give_findings_or_none_never_an_exception(data: st.DataObject) -> None:
    """As an older or a newer API server would send them: with fields that are missing."""
    objects = copy.deepcopy(load(data.draw(st.sampled_from(CASES)))["objects"])
    for _ in range(data.draw(st.integers(1, 12))):
        leave_out(data.draw(st.sampled_from(objects)), data)
    diagnosis.diagnose(objects)


def leave_out(node: Any, data: st.DataObject) -> None:
    """Take something away somewhere below."""
    while isinstance(node, dict | list) and node:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
        if not data.draw(st.booleans()) or not isinstance(node[key], dict | list):
            del node[key]
            return
        node = node[key]


@pytest.mark.parametrize(
    ("policy", "owner", "said"),
    [
        ("OnFailure", "Job", "its Job tries again, or gives up"),
        ("Never", "Job", "its Job tries again, or gives up"),
        ("OnFailure", "", "it is started again"),
        ("Never", "", "it is not started again"),
    ],
)
def test_what_comes_after_the_end_of_a_container_is_told_by_who_starts_it_again(
    policy: str, owner: str, said: str
) -> None:
    ended = {"name": "api", "restartCount": 0, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    pod = {
        "metadata": {"name": "migrate"},
        "spec": {"restartPolicy": policy, "containers": [{"name": "api"}, {"name": "mail"}]},
        "status": {"phase": "Running", "containerStatuses": [ended]},
    }
    if owner:
        pod["metadata"]["ownerReferences"] = [{"kind": owner, "name": "x", "uid": "x", "controller": True}]
    (finding,) = of_pod(pod)
    assert finding.sentence == f"ended once after its start, last with exit code 1; {said}"


def test_each_cause_has_cases_and_a_look_alike_that_passes() -> None:
    """Every cause that can doom a release has a case in which something like it does not."""
    named: dict[str, set[str]] = {str(cause): set() for cause in set(Cause) - {Cause.SUPERSEDED}}
    for path in CASES:
        for row in load(path)["findings"]:
            named[row["cause"]].add(row["severity"])
    for cause in scenario.causes():
        named[cause].add("failed")
    assert [cause for cause, severities in named.items() if not severities] == []
    alike = {path.stem.removeprefix("lookalike-").split("-")[0] for path in CASES if "lookalike" in path.stem}
    wanted = {"image", "configuration", "mount", "start", "init", "sidecar", "node", "probe", "readiness"}
    wanted |= {
        "quota",
        "admission",
        "service",
        "volume",
        "pod",
        "deadline",
        "job",
        "old",
        "scheduling",
        "flaky",
    }
    assert wanted <= alike
    assert len(CASES) >= 60


@given(st.data())
def test_mutilated_objects_give_findings_or_none_never_an_exception(data: st.DataObject) -> None:
    case = load(data.draw(st.sampled_from(CASES)))
    objects = copy.deepcopy(case["objects"])
    junk = st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just([]), st.just({}), st.just([[]])
    )
    for _ in range(data.draw(st.integers(1, 6))):
        mutilate(objects, data, junk)
    found = diagnosis.diagnose(objects)
    assert all(each.sentence and each.cause in REMEDIES for each in found)
    for obj in objects:
        of_pod(obj, objects)


def mutilate(objects: Any, data: st.DataObject, junk: st.SearchStrategy[Any]) -> None:
    """Walk down some path and put junk there, or take the value away."""
    node: Any = objects
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        child = node[key]
        if isinstance(child, dict | list) and child and data.draw(st.integers(0, 4)):
            node = child
        elif isinstance(node, dict) and data.draw(st.booleans()):
            del node[key]
            return
        else:
            node[key] = data.draw(junk)
            return


@pytest.mark.parametrize(
    "thing", [None, 1, "x", [], {}, {"status": None}, {"status": {"containerStatuses": 3}}]
)
def test_what_is_no_pod_is_no_exception(thing: Any) -> None:
    assert isinstance(of_pod(thing), list)


def test_every_cause_has_a_remedy_and_every_suspicious_one_its_patience() -> None:
    assert set(REMEDIES) == set(Cause)
    found = [each for path in CASES for each in diagnosis.diagnose(load(path)["objects"])]
    suspicious = [each for each in found if each.severity is Severity.SUSPICIOUS]
    assert {each.cause for each in suspicious if not each.heals} <= set(PATIENCE)
    assert {each.patience for each in suspicious if each.heals} == {600.0}, "the API's progress deadline"


def test_the_new_replica_set_is_told_by_its_template_not_by_its_age() -> None:
    case = load(next(path for path in CASES if path.stem == "lookalike-old-revision"))
    deployment = case["objects"][0]
    sets = [obj for obj in case["objects"] if obj["kind"] == "ReplicaSet"]
    newest = diagnosis.new_replica_set(deployment, sets)
    assert newest is not None and newest["metadata"]["uid"] == "rs-new"


def test_severities_are_ordered_gravest_first() -> None:
    case = load(next(path for path in CASES if path.stem == "progress-deadline"))
    found = diagnosis.diagnose(case["objects"])
    assert [each.severity for each in found] == [Severity.FATAL, Severity.SUSPICIOUS]
