"""What a run's record says in words, and the Slack message made of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolkit.alerting import slack
from toolkit.reporting import summary

from tests.pure.reporting.records import LIVE, TEST, record, stage

BROKEN_SMOKE = stage(
    "smoke",
    "production",
    "failed",
    reason="POST /v2/submissions answered 500",
    remedy="make rollback",
    evidence=[*(f"line {n}" for n in range(9)), "assert 500 == `201`"],
)


@pytest.mark.parametrize(
    ("run", "headline"),
    [
        (record(*TEST, *LIVE), "✅ submitter: 1.4-0123456 is verified in production"),
        (record(*TEST), "✅ submitter: 1.4-0123456 is verified in test"),
        (
            record(TEST[0]),
            "✅ submitter: 1.4-0123456 is deployed in test, not verified yet: no pass of healthcheck",
        ),
        (
            record(*TEST, LIVE[0]),
            "✅ submitter: 1.4-0123456 is deployed in production, not verified yet: no pass of healthcheck",
        ),
        (record(*TEST, *LIVE[:2], BROKEN_SMOKE), "❌ submitter: smoke failed in production"),
        (record(stages=[stage("lint")]), "✅ submitter: lint passed"),
        (
            record(stages=[stage("lint", outcome="reused"), stage("unit")]),
            "✅ submitter: lint and unit passed",
        ),
        (
            record(stages=[stage("lint", outcome="failed"), stage("unit", outcome="failed")]),
            "❌ submitter: lint and unit failed",
        ),
        (
            # What was stopped because another stage failed is not the news.
            record(stages=[stage("unit", outcome="failed"), stage("build", outcome="interrupted")]),
            "❌ submitter: unit failed",
        ),
        (
            record(stages=[stage("lint", outcome="interrupted"), stage("unit", outcome="interrupted")]),
            "✋ submitter: lint and unit were interrupted",
        ),
        (
            record(*TEST, stage("approve", "production", "refused")),
            "⛔ submitter: approve was refused in production",
        ),
        (record(stage("deploy", "test", "timed out")), "⏱️ submitter: deploy timed out in test"),
        (record(stages=[], outcome="interrupted"), "✋ submitter: the run was interrupted"),
        (
            record(stages=[stage("lint", outcome="running")], app=None),
            "❔ pipeline: the run has no result yet",
        ),
    ],
)
def test_headlines(run: dict[str, Any], headline: str) -> None:
    assert summary.headline(run) == headline


@pytest.mark.parametrize(
    ("stages", "state"),
    [
        (TEST, "not touched by this run"),
        ([*TEST, stage("approve", "production", "refused")], "not touched by this run"),
        ([*TEST, *LIVE], "deployed, healthcheck, smoke and watch passed"),
        ([*TEST, LIVE[0]], "deployed"),
        ([*TEST, *LIVE[:2], BROKEN_SMOKE], "deployed, then smoke failed"),
        ([*TEST, stage("deploy", "production", "timed out")], "deploy timed out"),
    ],
)
def test_what_happened_to_production(stages: list[dict[str, Any]], state: str) -> None:
    assert dict(summary.environments(record(*stages)))["production"] == state


@pytest.mark.parametrize(
    ("finished", "words"),
    [
        ("2026-11-23T03:12:07+00:00", "7 s"),
        ("2026-11-23T03:15:12Z", "3 min 12 s"),
        ("2026-11-23T05:13:00+00:00", "2 h 1 min"),
        ("soon", ""),
    ],
)
def test_duration(finished: str, words: str) -> None:
    assert summary.duration(record(finished=finished)) == words


def test_the_newest_result_of_each_stage_counts() -> None:
    runs = [
        record(run="b", stages=[stage("unit", outcome="failed")], started="2026-11-23T03:01:00Z", url=""),
        record(run="a", stages=[stage("lint")], started="2026-11-23T03:00:00Z"),
        record(run="c", stages=[stage("unit")], started="2026-11-23T03:02:00Z", url=""),
    ]
    merged = summary.combine(runs)
    assert [each["name"] for each in merged["stages"]] == ["lint", "unit"]
    assert (merged["outcome"], merged["run"], merged["started"]) == ("passed", "c", "2026-11-23T03:00:00Z")
    assert merged["url"] == "https://ci.example/job/7"


def test_the_message_answers_every_question() -> None:
    told = slack.message(record(*TEST, *LIVE[:2], BROKEN_SMOKE))
    whole = json.dumps(told.blocks, ensure_ascii=False)
    for answer in (
        "submitter",
        "production",
        "1.4-0123456",
        "main",
        "0123456789ab",
        "Ada Lovelace",
        "failed",
        "3 min 12 s",
        "POST /v2/submissions answered 500",
        "make rollback",
        "deployed, then smoke failed",
    ):
        assert answer in whole
        assert answer in told.plain
    assert "<https://ci.example/job/7|CI job>" in whole
    assert "```line 5\\nline 6\\nline 7\\nline 8\\nassert 500 == '201'```" in whole
    assert told.text.startswith("❌ submitter: smoke failed in production")
    assert told.blocks[0]["type"] == "header"


def test_the_plain_text_reads_like_this() -> None:
    assert slack.message(record(*TEST, *LIVE[:2], BROKEN_SMOKE)).plain == (
        "❌ submitter: smoke failed in production\n"
        "  why          smoke production: POST /v2/submissions answered 500\n"
        "    | line 5\n"
        "    | line 6\n"
        "    | line 7\n"
        "    | line 8\n"
        "    | assert 500 == `201`\n"
        "  what to do   make rollback\n"
        "  test         deployed, healthcheck, smoke and acceptance passed\n"
        "  production   deployed, then smoke failed\n"
        "  app          submitter\n"
        "  outcome      failed\n"
        "  environment  production\n"
        "  version      1.4-0123456\n"
        "  branch       main\n"
        "  commit       0123456789ab\n"
        "  who          Ada Lovelace\n"
        "  duration     3 min 12 s\n"
        "  CI job       https://ci.example/job/7"
    )


def test_nothing_in_a_record_can_call_everybody_or_forge_a_link() -> None:
    evil = "<!channel> & <https://evil.example|here>"
    told = slack.message(
        record(
            stage("deploy", evil, "failed", reason=evil, remedy=evil),
            branch=evil,
            app=evil,
            url="javascript:x y",
        )
    )
    whole = json.dumps([told.blocks, told.text])
    assert "<!channel>" not in whole
    assert "<https://evil" not in whole
    assert "javascript" not in whole
    assert "&lt;!channel&gt; &amp; " in whole


@given(st.text(alphabet="&<>ab", max_size=60), st.integers(1, 80))
def test_escaping_never_cuts_an_entity_nor_passes_the_limit(text: str, limit: int) -> None:
    escaped = slack.escape(text, limit)
    assert len(escaped) <= limit
    assert not re.search(r"&(?!(amp|lt|gt);)|[<>]", escaped)


def test_a_message_of_monstrous_texts_keeps_to_the_limits() -> None:
    long = "<" * 9000
    bad = [
        stage(f"{long}{n}", long, "failed", reason=long, remedy=long, evidence=[long] * 20) for n in range(40)
    ]
    told = slack.message(record(*bad, branch=long, author=long, version=long, url="https://x/" + "a" * 9000))
    assert len(told.blocks) <= 50
    for block in told.blocks:
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= slack.HEADER_LIMIT
        elif "fields" in block:
            assert len(block["fields"]) <= 10
            assert all(len(each["text"]) <= slack.FIELD_LIMIT for each in block["fields"])
        else:
            texts = [block["text"]] if "text" in block else block["elements"]
            assert all(len(each["text"]) <= slack.SECTION_LIMIT for each in texts)
