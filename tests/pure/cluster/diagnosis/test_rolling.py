"""What happens to an object in mid-rollout: by its own life, or by somebody else's hand."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from toolkit.cluster.diagnosis import diagnosis, rolling
from toolkit.cluster.diagnosis.finding import Cause, Finding, Severity, within
from toolkit.cluster.diagnosis.progress import Awaited

from tests import ROOT

CASES = ROOT / "tests" / "pure" / "cases" / "diagnosis"
Json = dict[str, Any]
TEMPLATE = {"f:spec": {"f:template": {"f:spec": {}}}}


def objects(case: str, kind: str) -> list[Json]:
    found = json.loads((CASES / f"{case}.json").read_text())["objects"]
    return [obj for obj in found if obj["kind"] == kind]


def deployment() -> Json:
    """One that is all there."""
    found = objects("healthy", "Deployment")[0]
    found["metadata"]["generation"] = found["status"]["observedGeneration"] = 3
    return found


def judged(live: Json | None) -> list[Finding]:
    sets, pods = objects("healthy", "ReplicaSet"), objects("healthy", "Pod")
    return Awaited.of(deployment()).findings(live, sets, pods, {})


def done(live: Json) -> bool:
    sets, pods = objects("healthy", "ReplicaSet"), objects("healthy", "Pod")
    for each in sets:  # its controller has followed
        each["spec"]["template"]["metadata"].setdefault("annotations", {}).update(
            live["spec"]["template"]["metadata"].get("annotations", {})
        )
    return Awaited.of(deployment()).done(live, sets, pods)


def the(found: list[Finding]) -> Finding:
    assert len(found) == 1
    return found[0]


def test_another_hand_ends_the_verdict_and_the_cause_says_how() -> None:
    gone = the(judged(None))
    assert (gone.cause, gone.severity) == (Cause.TAKEN_AWAY, Severity.FATAL)
    assert "was deleted by somebody while it was rolled out" in gone.sentence
    anew = deployment()
    anew["metadata"]["uid"] = "dep-2"
    assert the(judged(anew)).cause is Cause.TAKEN_AWAY
    going = deployment()
    going["metadata"]["deletionTimestamp"] = "2026-11-23T04:57:00Z"
    going["status"]["availableReplicas"] = 1
    assert the(judged(going)).cause is Cause.TAKEN_AWAY
    changed = deployment()
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "x"
    changed["metadata"]["managedFields"] = [
        {"manager": "pipeline", "time": "2026-11-23T04:57:00Z", "fieldsV1": TEMPLATE},
        {"manager": "kubectl-edit", "time": "2026-11-23T04:58:00Z", "fieldsV1": TEMPLATE},
        {"manager": "kube-controller-manager", "time": "2026-11-23T04:59:00Z", "fieldsV1": {"f:status": {}}},
    ]
    found = the(judged(changed))
    assert (found.cause, found.severity) == (Cause.SUPERSEDED, Severity.FATAL)
    assert "was changed by somebody else (kubectl-edit, at 2026-11-23T04:58:00Z)" in found.sentence
    shown = "kubectl -n formbuilder-platform-test-dev get deployment/fb-submitter-api-test-dev -o yaml"
    assert shown in found.remedy


def test_a_restart_by_a_person_is_a_wish_for_other_pods() -> None:
    live = deployment()
    live["spec"]["template"]["metadata"]["annotations"] = {rolling.RESTARTED: "2026-11-23T05:00:00Z"}
    assert the(judged(live)).cause is Cause.SUPERSEDED
    assert not done(live)


def test_a_controllers_note_on_the_template_changes_nothing_of_what_was_applied() -> None:
    live = deployment()
    live["metadata"]["generation"] = live["status"]["observedGeneration"] = 4
    live["spec"]["template"]["metadata"]["annotations"] = {"reloader/last-reloaded-from": "settings"}
    assert all(each.severity is Severity.WAITING for each in judged(live)), "its new ReplicaSet comes"
    assert done(live)
    less = deployment()
    less["spec"]["template"]["metadata"]["labels"].pop("appGroup")
    assert the(judged(less)).cause is Cause.SUPERSEDED, "a label that is gone is no note"


def test_an_autoscaler_that_changes_the_replicas_is_nobody_elses_hand() -> None:
    live = deployment()
    live["metadata"]["generation"] = live["status"]["observedGeneration"] = 5
    live["spec"]["replicas"] = 5
    assert judged(live) == [] and not done(live), "the three that are new are awaited"
    live["spec"]["replicas"] = 1
    live["status"] |= {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    assert done(live)


def test_a_namespace_that_is_being_deleted_takes_its_objects_along() -> None:
    awaited = Awaited.of(deployment())
    going = {"metadata": {"deletionTimestamp": "2026-11-23T04:57:00Z"}}
    for namespace in (going, None):
        found = the(awaited.gone(deployment(), {}, lambda namespace=namespace: namespace))
        assert "went with its namespace" in found.sentence
        assert "deploy again once it is gone" in found.remedy
    assert "deleted by somebody" in the(awaited.gone(deployment(), {}, dict)).sentence


def test_an_object_goes_with_its_owner() -> None:
    owned = deployment()
    owned["metadata"]["ownerReferences"] = [{"kind": "Site", "name": "forms", "uid": "s"}]
    found = the(Awaited.of(owned).gone(owned, {}, dict))
    assert "went with its owner, Site/forms" in found.sentence and "Site/forms" in found.remedy


def job(case: str = "job-complete") -> Json:
    return copy.deepcopy(objects(case, "Job")[0])


def event(reason: str) -> dict[str, list[Json]]:
    return {job()["metadata"]["uid"]: [{"reason": "SuccessfulCreate"}, {"reason": reason}]}


@pytest.mark.parametrize("last", [job(), None])
def test_a_job_that_completed_and_is_gone_has_done_its_work(last: Json | None) -> None:
    """ttlSecondsAfterFinished: 0 removes it in the moment in which it completes."""
    events = {} if last else event("Completed")
    assert Awaited.of(job()).gone(last, events) == []


def test_a_job_that_failed_and_is_gone_has_failed() -> None:
    last = the(Awaited.of(job()).gone(job("job-failed"), {}))
    told = the(Awaited.of(job()).gone(None, event("BackoffLimitExceeded")))
    for found in (last, told):
        assert (found.cause, found.severity) == (Cause.JOB, Severity.FATAL)
        assert "BackoffLimitExceeded" in found.sentence


def test_a_job_that_is_gone_without_a_word_is_given_the_time_that_an_event_takes() -> None:
    found = the(Awaited.of(job()).gone(None, {}))
    assert (found.cause, found.severity, found.patience) == (Cause.TAKEN_AWAY, Severity.SUSPICIOUS, 5.0)


def test_a_job_that_is_going_because_it_completed_is_done() -> None:
    live = job()
    live["metadata"] |= {"deletionTimestamp": "2026-11-23T04:57:00Z", "finalizers": ["foregroundDeletion"]}
    assert Awaited.of(job()).findings(live, [], [], {}) == []
    assert Awaited.of(job()).done(live, [], [])


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 600.0), (120, 120.0), (3, 30.0), (2147483647, 2147483647.0)]
)
def test_what_heals_has_the_time_that_the_workload_gives_its_progress(given: object, seconds: float) -> None:
    found = objects("readiness-never", "Deployment")[0]
    if given is not None:
        found["spec"]["progressDeadlineSeconds"] = given
    rest = [each for kind in ("ReplicaSet", "Pod", "Event") for each in objects("readiness-never", kind)]
    assert {each.patience for each in diagnosis.diagnose([found, *rest])} == {seconds}
    assert within([], found) == []


def test_a_quota_is_waited_for_while_a_new_pod_starts_that_frees_it() -> None:
    """Its old pod goes once the first new one is ready: however long that start takes."""
    case = json.loads((CASES / "lookalike-quota-first-is-ready.json").read_text())["objects"]
    quota = next(each for each in diagnosis.diagnose(case) if each.cause is Cause.QUOTA)
    assert quota.severity is Severity.SUSPICIOUS and not quota.heals and quota.patience == 20
    pod = next(obj for obj in case if obj["kind"] == "Pod")
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}]
    pod["status"]["conditions"] = conditions
    quota = next(each for each in diagnosis.diagnose(case) if each.cause is Cause.QUOTA)
    assert quota.heals and quota.patience == 600
