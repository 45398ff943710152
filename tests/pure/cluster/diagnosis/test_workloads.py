"""StatefulSets and DaemonSets: when they are done, and whose findings count. Pure, on objects from files."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from toolkit.cluster.api.event_index import events_by_object
from toolkit.cluster.diagnosis import progress
from toolkit.cluster.diagnosis.finding import Cause, Severity
from toolkit.cluster.diagnosis.progress import Awaited

from tests import ROOT

CASES = ROOT / "tests" / "pure" / "cases" / "workloads"
Json = dict[str, Any]
KINDS = ("stateful-set", "daemon-set")


def rolled_out(which: str) -> tuple[Json, list[Json]]:
    """A workload that is all there, and its pods."""
    workload, *pods = json.loads((CASES / f"{which}.json").read_text())["objects"]
    return workload, pods


def put(obj: Json, path: str, value: Any) -> None:
    *way, last = path.split(".")
    for key in way:
        obj = obj.setdefault(key, {})
    obj[last] = value


def make_old(pod: Json) -> None:
    """Of the revision before."""
    pod["metadata"]["labels"] |= {"controller-revision-hash": "store-old", "pod-template-generation": "1"}


def break_down(pod: Json) -> None:
    """In a crash loop."""
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    pod["status"]["containerStatuses"][0] |= {
        "ready": False,
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}},
    }


@pytest.mark.parametrize("which", KINDS)
def test_one_that_is_rolled_out_is_done_and_has_no_findings(which: str) -> None:
    live, pods = rolled_out(which)
    awaited = Awaited.of(live)
    assert awaited.done(live, [], pods) and progress.stands(live)
    assert awaited.findings(live, [], pods, {}) == []


@pytest.mark.parametrize(
    ("which", "path", "value", "words"),
    [
        ("stateful-set", "status.observedGeneration", 1, "waits for the StatefulSet controller"),
        ("stateful-set", "status", {}, "waits for the StatefulSet controller"),
        ("stateful-set", "status.readyReplicas", 2, "3 of 3 updated, 2 of 3 ready"),
        ("stateful-set", "status.updatedReplicas", 1, "1 of 3 updated, 3 of 3 ready"),
        ("daemon-set", "status.observedGeneration", 1, "waits for the DaemonSet controller"),
        ("daemon-set", "status", {}, "waits for the DaemonSet controller"),
        ("daemon-set", "status.updatedNumberScheduled", 1, "1 of 2 updated, 2 of 2 available"),
        ("daemon-set", "status.numberAvailable", 1, "2 of 2 updated, 1 of 2 available"),
        ("daemon-set", "status.desiredNumberScheduled", 3, "2 of 3 updated, 2 of 3 available"),
    ],
)
def test_anything_less_is_not_done(which: str, path: str, value: object, words: str) -> None:
    live, pods = rolled_out(which)
    awaited = Awaited.of(live)
    put(live, path, value)
    assert not awaited.done(live, [], pods) and not progress.stands(live)
    assert awaited.line(live) == f"store: {words}"


@pytest.mark.parametrize("which", KINDS)
def test_pods_of_the_old_revision_or_on_another_digest_are_not_done(which: str) -> None:
    live, pods = rolled_out(which)
    make_old(pods[0])
    assert not Awaited.of(live).done(live, [], pods)
    live, pods = rolled_out(which)
    pods[0]["status"]["containerStatuses"][0]["imageID"] = "registry.example/fb-store@sha256:" + "b" * 64
    assert not Awaited.of(live).done(live, [], pods)


def test_what_is_below_a_partition_stays_as_it_is() -> None:
    live, pods = rolled_out("stateful-set")
    put(live, "spec.updateStrategy.rollingUpdate.partition", 2)
    put(live, "status.updatedReplicas", 1)
    put(live, "status.updateRevision", "store-new")
    awaited = Awaited.of(live)
    assert not awaited.done(live, [], pods), "none of the pods is of the new revision yet"
    pods[2]["metadata"]["labels"]["controller-revision-hash"] = "store-new"
    assert awaited.done(live, [], pods)
    assert awaited.line(live) == "store: 1 of 1 updated (partition: 2 stay as they are), 3 of 3 ready"


def test_a_partition_above_the_replicas_asks_for_no_new_pod() -> None:
    live, pods = rolled_out("stateful-set")
    put(live, "spec.updateStrategy.rollingUpdate.partition", 5)
    put(live, "status.updateRevision", "store-new")
    put(live, "status.updatedReplicas", 0)
    assert Awaited.of(live).done(live, [], pods)


def test_without_the_rolling_updates_settings_the_revisions_decide() -> None:
    live, pods = rolled_out("stateful-set")
    del live["spec"]["updateStrategy"]["rollingUpdate"]
    assert Awaited.of(live).done(live, [], pods)
    put(live, "status.currentRevision", "store-old")
    assert not Awaited.of(live).done(live, [], pods)


@pytest.mark.parametrize("which", KINDS)
def test_on_delete_is_done_when_the_old_pods_are_ready_and_says_so(which: str) -> None:
    live, pods = rolled_out(which)
    live["spec"]["updateStrategy"] = {"type": "OnDelete"}
    live["status"] |= {"updatedReplicas": 0, "updatedNumberScheduled": 0, "updateRevision": "store-new"}
    put(live, "metadata.annotations", {"deprecated.daemonset.template.generation": "3"})
    awaited = Awaited.of(live)
    assert awaited.done(live, [], pods)
    assert "OnDelete: its pods become new ones only when they are deleted" in awaited.line(live)
    live["status"] |= {"readyReplicas": 1, "numberAvailable": 1}
    assert not awaited.done(live, [], pods)


@pytest.mark.parametrize("which", KINDS)
def test_nothing_to_run_is_done_without_a_pod(which: str) -> None:
    live, _ = rolled_out(which)
    put(live, "spec.replicas", 0)
    live["status"] = {"observedGeneration": 2, "updateRevision": "store-7c9d5f8b6"}
    assert Awaited.of(live).done(live, [], [])


@pytest.mark.parametrize("which", KINDS)
def test_only_the_new_revisions_pods_doom_it(which: str) -> None:
    live, pods = rolled_out(which)
    for pod in pods:
        break_down(pod)
    found = Awaited.of(live).findings(live, [], pods, {})
    assert {(each.cause, each.severity) for each in found} == {(Cause.CRASH, Severity.FATAL)}
    assert {each.object for each in found} == {f"Pod/{pod['metadata']['name']}" for pod in pods}
    for pod in pods:
        make_old(pod)
    assert not [each for each in Awaited.of(live).findings(live, [], pods, {}) if each.cause is Cause.CRASH]


def test_where_nobody_counts_a_daemon_sets_templates_its_status_tells_once_all_pods_are_new() -> None:
    live, pods = rolled_out("daemon-set")
    del live["metadata"]["annotations"]["deprecated.daemonset.template.generation"]
    assert Awaited.of(live).done(live, [], pods)
    break_down(pods[0])
    assert [each.cause for each in Awaited.of(live).findings(live, [], pods, {})] == [Cause.CRASH]
    put(live, "status.updatedNumberScheduled", 1)  # the one that crashes may be an old one
    assert Awaited.of(live).findings(live, [], pods, {}) == []
    assert not Awaited.of(live).done(live, [], pods)


@pytest.mark.parametrize("which", KINDS)
def test_pods_of_somebody_else_do_not_count(which: str) -> None:
    live, pods = rolled_out(which)
    break_down(pods[0])
    pods[0]["metadata"]["ownerReferences"][0]["uid"] = "another"
    assert Awaited.of(live).findings(live, [], pods, {}) == []
    assert not Awaited.of(live).done(live, [], pods)


def test_a_status_of_the_old_template_accuses_nobody() -> None:
    live, pods = rolled_out("stateful-set")
    put(live, "status.observedGeneration", 1)
    break_down(pods[0])
    [found] = Awaited.of(live).findings(live, [], pods, {})
    assert (found.severity, found.cause) == (Severity.WAITING, Cause.STARTING)


def test_a_broken_pod_of_an_earlier_revision_that_blocks_the_others_is_named_with_the_way_out() -> None:
    live, pods = rolled_out("stateful-set")
    make_old(pods[2])
    break_down(pods[2])
    [found] = Awaited.of(live).findings(live, [], pods, {})
    assert found.object == "Pod/store-2" and found.severity is Severity.WAITING
    assert "kubectl delete pod store-2" in found.sentence
    put(live, "spec.podManagementPolicy", "Parallel")
    assert Awaited.of(live).findings(live, [], pods, {}) == []


def event(kind: str, uid: str, reason: str, message: str, at: str) -> Json:
    about = {"kind": kind, "name": "store", "uid": uid}
    name = f"store.{reason}{at}"
    return {
        "kind": "Event", "metadata": {"name": name, "uid": name}, "involvedObject": about,
        "reason": reason, "message": message, "type": "Warning", "lastTimestamp": at,
    }  # fmt: skip


QUOTA = 'pods "store-2" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'


@pytest.mark.parametrize(
    ("which", "missing"), [("stateful-set", "replicas"), ("daemon-set", "currentNumberScheduled")]
)
def test_pods_that_may_not_be_created_are_told_from_the_last_event(which: str, missing: str) -> None:
    live, pods = rolled_out(which)
    failed = event(
        live["kind"],
        live["metadata"]["uid"],
        "FailedCreate",
        f"create Pod failed: {QUOTA}",
        "2026-11-20T10:05Z",
    )
    assert Awaited.of(live).findings(live, [], pods, events_by_object([failed])) == [], "nothing is missing"
    put(live, f"status.{missing}", 1)
    [found] = Awaited.of(live).findings(live, [], pods, events_by_object([failed]))
    assert (found.cause, found.severity) == (Cause.QUOTA, Severity.SUSPICIOUS)
    assert "used: pods=2" in found.sentence and found.patience > 0
    after = event(
        live["kind"], live["metadata"]["uid"], "SuccessfulCreate", "create Pod store-2", "2026-11-20T10:06Z"
    )
    assert Awaited.of(live).findings(live, [], pods, events_by_object([failed, after])) == []


@pytest.mark.parametrize("which", KINDS)
def test_a_change_by_somebody_else_ends_the_verdict(which: str) -> None:
    live, pods = rolled_out(which)
    changed = copy.deepcopy(live)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "x"
    [found] = Awaited.of(live).findings(changed, [], pods, {})
    assert found.severity is Severity.FATAL and "changed by somebody else" in found.sentence


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from places(inner, (*way, key))


@pytest.mark.parametrize("junk", [None, "x", [None], {"a": 1}], ids=repr)
@pytest.mark.parametrize("which", KINDS)
def test_mutilated_objects_give_findings_or_none_and_never_an_exception(which: str, junk: object) -> None:
    live, pods = rolled_out(which)
    awaited = Awaited.of(live)
    everything = [live, *pods]
    for way in places(everything):
        mutilated = copy.deepcopy(everything)
        node: Any = mutilated
        for key in way[:-1]:
            node = node[key]
        node[way[-1]] = junk
        first, *others = mutilated
        if isinstance(first, dict):
            found = awaited.findings(first, [], others, {})
            assert all(each.sentence for each in found)
            assert awaited.done(first, [], others) in (True, False)
            assert awaited.line(first).startswith("store: ")
