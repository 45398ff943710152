"""A closed terminal, several signals, a reader that left: what it is to the run, its record and its alert."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests import ROOT
from tests.scripts.alerting.webhook import Webhook
from tests.scripts.pipeline.ending import begun, gone, lints_by, lone, titles, waits
from tests.scripts.scripted import Scripted, until

LOCAL = ("lint", "security", "unit", "build")


@pytest.fixture(autouse=True)
def _with_a_terminal() -> Iterator[None]:
    """As from a terminal, even where the tests themselves run under nohup, which runs inherit."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_closed_terminal_is_an_interruption_with_record_and_alert(run: Scripted, webhook: Webhook) -> None:
    run.env["SLACK_WEBHOOK"] = webhook.url
    waits(run, "deploy-production")
    process = run.start()
    stage = begun(run, "deploy-production")
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)  # the shell and the kernel both say it
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert gone(stage)
    record = run.record()
    assert (record["outcome"], record["alerted"]) == ("interrupted", True)
    assert "its terminal was closed (SIGHUP)" in record["reason"]
    assert run.stages()["deploy-production"]["outcome"] == "interrupted"
    assert titles(webhook) == ["✋ toy: deploy was interrupted in production"]


def test_under_nohup_a_closed_terminal_is_nothing(run: Scripted) -> None:
    run.stage("deploy-production", "touch began; until [ -e go ]; do sleep 0.05; done")
    argv = ["nohup", sys.executable, str(run.root / "driver.py")]
    process = subprocess.Popen(
        argv, cwd=run.root, env=run.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    until(lambda: (run.root / "began").exists())
    process.send_signal(signal.SIGHUP)
    (run.root / "go").touch()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert run.record()["outcome"] == "passed"


def shell(run: Scripted, command: str) -> subprocess.CompletedProcess[str]:
    """A shell that has the pipeline as $@; its exit code is that of the pipeline's own process."""
    argv = [
        "bash",
        "-c",
        f"{command}; exit ${{PIPESTATUS[0]}}",
        "bash",
        sys.executable,
        str(run.root / "driver.py"),
    ]
    return subprocess.run(
        argv, cwd=run.root, env=run.env, text=True, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "command",
    [
        '"$@" | head -1',
        '"$@" | true',
        '"$@" 2>&1 | true',
        '"$@" >&-',
        '"$@" >&- 2>&- <&-',
        '"$@" >/dev/full',
    ],
)
def test_whoever_stops_reading_does_not_stop_the_run(run: Scripted, command: str) -> None:
    for id in ("lint", "smoke-production"):
        run.stage(id, "seq 5000")
    ran = shell(run, command)
    assert ran.returncode == 0, ran.stderr
    assert (run.record()["outcome"], run.record()["alerted"]) == ("passed", True)
    assert {stage["outcome"] for stage in run.stages().values()} == {"passed"}
    assert (run.root / ".pipeline/latest/smoke-production.log").read_text().splitlines()[-1] == "5000"
    assert "Traceback" not in ran.stderr and "Exception ignored" not in ran.stderr
    if "2>" not in command and command != '"$@" >&-':
        assert "nobody reads its output any more; it goes on, the record is in .pipeline/latest" in ran.stderr


def test_a_failure_that_nobody_reads_keeps_its_exit_code(run: Scripted) -> None:
    run.stage("lint", "seq 5000; exit 1")
    assert shell(run, '"$@" | true').returncode == 1
    assert run.record()["outcome"] == "failed"


def test_a_lone_stage_that_is_told_several_times_to_stop_ends_once_and_truly(run: Scripted) -> None:
    lints_by(run, "touch began; sleep 300")
    process = subprocess.Popen(
        lone(run, "lint"), cwd=run.root, env=run.env, text=True, stdout=subprocess.PIPE
    )
    until(lambda: (run.root / "toy" / "began").exists())
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert run.record()["outcome"] == run.stages()["lint"]["outcome"] == "interrupted"


def test_records_of_this_process_say_which_it_is(run: Scripted) -> None:
    run.run()
    process: dict[str, Any] = run.record()["process"]
    assert process["pid"] != os.getpid() and process["since"] > 0 and process["boot"]


@pytest.mark.parametrize("script", ["lint", "security", "unit", "build", "deploy", "rollback", "healthcheck"])
def test_a_lone_stage_ends_as_it_would_have_when_nobody_reads(run: Scripted, script: str) -> None:
    argv = [sys.executable, str(ROOT / f"scripts/{script}.py"), "--config", str(run.root / "apps.toml")]
    argv += ["--app", "toy", *([] if script in LOCAL else ["--env", "production"])]

    def ended(command: str) -> tuple[int, str]:
        words = ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}", "bash", *argv]
        ran = subprocess.run(
            words, cwd=run.root, env=run.env, text=True, capture_output=True, timeout=60, check=False
        )
        assert "Traceback" not in ran.stderr and "Exception ignored" not in ran.stderr
        return ran.returncode, str(run.record()["outcome"])

    assert ended('"$@" | true') == ended('"$@"')
