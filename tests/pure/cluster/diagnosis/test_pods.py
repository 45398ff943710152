"""What a restart means, what is an alarm and what is only told, and what is remembered of it."""

from __future__ import annotations

import pytest
from toolkit.cluster.diagnosis import pods, probes
from toolkit.watch.lookout import Lookout

from tests.pure.cluster.diagnosis.restarts import ERROR, feed, leaving, listed, pod


def test_a_restart_since_the_baseline_is_told_with_reason_code_and_limit() -> None:
    found = pods.restarts(pod(3, {"reason": "OOMKilled", "exitCode": 137}), {"u/api": 1})
    assert [each.sentence for each in found] == [
        "Pod/p container api restarted 2 times (OOMKilled, exit code 137, memory limit 64Mi)"
    ]
    assert found[0].total == 3


def test_the_baseline_itself_is_no_alarm() -> None:
    assert pods.restarts(pod(3), {"u/api": 3}) == []
    assert pods.restarts(pod(0), {}) == []


def test_a_container_that_is_not_in_the_baseline_started_at_0() -> None:
    assert len(pods.restarts(pod(1, ERROR), {})) == 1


def test_counts_are_the_baseline_of_what_still_runs() -> None:
    assert pods.counts([pod(2)]) == {"u/api": 2}
    assert pods.counts([pod(2, phase="Failed", reason="Evicted")]) == {}


def test_a_pod_on_its_way_out_leaves() -> None:
    assert pods.leaves(leaving(pod()))
    assert not pods.leaves(pod())
    assert not pods.leaves({"metadata": 3})


@pytest.mark.parametrize("kind", ["once", "sidecar"])
def test_init_containers_and_sidecars_count(kind: str) -> None:
    made = pod()
    policy = {"restartPolicy": "Always"} if kind == "sidecar" else {}
    made["spec"]["initContainers"] = [{"name": "first", **policy}]
    status = {"name": "first", "restartCount": 1, "lastState": {"terminated": ERROR}}
    made["status"]["initContainerStatuses"] = [status]
    assert pods.counts([made]) == {"u/api": 0, "u/first": 1}
    [sight] = feed(Lookout({}), listed(made))
    assert (sight.container, sight.reason, sight.alarm) == ("first", "Error", True)
    status["lastState"] = {"terminated": {"reason": "Completed", "exitCode": 0}}
    assert len(feed(Lookout({}), listed(made))) == (1 if kind == "sidecar" else 0)


def test_a_pod_that_leaves_its_service_is_told_by_its_readiness_probe() -> None:
    probe = {"initialDelaySeconds": 5, "periodSeconds": 2, "failureThreshold": 4}
    assert probes.until_unready({"readinessProbe": probe}) == 5 + 2 * 4 * 2
    assert probes.until_unready({"readinessProbe": {}}) == 60  # the API's defaults: every 10 s, 3 times
