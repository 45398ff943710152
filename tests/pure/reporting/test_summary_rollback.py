"""What the person on call reads when a release failed: what serves now comes first, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from toolkit.alerting import slack
from toolkit.reporting import summary

from tests.pure.reporting.records import LIVE, TEST, record, stage

BACK = {
    "to": "1a2b3c4",
    "from": "9f8e7d6",
    "outcome": "passed",
    "reason": "1a2b3c4 is back",
    "verified": True,
}
NONE = {
    **BACK,
    "to": None,
    "outcome": "failed",
    "reason": "it has no verified earlier release",
    "verified": False,
}
ILL = {**BACK, "outcome": "failed", "reason": "1a2b3c4 is back, but /health answers 500", "verified": False}


def space(rollback: dict[str, Any], name: str = "live-dev") -> dict[str, Any]:
    return {
        "cause": "out of memory",
        "evidence": f"stages/deploy-production/evidence/{name}/summary.md",
        "rollback": rollback,
    }


def deploy(*, settled: bool = True, **spaces: dict[str, Any]) -> dict[str, Any]:
    return stage(
        "deploy",
        "production",
        "failed",
        reason="live-dev: out of memory: Pod/fb-api, container api: 64Mi are not enough",
        remedy="raise the memory limit, or find the leak",
        evidence=["event OOMKilling", "log: loading the world"],
        log="deploy-production.log",
        details={
            **({"settled": True} if settled else {}),
            **{n.replace("_", "-"): s for n, s in spaces.items()},
        },
    )


def rollback(outcome: str = "passed", **more: Any) -> dict[str, Any]:
    return stage("rollback", "production", outcome, log="rollback-production.log", **more)


SMOKE = stage(
    "smoke", "production", "failed", reason="POST answered 500", remedy="mend it", log="smoke-production.log"
)
KEPT = {"evidence": "stages/rollback-production/evidence/live-dev/summary.md"}


@pytest.mark.parametrize(
    ("stages", "headline", "production"),
    [
        (
            [deploy(live_dev=space(BACK))],
            "❌ submitter: deploy failed in production, rolled back to 1a2b3c4",
            "serves 1a2b3c4 again (rolled back, verified)",
        ),
        (
            [deploy(live_dev=space(BACK), live_production={"rollback": BACK})],
            "❌ submitter: deploy failed in production, rolled back to 1a2b3c4",
            "serves 1a2b3c4 again (rolled back, verified)",
        ),
        (
            [*LIVE[:2], SMOKE, rollback(details={"live-dev": {"rollback": BACK, **KEPT}})],
            "❌ submitter: smoke failed in production, rolled back to 1a2b3c4",
            "serves 1a2b3c4 again (rolled back, verified)",
        ),
        (
            [*LIVE[:2], SMOKE, rollback(details={"live-dev": {"rollback": {**BACK, "verified": False}}})],
            "❌ submitter: smoke failed in production, rolled back to 1a2b3c4",
            "serves 1a2b3c4 again (rolled back, not verified yet)",
        ),
        (
            [deploy(live_dev=space(NONE))],
            "❌ submitter: deploy failed in production, NOT ROLLED BACK: look now",
            "NOT ROLLED BACK: it has no verified earlier release: look now",
        ),
        (
            [deploy(live_dev=space(ILL), live_production={"rollback": BACK})],
            "❌ submitter: deploy failed in production, ROLLBACK FAILED: look now",
            "live-dev: ROLLBACK FAILED: 1a2b3c4 is back, but /health answers 500: look now; "
            "live-production: serves 1a2b3c4 again (rolled back, verified)",
        ),
        (
            [*LIVE[:2], SMOKE, rollback("timed out", reason="it was not done after 1320 s")],
            "❌ submitter: smoke failed in production, ROLLBACK FAILED: look now",
            "ROLLBACK FAILED: it was not done after 1320 s: look now",
        ),
        (  # the deploy stage could not, the stage after it could
            [deploy(settled=False, live_dev=space(ILL)), rollback(details={"live-dev": {"rollback": BACK}})],
            "❌ submitter: deploy failed in production, rolled back to 1a2b3c4",
            "serves 1a2b3c4 again (rolled back, verified)",
        ),
        (  # one space could not be locked, and so has nothing to say of its own
            [
                *LIVE[:2],
                SMOKE,
                rollback("refused", reason="y: is being deployed", details={"x": {"rollback": BACK}}),
            ],
            "❌ submitter: smoke failed in production, ROLLBACK FAILED: look now",
            "ROLLBACK FAILED: y: is being deployed: look now; "
            "x: serves 1a2b3c4 again (rolled back, verified)",
        ),
        (  # nothing had to be undone: what is there was verified
            [*LIVE[:2], SMOKE, rollback(reason="1a2b3c4 is verified: there is nothing to undo")],
            "❌ submitter: smoke failed in production",
            "deployed, then smoke failed",
        ),
        (
            [*LIVE[:2], SMOKE, {**rollback(), "outcome": "not run"}],
            "❌ submitter: smoke failed in production",
            "deployed, then smoke failed",
        ),
        (  # by hand, after a run that passed
            [*LIVE, rollback(details={"live-dev": {"rollback": BACK}})],
            "✅ submitter: rolled back to 1a2b3c4 (verified) in production",
            "serves 1a2b3c4 again (rolled back, verified)",
        ),
        (  # by hand
            [rollback("failed", reason="it has no verified earlier release")],
            "❌ submitter: rollback failed in production: look now",
            "ROLLBACK FAILED: it has no verified earlier release: look now",
        ),
    ],
)
def test_what_became_of_production(stages: list[dict[str, Any]], headline: str, production: str) -> None:
    run = record(*TEST, *stages)
    assert summary.headline(run) == headline
    assert dict(summary.environments(run))["production"] == production
    assert len(slack.message(run).blocks[0]["text"]["text"]) <= slack.HEADER_LIMIT


def test_one_message_is_enough() -> None:
    assert slack.message(record(*TEST, deploy(live_dev=space(BACK)))).plain.splitlines()[:9] == [
        "❌ submitter: deploy failed in production, rolled back to 1a2b3c4",
        "  why          deploy production: live-dev: out of memory: Pod/fb-api, container api:"
        " 64Mi are not enough",
        "    | event OOMKilling",
        "    | log: loading the world",
        "  what to do   raise the memory limit, or find the leak",
        "  evidence     .pipeline/runs/r1/stages/deploy-production/evidence/live-dev/summary.md",
        "  test         deployed, healthcheck, smoke and acceptance passed",
        "  production   serves 1a2b3c4 again (rolled back, verified)",
        "  app          submitter",
    ]


def test_a_rollback_that_failed_is_the_first_thing_to_read() -> None:
    bad = rollback(
        "failed", reason="live-dev: ill", remedy="make status ENV=live-dev", evidence=["answers 500"],
        details={"live-dev": {"rollback": ILL, **KEPT}},
    )  # fmt: skip
    told = slack.message(record(*TEST, *LIVE[:2], SMOKE, bad))
    assert told.plain.splitlines()[:8] == [
        "❌ submitter: smoke failed in production, ROLLBACK FAILED: look now",
        "  why          production: ROLLBACK FAILED: 1a2b3c4 is back, but /health answers 500: look now",
        "    | answers 500",
        "  what to do   make status ENV=live-dev",
        "  evidence     .pipeline/runs/r1/stages/rollback-production/evidence/live-dev/summary.md",
        "  why          smoke production: POST answered 500",
        "  what to do   mend it",
        "  evidence     .pipeline/runs/r1/stages/rollback-production/evidence/live-dev/summary.md",
    ]
    assert "ROLLBACK FAILED" in told.text
    first = told.blocks[1]["text"]["text"]
    assert "ROLLBACK FAILED" in first
    assert "*Evidence:* .pipeline/runs/r1/stages/rollback-production" in first


def test_what_the_preflight_stopped_changed_nothing_and_its_first_problems_are_shown() -> None:
    lines = [f"Secret/s{n}: there is no such Secret" for n in range(9)]
    details = {"settled": True, "live-dev": {"preflight": [{"object": "Secret/s0"}]}}
    stopped = stage("deploy", "production", "failed", reason="9 problems", evidence=lines, details=details)
    told = record(*TEST, stopped)
    assert dict(summary.environments(told))["production"] == "deploy failed, nothing was changed"
    assert summary.troubles(told)[0].evidence == tuple(lines[:5])


def test_where_there_is_no_evidence_the_log_is_named() -> None:
    told = slack.message(record(*TEST, *LIVE[:2], SMOKE)).plain
    assert "  evidence     .pipeline/runs/r1/smoke-production.log" in told


def test_the_jobs_of_a_ci_system_are_told_as_one() -> None:
    started = [f"2026-11-23T03:0{n}:00Z" for n in range(5)]
    jobs = [
        record(run="a", started=started[0], stages=[stage("deploy", "production")]),
        record(run="b", started=started[1], stages=[SMOKE], outcome="failed"),
        record(
            run="c", started=started[2], stages=[rollback(details={"live-dev": {"rollback": BACK, **KEPT}})]
        ),
    ]
    whole = summary.combine(jobs)
    assert summary.headline(whole) == "❌ submitter: smoke failed in production, rolled back to 1a2b3c4"
    [trouble] = summary.troubles(whole)
    assert trouble.files == (".pipeline/runs/c/stages/rollback-production/evidence/live-dev/summary.md",), (
        "each stage's files are in the run of its own job"
    )
    again = [
        *jobs,
        record(run="d", started=started[3], stages=[stage("deploy", "production")]),
        record(run="e", started=started[4], stages=[stage("healthcheck", "production")]),
    ]
    assert summary.headline(summary.combine(again)) == "✅ submitter: 1.4-0123456 is verified in production"


@pytest.mark.parametrize(
    "details", [{"live-dev": 3}, {"live-dev": {"rollback": "x"}}, "x", None, {"a": {"evidence": 1}}]
)
def test_damaged_details_are_no_exception(details: Any) -> None:
    run = record(stage("deploy", "production", "failed", reason="x", details=details))
    assert "deploy failed in production" in json.dumps(slack.message(run).blocks)


def test_a_monstrous_rollback_keeps_to_the_limits() -> None:
    long = "<" * 9000
    spaces = {f"s{n}": space({**ILL, "reason": long, "to": long}) for n in range(40)}
    told = slack.message(
        record(deploy(**spaces), rollback("failed", reason=long, remedy=long, evidence=[long]))
    )
    assert len(told.blocks[0]["text"]["text"]) <= slack.HEADER_LIMIT
    for block in told.blocks:
        if block["type"] == "section" and "text" in block:
            assert len(block["text"]["text"]) <= slack.SECTION_LIMIT
