"""Warning headers as problems: what is kept and not run is refused where it would be waited for."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.api.transport import warned as texts
from toolkit.cluster.preflight.saying import problem, warned
from toolkit.cluster.preflight.saying.problem import Problem

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", []),
        ('299 - "one"', ["one"]),
        ('299 - "one, and two", 299 - "say \\"hello\\""', ["one, and two", 'say "hello"']),
        ("nonsense", []),
    ],
)
def test_a_header_may_hold_several(header: str, said: list[str]) -> None:
    assert texts(header) == said


def maker(kind: str, api_version: str, **spec: Any) -> Json:
    spec = {"template": {"spec": {"containers": [{"name": "app"}]}}, **spec}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}


CONTROLLER = maker("ReplicationController", "v1")
SCALER = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"}}


@pytest.mark.parametrize(
    ("obj", "said", "certain"),
    [
        (CONTROLLER, "sandbox: ReplicationController is kept, nothing acts on it", True),
        (maker("Rollout", "argoproj.io/v1"), "sandbox: Rollout is kept, nothing acts on it", False),
        (
            maker("ReplicationController", "v1", replicas=0),
            "ReplicationController: nothing acts on it",
            False,
        ),
        (SCALER, "sandbox: HorizontalPodAutoscaler is kept, nothing acts on it", False),
        (SCALER, "autoscaling/v2beta2 is deprecated in v1.23+", False),
        (CONTROLLER, 'would violate PodSecurity "restricted:latest"', False),
    ],
)
def test_only_what_would_be_waited_for_in_vain_is_refused(obj: Json, said: str, certain: bool) -> None:
    (found,) = warned.problems(obj, [said])
    assert found.is_certain is certain
    assert said in found.sentence and found.remedy


def test_a_warning_is_no_failure_and_is_on_record_all_the_same() -> None:
    doubt = Problem("Service/x", "chooses no pods", "correct its selector", is_certain=False)
    outcome = problem.outcome([doubt])
    assert outcome.passed
    assert outcome.details == {
        "preflight": [
            {
                "object": "Service/x",
                "sentence": "chooses no pods",
                "remedy": "correct its selector",
                "kind": "warning",
            }
        ]
    }
    both = problem.outcome([doubt, Problem("Secret/y", "is not there", "create it")])
    assert both.reason.startswith("1 problem found") and "Service/x" not in both.reason
    assert [row["kind"] for row in both.details["preflight"]] == ["warning", "failed"]


def test_what_is_certain_once_is_certain() -> None:
    doubt = Problem("Secret/x", "is not there", "create it", is_certain=False)
    assert problem.distinct([doubt, doubt._replace(is_certain=True)]) == [doubt._replace(is_certain=True)]
