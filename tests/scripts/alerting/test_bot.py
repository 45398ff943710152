"""With a bot token a run is one message that changes, details in its thread; whatever Slack and kills do."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Outcome

from tests.scripts.alerting.slack_double import TOKEN, Slack
from tests.scripts.alerting.webhook import BROKEN, Webhook, alert, leave_run, start, waiting
from tests.scripts.scripted import Scripted, until


@pytest.fixture
def slack() -> Iterator[Slack]:
    server = Slack()
    yield server
    server.close()


def told(root: Path, slack: Slack, *flags: str, code: int = 0, **more: str) -> str:
    return alert(root, *flags, code=code, **slack.env(**more))


def test_a_release_is_one_message_from_its_start_to_its_end_with_details_in_its_thread(
    tmp_path: Path, slack: Slack
) -> None:
    run = Scripted(tmp_path)
    run.env |= slack.env()
    run.stage("deploy-production", "until [ -e go ]; do sleep 0.05; done; echo no; exit 1")
    process = run.start()
    until(lambda: slack.shown)
    (message,) = slack.shown
    assert message.title == "🚚 toy: uncommitted is on its way"
    assert slack.thread_of(message) == []
    (run.root / "go").touch()
    process.communicate(timeout=60)
    assert slack.shown == [message]
    assert message.title.startswith("❌ toy: deploy failed in production")
    assert len(message.texts) == 2
    (details,) = slack.thread_of(message)
    assert "deploy production: deploy-production ended with exit code 1" in json.dumps(details.blocks)
    assert waiting(run.root) == []


def test_without_a_word_at_the_start_the_end_is_one_message_too(root: Path, slack: Slack) -> None:
    leave_run(root, *BROKEN)
    assert "1 alert delivered" in told(root, slack, "--app", "submitter")
    assert [each.title for each in slack.shown] == ["❌ submitter: smoke failed in test"]
    assert len(slack.thread_of(slack.shown[0])) == 1
    assert "delivered already" in told(root, slack, "--app", "submitter")
    assert len(slack.messages) == 2


def test_a_run_that_has_ended_is_not_announced_as_begun_any_more(root: Path, slack: Slack) -> None:
    run = leave_run(root, *BROKEN)
    told(root, slack, "--app", "submitter")
    told(root, slack, "--app", "submitter", "--run", run, "--started")
    assert [each.texts for each in slack.shown] == [["❌ submitter: smoke failed in test"]]
    assert waiting(root) == []


def test_a_webhook_hears_nothing_of_a_start(root: Path, webhook: Webhook) -> None:
    leave_run(root, *BROKEN)
    alert(root, "--app", "submitter", "--started", webhook=webhook.url)
    assert webhook.bodies == [] and waiting(root) == []


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_killed_after_slack_took_it_and_before_it_was_noted_there_is_still_one(
    root: Path, slack: Slack, method: str
) -> None:
    run = leave_run(root, *BROKEN)
    if method == "chat.update":
        told(root, slack, "--app", "submitter", "--run", run, "--started")
        slack.asked.acquire()
    slack.answers[method] = ["silence"]
    process = start(root, "--app", "submitter", **slack.env())
    assert slack.asked.acquire(timeout=30)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert len(slack.shown) == 1 and waiting(root) == [run]
    assert "1 alert delivered" in told(root, slack)
    assert len(slack.shown) == 1
    assert len(slack.thread_of(slack.shown[0])) == 1


def test_killed_between_the_details_and_the_note_of_them_there_is_one_reply(root: Path, slack: Slack) -> None:
    leave_run(root, *BROKEN)
    slack.answers["chat.postMessage"] = [(429, {"Retry-After": "0"}, {}), (429, {"Retry-After": "0"}, {})]
    process = start(root, "--app", "submitter", **slack.env())
    for _ in range(3):
        assert slack.asked.acquire(timeout=30)
    slack.answers["chat.postMessage"] = ["silence"]
    until(lambda: len(slack.messages) == 2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    told(root, slack)
    assert len(slack.shown) == 1 and len(slack.thread_of(slack.shown[0])) == 1


def test_without_the_scope_to_ask_a_kill_costs_one_double_at_most(root: Path, slack: Slack) -> None:
    leave_run(root, *BROKEN)
    slack.scopes = {"chat:write"}
    slack.answers["chat.postMessage"] = ["silence"]
    process = start(root, "--app", "submitter", **slack.env())
    assert slack.asked.acquire(timeout=30)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert "1 alert delivered" in told(root, slack)
    told(root, slack)
    assert len(slack.shown) == 2


def test_a_message_that_somebody_deleted_is_written_anew(root: Path, slack: Slack) -> None:
    run = leave_run(root, *BROKEN)
    told(root, slack, "--app", "submitter", "--run", run, "--started")
    slack.messages.clear()
    told(root, slack, "--app", "submitter")
    assert [each.title for each in slack.shown] == ["❌ submitter: smoke failed in test"]
    assert len(slack.thread_of(slack.shown[0])) == 1


def test_a_rate_limit_is_waited_for_and_a_long_one_left_to_the_next_run(root: Path, slack: Slack) -> None:
    run = leave_run(root, *BROKEN)
    limited: Any = {"ok": False, "error": "ratelimited"}
    slack.answers["chat.postMessage"] = [(429, {"Retry-After": "3600"}, limited)]
    output = told(root, slack, "--app", "submitter")
    assert "Slack answered 429 'ratelimited'" in output and waiting(root) == [run]
    slack.answers["chat.postMessage"] = [(429, {"Retry-After": "1"}, limited)]
    assert "1 alert delivered" in told(root, slack)
    assert len(slack.shown) == 1


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("invalid_auth", "make a new bot token"),
        ("token_revoked", "put it into SLACK_TOKEN"),
        ("not_in_channel", "/invite the app into #deployments"),
        ("is_archived", "name another channel (SLACK_CHANNEL)"),
        ("missing_scope", "give the app the scope chat:write"),
    ],
)
def test_what_is_wrong_with_the_token_or_the_channel_is_said_and_nothing_is_lost(
    root: Path, slack: Slack, word: str, remedy: str
) -> None:
    runs = [leave_run(root, *BROKEN, app=app) for app in ("submitter", "runner")]
    slack.answers["chat.postMessage"] = [(200, {}, {"ok": False, "error": word})]
    told(root, slack, "--app", "submitter", SLACK_TOKEN="")
    output = told(root, slack, "--app", "runner")
    assert f"Slack answered '{word}'" in output and remedy in output
    assert sorted(waiting(root)) == sorted(runs)
    assert "2 alerts delivered" in told(root, slack)


def test_one_that_is_refused_is_set_aside_and_stops_no_other(root: Path, slack: Slack) -> None:
    first = leave_run(root, *BROKEN)
    told(root, slack, "--app", "submitter", SLACK_TOKEN="")
    leave_run(root, ("lint", None, Outcome()), app="runner")
    slack.answers["chat.postMessage"] = [(200, {}, {"ok": False, "error": "no_such_luck"})]
    output = told(root, slack, "--app", "runner")
    assert f"warning: alert {first} is set aside: Slack answered 'no_such_luck'" in output
    assert "1 alert delivered" in output
    assert [each.title for each in slack.shown] == ["✅ runner: lint passed"]
    listed = told(root, slack)
    assert f"{first}: Slack answered 'no_such_luck'" in listed and f"make alert AGAIN={first}" in listed
    assert "1 alert delivered" in told(root, slack, "--again", first)
    assert "set aside" not in told(root, slack)
    assert len(slack.shown) == 2


def test_blocks_that_slack_dislikes_do_not_silence_it(root: Path, slack: Slack) -> None:
    leave_run(root, *BROKEN)
    bad: Any = (200, {}, {"ok": False, "error": "invalid_blocks"})
    slack.answers["chat.postMessage"] = [bad]
    assert "1 alert delivered" in told(root, slack, "--app", "submitter")
    assert "smoke failed in test" in slack.shown[0].text


def test_a_page_of_something_in_between_is_no_confirmation(root: Path, slack: Slack) -> None:
    run = leave_run(root, *BROKEN)
    slack.answers["chat.postMessage"] = [(200, {"Content-Type": "text/html"}, b"<html>please log in</html>")]
    output = told(root, slack, "--app", "submitter")
    assert "what answered is not Slack" in output and waiting(root) == [run]


def test_two_processes_at_once_make_one_message(root: Path, slack: Slack) -> None:
    leave_run(root, *BROKEN)
    both = [start(root, "--app", "submitter", **slack.env()) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    for process in both:
        process.communicate()
    assert len(slack.shown) == 1 and len(slack.messages) == 2


def test_the_token_appears_nowhere(root: Path, slack: Slack) -> None:
    leave_run(root, *BROKEN)
    slack.answers["chat.postMessage"] = [(500, {}, {}), (200, {}, {"ok": False, "error": f"bad {TOKEN}"})]
    output = "".join(told(root, slack, "--app", "submitter") for _ in range(2))
    kept = "".join(path.read_text() for path in root.rglob("*") if path.is_file() and path.suffix == ".json")
    assert TOKEN not in output + kept + json.dumps([each.blocks for each in slack.messages])
