"""A pod's phase, conditions and quality of service from what its containers do."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.node.reporting.status import ContainerView, PodView, phase, pod_status, qos_class, waiting

RUNNING = {"running": {"startedAt": "t"}}


def over(code: int) -> dict[str, Any]:
    return {"terminated": {"exitCode": code}}


def container(state: dict[str, Any], **more: Any) -> ContainerView:
    return ContainerView("app", "image", state, **more)


def view(
    containers: list[ContainerView], policy: str = "Always", inits: list[ContainerView] | None = None
) -> PodView:
    pod = {"metadata": {"name": "p"}, "spec": {"restartPolicy": policy, "containers": []}}
    return PodView(pod, containers, inits or [], "127.9.1.1", "127.9.0.1", "t0", set_up=True)


@pytest.mark.parametrize(
    ("policy", "containers", "expected"),
    [
        ("Always", [container(waiting("ContainerCreating"))], "Pending"),
        ("Always", [container(RUNNING)], "Running"),
        ("Always", [container(RUNNING), container(waiting("ErrImagePull"))], "Pending"),
        ("Always", [container(waiting("CrashLoopBackOff"), last_state=over(1))], "Running"),
        ("Always", [container(over(0))], "Running"),
        ("OnFailure", [container(over(0))], "Succeeded"),
        ("OnFailure", [container(over(1))], "Running"),
        ("Never", [container(over(0)), container(over(0))], "Succeeded"),
        ("Never", [container(over(0)), container(over(1))], "Failed"),
        ("Never", [container(over(1)), container(RUNNING)], "Running"),
    ],
)
def test_phase(policy: str, containers: list[ContainerView], expected: str) -> None:
    assert phase(view(containers, policy)) == expected


@pytest.mark.parametrize(
    ("policy", "init", "expected"),
    [
        ("Always", container(RUNNING), "Pending"),
        ("Always", container(over(1)), "Pending"),
        ("Never", container(over(1)), "Failed"),
        ("Always", container(over(0)), "Running"),
        ("Always", container(RUNNING, sidecar=True, started=True), "Running"),
        ("Always", container(RUNNING, sidecar=True), "Pending"),
    ],
)
def test_phase_with_an_init_container(policy: str, init: ContainerView, expected: str) -> None:
    assert phase(view([container(RUNNING)], policy, [init])) == expected


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        one["type"]: (one["status"], one.get("message", one.get("reason", "")))
        for one in status["conditions"]
    }


def test_conditions_of_a_pod_that_is_not_ready() -> None:
    status = pod_status(view([container(RUNNING)], inits=[container(RUNNING)]), "t1")
    assert conditions(status) == {
        "PodReadyToStartContainers": ("True", ""),
        "Initialized": ("False", "containers with incomplete status: [app]"),
        "Ready": ("False", "containers with unready status: [app]"),
        "ContainersReady": ("False", "containers with unready status: [app]"),
        "PodScheduled": ("True", ""),
    }


def test_a_condition_keeps_its_time_until_it_changes_and_others_are_kept() -> None:
    ready = view([container(RUNNING, ready=True)])
    ready.pod["status"] = {
        "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "before"},
            {"type": "ContainersReady", "status": "False", "lastTransitionTime": "before"},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": "first"},
            {"type": "example.org/gate", "status": "True"},
        ]
    }
    told = {one["type"]: one for one in pod_status(ready, "now")["conditions"]}
    assert told["Ready"]["lastTransitionTime"] == "before"
    assert told["ContainersReady"]["lastTransitionTime"] == "now"
    assert told["PodScheduled"]["lastTransitionTime"] == "first"
    assert "example.org/gate" in told


def test_a_readiness_gate_holds_the_pod_back() -> None:
    gated = view([container(RUNNING, ready=True)])
    gated.pod["spec"]["readinessGates"] = [{"conditionType": "example.org/gate"}]
    told = conditions(pod_status(gated, "now"))
    assert told["Ready"][0] == "False" and told["ContainersReady"][0] == "True"
    gated.pod["status"] = {"conditions": [{"type": "example.org/gate", "status": "True"}]}
    assert conditions(pod_status(gated, "now"))["Ready"][0] == "True"


def test_a_pod_that_is_done_says_so() -> None:
    told = conditions(pod_status(view([container(over(0))], "Never"), "now"))
    assert told["Ready"] == told["ContainersReady"] == ("False", "PodCompleted")
    told = conditions(pod_status(view([container(over(1))], "Never"), "now"))
    assert told["Ready"] == ("False", "PodFailed")


def test_a_pod_that_the_node_gave_up() -> None:
    given_up = view([container(RUNNING)])
    given_up.reason, given_up.message = "DeadlineExceeded", "too long"
    status = pod_status(given_up, "now")
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed",
        "DeadlineExceeded",
        "too long",
    )


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}}], "Guaranteed"),
        (
            [{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}],
            "Guaranteed",
        ),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}}, {}], "Burstable"),
        ([{"limits": {"memory": "1Gi"}}], "Burstable"),
    ],
)
def test_quality_of_service(resources: list[dict[str, Any]], expected: str) -> None:
    assert qos_class({"spec": {"containers": [{"resources": one} for one in resources]}}) == expected
