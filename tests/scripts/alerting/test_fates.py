"""Each alert has a fate of its own: delivered when Slack says so, waiting, or set aside with Slack's word."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from toolkit.base.outcome import Outcome

from tests import ROOT
from tests.scripts.alerting.webhook import BROKEN, Webhook, alert, clean, leave_run, waiting

CHANNEL_IN_ONE_FILE = '''
"""A folder of messages."""
import json
import os
from pathlib import Path
from toolkit.alerting.channel import Answer, Fate


class Folder:
    name, follows = "folder", False

    def send(self, alert, note, known, keep, seconds):
        target = Path(os.environ["ALERT_FOLDER"]) / alert.run
        if target.parent.is_dir():
            target.write_text(alert.message.plain)
            return Answer(Fate.DELIVERED)
        return Answer(Fate.WAITING, "there is no folder", "mkdir it", stop=True)


def opened(policy):
    return Folder() if os.environ.get("ALERT_FOLDER") else None
'''


@pytest.mark.parametrize(
    ("status", "word"),
    [(403, "invalid_token"), (403, "action_prohibited"), (404, "no_service"), (410, "channel_is_archived")],
)
def test_a_revoked_webhook_says_to_make_a_new_one_and_loses_nothing(
    root: Path, webhook: Webhook, status: int, word: str
) -> None:
    run = leave_run(root, *BROKEN)
    webhook.answers = [(status, {"body": word})]
    output = alert(root, "--app", "submitter", webhook=webhook.url)
    assert f"Slack answered {status} '{word}': the webhook is not valid any more" in output
    assert "make a new incoming webhook" in output and "SLACK_WEBHOOK" in output
    assert waiting(root) == [run]
    assert "1 alert delivered" in alert(root, webhook=webhook.url)


def test_one_that_is_refused_for_good_stops_no_later_one_and_can_be_sent_again(
    root: Path, webhook: Webhook
) -> None:
    bad = leave_run(root, *BROKEN)
    webhook.answers = [(400, {"body": "invalid_payload"})] * 2  # with and without form
    output = alert(root, "--app", "submitter", webhook=webhook.url)
    assert f"warning: alert {bad} is set aside: Slack answered 400 'invalid_payload'" in output
    leave_run(root, ("lint", None, Outcome()))
    assert "1 alert delivered" in alert(root, "--app", "submitter", webhook=webhook.url)
    listed = alert(root, webhook=webhook.url)
    assert "set aside, because they were refused:" in listed
    assert f"{bad}: Slack answered 400 'invalid_payload'" in listed
    assert f"make alert AGAIN={bad}" in listed
    refused = alert(root, "--app", "submitter", "--run", bad, webhook=webhook.url)
    assert "was refused and set aside" in refused
    assert "1 alert delivered" in alert(root, "--again", "all", webhook=webhook.url)
    assert "set aside" not in alert(root, webhook=webhook.url)
    assert len(webhook.bodies) == 4


def test_again_of_what_was_not_refused_names_what_was(root: Path, webhook: Webhook) -> None:
    output = alert(root, "--again", "nonsense", webhook=webhook.url, code=2)
    assert "AGAIN=nonsense: no such alert was set aside" in output and "set aside are: none" in output


@pytest.mark.parametrize("body", ["<html>Please log in</html>", "", "okay"])
def test_delivered_is_only_what_slack_confirmed(root: Path, webhook: Webhook, body: str) -> None:
    run = leave_run(root, *BROKEN)
    webhook.answers = [(200, {"body": body})]
    output = alert(root, "--app", "submitter", webhook=webhook.url)
    assert "what answered is not Slack: 200" in output and "in place of 'ok'" in output
    assert waiting(root) == [run]


def test_one_that_always_meets_a_server_error_holds_up_no_other(root: Path, webhook: Webhook) -> None:
    first = leave_run(root, *BROKEN)
    alert(root, "--app", "submitter")
    second = leave_run(root, ("lint", None, Outcome()), app="runner")
    webhook.answers = [(501, {})]
    output = alert(root, "--app", "runner", webhook=webhook.url)
    assert "1 alert delivered" in output and waiting(root) == [first]
    assert (root / f".pipeline/alerts/delivered/{second}.json").exists()
    assert f"{first}: Slack answered 501" in alert(root, "--seconds", "0", webhook=webhook.url)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"run": 5}', '{"run": "x", "created": 5, "message": []}', ""]
)
def test_a_damaged_alert_is_set_aside_and_listed(root: Path, webhook: Webhook, content: str) -> None:
    folder = root / ".pipeline/alerts/waiting"
    folder.mkdir(parents=True)
    (folder / "damaged.json").write_text(content)
    run = leave_run(root, *BROKEN)
    output = alert(root, "--app", "submitter", webhook=webhook.url)
    assert "damaged.json cannot be read" in output and "1 alert delivered" in output
    assert waiting(root) == [] and (root / ".pipeline/alerts/aside/damaged.json").read_text() == content
    assert f"{run}" not in alert(root, webhook=webhook.url)


def test_a_new_channel_is_one_file_and_hears_of_each_alert_once_beside_slack(
    tmp_path: Path, root: Path, webhook: Webhook
) -> None:
    house = tmp_path / "house"
    shutil.copytree(ROOT / "scripts", house / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (house / ".venv").symlink_to(ROOT / ".venv")
    (house / "scripts/toolkit/alerting/to_folder.py").write_text(CHANNEL_IN_ONE_FILE)
    run, letters, app = leave_run(root, *BROKEN), tmp_path / "letters", ("--app", "submitter")

    def told() -> str:
        return subprocess.run(
            [sys.executable, house / "scripts/alert.py", "--config", root / "apps.toml", *app],
            env={**clean(), "SLACK_WEBHOOK": webhook.url, "ALERT_FOLDER": str(letters)},
            cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True,
        ).stdout  # fmt: skip

    output = told()
    assert "there is no folder" in output and "fix: mkdir it" in output
    assert len(webhook.bodies) == 1 and waiting(root) == [run]
    letters.mkdir()
    assert "1 alert delivered" in told()
    assert "smoke failed in test" in (letters / run).read_text()
    assert len(webhook.bodies) == 1, "Slack had it already"


def test_a_disk_that_takes_no_alert_does_not_silence_it(root: Path, webhook: Webhook) -> None:
    leave_run(root, *BROKEN)
    (root / ".pipeline/alerts").write_text("a file in the way")
    output = alert(root, "--app", "submitter", webhook=webhook.url)
    assert "warning: the alert cannot be kept" in output and "1 alert delivered" in output
    assert webhook.bodies[0]["text"].startswith("❌ submitter: smoke failed in test")
