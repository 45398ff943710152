"""What is an alarm and what is only told of the pods that are watched, and what is remembered of it."""

from __future__ import annotations

import copy
import gc
import tracemalloc
from typing import Any

import pytest
from toolkit.cluster.api.watch import Change
from toolkit.watch.lookout import Lookout
from toolkit.watch.sight import Sight, What

from tests.pure.cluster.diagnosis.restarts import ERROR, Json, feed, leaving, listed, pod


def ready(is_ready: bool, since: str = "", **more: Any) -> Json:
    state = {"type": "Ready", "status": str(is_ready), "lastTransitionTime": since}
    made = pod(conditions=[state], **more)
    made["status"]["containerStatuses"][0]["ready"] = is_ready
    return made


def replica_set(replicas: int) -> Change:
    return Change("ReplicaSet", "changed", {"metadata": {"uid": "rs"}, "spec": {"replicas": replicas}})


def changed(obj: Json) -> Change:
    return Change("Pod", "changed", obj)


def waits(of: Json, reason: str = "CrashLoopBackOff") -> Json:
    of["status"]["containerStatuses"][0].update(state={"waiting": {"reason": reason}}, ready=False)
    return of


def alarms(found: list[Sight]) -> list[What]:
    return [sight.what for sight in found if sight.alarm]


def test_each_restart_is_told_once() -> None:
    lookout = Lookout({"u/api": 1})
    found = feed(
        lookout, listed(pod(1)), changed(pod(2, ERROR)), changed(pod(2, ERROR)), listed(pod(2, ERROR))
    )
    assert [sight.sentence for sight in found] == ["Pod/p container api restarted (Error, exit code 1)"]
    assert feed(lookout, changed(pod(5, ERROR)))[0].sentence.startswith(
        "Pod/p container api restarted 3 times"
    )


def test_a_restart_while_nobody_looked_is_counted_once_by_the_next_list() -> None:
    found = feed(Lookout({}), listed(pod()), 60.0, listed(pod(2, ERROR)), listed(pod(2, ERROR)))
    assert [(sight.what, sight.total) for sight in found] == [(What.RESTART, 2)]


def test_a_pod_that_a_scale_up_adds_counts_from_0() -> None:
    new = pod(1, ERROR)
    new["metadata"] = {**new["metadata"], "uid": "new", "name": "n"}
    found = feed(Lookout({"u/api": 4}), listed(pod(4)), changed(new))
    assert [sight.sentence for sight in found] == ["Pod/n container api restarted (Error, exit code 1)"]


def test_a_crash_loop_is_told_once_and_lasts_until_the_container_is_well() -> None:
    lookout = Lookout({"u/api": 1})
    looping = waits(pod(1, ERROR))
    found = feed(lookout, listed(looping), changed(looping), 900.0)
    assert [sight.sentence for sight in found] == [
        "Pod/p container api is in CrashLoopBackOff (Error)"
    ]  # and not that it is not ready: the same thing
    assert lookout.lasting() == {("api", "Error")}
    feed(lookout, changed(pod(1, ERROR)))
    assert lookout.lasting() == set()
    assert alarms(feed(lookout, changed(looping))) == [What.BACK_OFF]


def test_the_pods_of_a_job_are_told_and_are_no_alarm() -> None:
    made = pod(1, ERROR)
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "uid": "j", "controller": True}]
    lookout = Lookout({})
    [sight] = feed(lookout, listed(made), 900.0)
    assert (sight.what, sight.alarm, lookout.alive) == (What.RESTART, False, 0)


def test_an_eviction_by_the_kubelet_is_an_alarm_once() -> None:
    evicted = pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    found = feed(Lookout({}), listed(pod()), changed(evicted), changed(evicted), listed())
    assert [sight.sentence for sight in found] == [
        "Pod/p was evicted by its node: The node was low on resource: memory."
    ]
    assert alarms(found) == [What.EVICTED]
    assert alarms(feed(Lookout({"u/api": 0}), listed(evicted))) == [What.EVICTED]


def test_an_eviction_from_before_the_deployment_is_told_and_is_no_alarm() -> None:
    [sight] = feed(Lookout({}), listed(pod(phase="Failed", reason="Evicted")))
    assert not sight.alarm and "before this watch" in sight.sentence


@pytest.mark.parametrize(
    "reason", ["EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager"]
)
def test_a_drain_is_named_and_no_alarm(reason: str) -> None:
    gone = leaving(pod(), reason=reason, message="Eviction API: evicting")
    found = feed(Lookout({}), replica_set(1), listed(pod()), changed(gone), changed(gone), listed(), 10.0)
    assert [sight.sentence for sight in found] == [
        f"Pod/p is ended by the cluster ({reason}): Eviction API: evicting"
    ]
    assert alarms(found) == []


def test_a_node_that_shuts_down_is_no_alarm() -> None:
    down = pod(phase="Failed", reason="Terminated", message="Pod was terminated in response to node shutdown")
    [sight] = feed(Lookout({}), listed(pod()), changed(down))
    assert (sight.what, sight.alarm) == (What.DISRUPTED, False)


@pytest.mark.parametrize(
    "shrink",
    [
        [replica_set(0)],
        [replica_set(1)],
        [Change("ReplicaSet", "deleted", {"metadata": {"uid": "rs"}})],
        [Change("ReplicaSet", "synced")],
    ],
    ids=["rollout", "scale-down", "deleted", "deleted unseen"],
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_rollout_or_scale_down_explains_that_a_pod_goes(shrink: list[Change], order: str) -> None:
    gone = [changed(leaving(pod(4, ERROR))), Change("Pod", "deleted", leaving(pod(4, ERROR)))]
    steps = [*shrink, *gone] if order == "before" else [gone[0], *shrink, gone[1]]
    assert feed(Lookout({}), replica_set(2), listed(pod()), *steps, 10.0) == []


def test_a_pod_deleted_by_hand_is_told_and_no_alarm() -> None:
    found = feed(Lookout({}), replica_set(2), listed(pod()), changed(leaving(pod())), 10.0, listed(), 10.0)
    assert [(sight.what, sight.alarm) for sight in found] == [(What.DELETED, False)]
    forced = feed(Lookout({}), replica_set(2), listed(pod()), Change("Pod", "deleted", pod()), 10.0)
    assert [sight.what for sight in forced] == [What.DELETED]


def test_a_scale_down_explains_as_many_pods_as_it_takes_away() -> None:
    lookout = Lookout({})
    both = [pod(), pod()]
    both[1]["metadata"] = {**both[1]["metadata"], "uid": "v", "name": "q"}
    feed(lookout, replica_set(3), listed(*both), replica_set(2))
    found = feed(lookout, *(changed(leaving(each)) for each in both), 10.0)
    assert [sight.what for sight in found] == [What.DELETED]


def test_readiness_that_flaps_is_an_alarm() -> None:
    steps = [listed(ready(True)), *(changed(ready(on)) for on in (False, True))]
    assert feed(Lookout({}), *steps) == []
    found = feed(Lookout({}), *steps, changed(ready(False)))
    assert [sight.sentence for sight in found] == [
        "Pod/p container api: its readiness changed 3 times within 10 min, without a restart"
    ]


def test_becoming_ready_is_no_flapping_and_neither_are_changes_far_apart() -> None:
    lookout = Lookout({})
    assert feed(lookout, listed(ready(False)), *(changed(ready(on)) for on in (True, False, True))) == []
    slow = [step for on in (False, True, False, True) for step in (changed(ready(on)), 301.0)]
    assert alarms(feed(Lookout({}), listed(ready(True)), *slow)) == [What.NOT_READY] * 2


def test_readiness_that_changes_with_a_restart_is_the_restarts() -> None:
    steps: list[Change | float] = [listed(ready(True))]
    for count in (1, 2, 3):
        steps += [changed(ready(False)), changed(ready(False, count=count, last=ERROR))]
        steps += [changed(ready(True, count=count, last=ERROR))]
    assert set(alarms(feed(Lookout({}), *steps))) == {What.RESTART}


def test_a_change_there_and_back_that_nobody_saw_counts() -> None:
    found = feed(Lookout({}), listed(ready(True, "1")), listed(ready(True, "2")), changed(ready(False, "3")))
    assert alarms(found) == [What.FLAPPING]


def test_not_ready_for_longer_than_its_probe_allows_is_an_alarm_once() -> None:
    lookout = Lookout({})
    assert feed(lookout, listed(ready(True)), changed(ready(False)), 4.0) == []
    lookout = Lookout({})
    found = feed(lookout, listed(ready(True)), changed(ready(False)), 8.0, changed(ready(False)), 8.0)
    assert alarms(found) == [What.NOT_READY]
    assert lookout.lasting() == {("api", "not ready")}
    feed(lookout, changed(ready(True)))
    assert lookout.lasting() == set()


def test_a_new_pod_may_take_its_time_to_start() -> None:
    slow = ready(False)
    slow["spec"]["containers"][0]["startupProbe"] = {"periodSeconds": 1, "failureThreshold": 60}
    assert feed(Lookout({}), listed(slow), 120.0) == []
    assert alarms(feed(Lookout({}), listed(slow), 130.0)) == [What.NOT_READY]
    assert alarms(feed(Lookout({"u/api": 0}), listed(slow), 10.0)) == [What.NOT_READY]


def test_a_lookout_that_does_not_judge_readiness_now_judges_it_later() -> None:
    lookout = Lookout({})
    feed(lookout, listed(ready(True)), changed(ready(False)))
    assert lookout.is_overdue(20.0)
    assert lookout.due(20.0, judging=False) == []
    assert alarms(lookout.due(21.0)) == [What.NOT_READY]
    assert not lookout.is_overdue(22.0)


@pytest.mark.parametrize("broken", [{}, {"metadata": 1}, {"metadata": {"uid": "u"}, "status": [1]}])
def test_what_is_no_pod_is_passed_over(broken: Json) -> None:
    assert feed(Lookout({}), listed(broken), changed(broken), Change("Pod", "deleted", broken), 999.0) == []


def test_memory_does_not_grow_with_what_happens() -> None:
    lookout, serial = Lookout({}), 0
    life = [ready(on, str(at)) for at, on in enumerate((True, False, True, False))]
    life += [waits(pod(1, ERROR)), ready(False, count=2, last=ERROR), leaving(pod(2, ERROR))]

    def churn(changes: int) -> int:
        """Pods that come, flap, loop, restart, leave and go; the lookout's memory in bytes afterwards."""
        nonlocal serial
        for _ in range(changes // 8):
            owners = life[0]["metadata"]["ownerReferences"]
            meta = {"uid": f"u{serial}", "name": f"p{serial}", "ownerReferences": owners}
            for each in life:
                lookout.take(changed({**each, "metadata": {**each["metadata"], **meta}}), float(serial))
                lookout.due(float(serial))
            lookout.take(Change("Pod", "deleted", {"metadata": meta}), float(serial))
            lookout.take(replica_set(serial % 3), float(serial))
            serial += 1
        lookout.due(float(serial) + 60)
        tracemalloc.start()  # only now, since it makes everything slow: what a copy takes is what there is
        try:
            kept = copy.deepcopy(lookout)
            gc.collect()
            return tracemalloc.get_traced_memory()[0] if kept.alive == 0 else -1
        finally:
            tracemalloc.stop()

    after_10_000 = churn(10_000)
    after_100_000 = churn(90_000)
    assert 0 < after_100_000 < after_10_000 + 2_000
