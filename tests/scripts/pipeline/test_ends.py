"""However a run ends: a closed terminal, a reader that left, kill -9 at any place, a full disk.

The record and the alert are true, and there is one alert."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.scripts.alerting.webhook import Webhook
from tests.scripts.scripted import Scripted, until

WAITS = "echo $$ > {id}.pid; exec sleep 300"


@pytest.fixture
def run(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    yield server
    server.close()


def alert(run: Scripted, *flags: str, webhook: str = "") -> str:
    """scripts/alert.py on the same checkout."""
    argv = [sys.executable, str(ROOT / "scripts/alert.py"), "--config", str(run.root / "apps.toml"), *flags]
    ran = subprocess.run(
        argv, cwd=run.root, env=run.env | {"SLACK_WEBHOOK": webhook}, text=True, timeout=90, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def waits(run: Scripted, id: str) -> None:
    run.stage(id, WAITS.format(id=id))


def begun(run: Scripted, id: str) -> int:
    """The process of a stage, once it waits."""
    file = run.root / f"{id}.pid"
    until(lambda: file.exists() and file.read_text().strip())
    until(lambda: "process" in run.stages()[id])
    return int(file.read_text())


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def titles(webhook: Webhook) -> list[str]:
    return [body["blocks"][0]["text"]["text"] for body in webhook.bodies]


def told(webhook: Webhook) -> str:
    return json.dumps(webhook.bodies, ensure_ascii=False)


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


def test_kill_nine_and_an_alert_that_ci_always_sends_tells_the_truth_once(
    run: Scripted, webhook: Webhook
) -> None:
    waits(run, "deploy-production")
    process = run.start()
    stage = begun(run, "deploy-production")
    process.kill()
    process.communicate()
    output = alert(run, "--app", "toy", webhook=webhook.url)
    assert "was killed in deploy-production: its record is closed as interrupted" in output
    assert gone(stage)
    assert titles(webhook) == ["✋ toy: deploy was interrupted in production"]
    assert "deploy-production was killed before it could end" in told(webhook)
    assert "not touched" not in told(webhook)
    assert "make status APP=toy ENV=production" in told(webhook)
    assert run.record()["outcome"] == "interrupted"
    assert "delivered already" in alert(run, "--app", "toy", webhook=webhook.url)
    run.stage("deploy-production", "true")
    run.env["SLACK_WEBHOOK"] = webhook.url
    code, said = run.run()
    assert code == 0 and "killed" not in said
    assert len(webhook.bodies) == 2, "that of the killed run was sent again"


def test_what_a_killed_engines_stage_could_still_say_is_believed(run: Scripted, webhook: Webhook) -> None:
    ends = '\'{"outcome": "passed", "exit_code": 0, "reason": "it is there"}\''
    run.stage(
        "deploy-production",
        f"trap '' TERM; touch began; until [ -e go ]; do sleep 0.05; done; printf %s {ends}"
        ' > "$PIPELINE_STAGE_DIR/outcome.json"',
    )
    process = run.start()
    until(lambda: (run.root / "began").exists() and "process" in run.stages()["deploy-production"])
    process.kill()
    process.communicate()
    (run.root / "go").touch()
    alert(run, "--app", "toy", webhook=webhook.url)
    assert run.stages()["deploy-production"]["outcome"] == "passed"
    assert run.record()["outcome"] == "interrupted"
    assert titles(webhook) == ["✋ toy: the run was interrupted"]
    assert "*production:* deployed" in told(webhook)


def test_kill_nine_during_the_alert_is_closed_by_the_next_look(run: Scripted, webhook: Webhook) -> None:
    webhook.answers = ["nothing"]
    run.env["SLACK_WEBHOOK"] = webhook.url
    process = run.start()
    assert webhook.asked.acquire(timeout=60)
    until(lambda: "process" in run.stages()["alert"])
    process.kill()
    process.communicate()
    assert run.stages()["alert"]["outcome"] == "running"
    webhook.bodies.clear()  # nothing was answered: Slack has none
    output = alert(run, webhook=webhook.url)
    assert "1 alert delivered" in output
    assert len(webhook.bodies) == 1 and titles(webhook)[0].startswith("✅ toy:")
    record = run.record()
    assert (record["outcome"], record["alerted"]) == ("passed", True)
    assert run.stages()["alert"]["outcome"] == "interrupted"
    assert "delivered" not in alert(run, webhook=webhook.url).replace("0 alerts delivered", "")


def test_a_run_that_still_goes_on_is_not_announced_by_somebody_else(run: Scripted, webhook: Webhook) -> None:
    waits(run, "deploy-production")
    process = run.start()
    begun(run, "deploy-production")
    try:
        assert "is still going on" in alert(run, "--app", "toy", webhook=webhook.url)
        assert webhook.bodies == []
        assert run.record()["outcome"] == "running"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.mark.parametrize("script", ["status", "rollback"])
def test_whoever_looks_first_closes_it(run: Scripted, script: str) -> None:
    waits(run, "deploy-production")
    process = run.start()
    begun(run, "deploy-production")
    process.kill()
    process.communicate()
    flags = ["--app", "toy", *(["--env", "production", "--failed"] if script == "rollback" else [])]
    argv = [
        sys.executable,
        str(ROOT / f"scripts/{script}.py"),
        "--config",
        str(run.root / "apps.toml"),
        *flags,
    ]
    ran = subprocess.run(
        argv, cwd=run.root, env=run.env, text=True, capture_output=True, timeout=60, check=False
    )
    assert "was killed in deploy-production" in ran.stdout, ran.stdout + ran.stderr
    records = sorted((run.root / ".pipeline/runs").glob("*/run.json"))
    assert json.loads(records[0].read_text())["outcome"] == "interrupted"


@pytest.mark.parametrize(
    "damage",
    [
        "[]", "5", "{}", '{"run": 5}', "{ half", "",
        '{"run": "RUN", "app": "toy", "outcome": "passed", "started": "2026-01-01T00:00:00Z", "stages": 5}',
        '{"run": "RUN", "app": "toy", "outcome": "running", "started": 7, "stages": []}',
        '{"run": "RUN", "app": "toy", "cluster": "none", "outcome": "passed", "alerted": true,'
        ' "started": "2026-01-01T00:00:00Z", "stages": [{"id": "lint", "name": "lint", "outcome": 5}]}',
    ],
)  # fmt: skip
def test_a_record_of_wrong_types_is_set_aside_named_and_ends_no_later_run(run: Scripted, damage: str) -> None:
    folder = run.root / ".pipeline/runs/20260101T000000000-toy-abcd"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(damage.replace("RUN", folder.name))
    code, output = run.run()
    assert code == 0, output
    assert f"{folder}/run.json is damaged (" in output and "set aside as run.json.damaged" in output
    assert (folder / "run.json.damaged").read_text() == damage.replace("RUN", folder.name)
    code, output = run.run()
    assert code == 0 and "damaged" not in output


def in_a_small_world(run: Scripted, setup: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run something where .pipeline is another disk."""
    run.root.joinpath(".pipeline").mkdir(exist_ok=True)
    script = f"{setup} && exec {shlex.join(argv)}"
    world = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    probe = subprocess.run(
        [*world, "mount -t tmpfs none .pipeline"], cwd=run.root, capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("this machine lets no user mount anything in a namespace of its own")
    return subprocess.run(
        [*world, script], cwd=run.root, env=run.env, text=True, timeout=90, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


FULL = "mount -t tmpfs -o size=16k none .pipeline; (head -c 64k /dev/zero > .pipeline/x) 2>/dev/null; true"
READ_ONLY = "mount -t tmpfs none .pipeline && mount -o remount,ro .pipeline"


@pytest.mark.parametrize(
    "script", ["driver.py", "lint", "security", "unit", "build", "deploy", "alert", "rollback"]
)
@pytest.mark.parametrize(("setup", "why"), [(FULL, "No space left"), (READ_ONLY, "Read-only file system")])
def test_a_disk_that_takes_nothing_is_one_sentence_with_the_path(
    run: Scripted, script: str, setup: str, why: str
) -> None:
    if script == "driver.py":
        argv = [sys.executable, str(run.root / "driver.py")]
    else:
        argv = [sys.executable, str(ROOT / f"scripts/{script}.py"), "--config", str(run.root / "apps.toml")]
        argv += ["--app", "toy", *(["--env", "production"] if script in ("deploy", "rollback") else [])]
    ran = in_a_small_world(run, setup, *argv)
    assert "Traceback" not in ran.stdout and "traceback" not in ran.stdout, ran.stdout
    if script == "alert":  # there is no run to tell of
        assert ran.returncode == 2, ran.stdout
        return
    assert ran.returncode == 1, ran.stdout
    assert f"why: {run.root}/.pipeline/" in ran.stdout and why in ran.stdout
    assert "fix: " in ran.stdout


def test_a_disk_that_fills_up_in_the_middle_ends_the_run_with_a_sentence_and_an_alert(
    run: Scripted, webhook: Webhook
) -> None:
    run.env["SLACK_WEBHOOK"] = webhook.url
    run.stage("deploy-production", "head -c 4M /dev/zero > .pipeline/ballast; true")
    waits(run, "healthcheck-production")
    ran = in_a_small_world(
        run, "mount -t tmpfs -o size=1M none .pipeline", sys.executable, str(run.root / "driver.py")
    )
    assert ran.returncode == 1, ran.stdout
    assert "run.json: No space left on device" in ran.stdout and "Traceback" not in ran.stdout
    assert "make rollback APP=toy ENV=production goes back" in ran.stdout
    assert not run.times("smoke-production")


def test_files_that_may_not_grow_end_a_lone_stage_with_a_sentence(run: Scripted) -> None:
    argv = [
        sys.executable,
        str(ROOT / "scripts/lint.py"),
        "--app",
        "toy",
        "--config",
        str(run.root / "apps.toml"),
    ]
    ran = subprocess.run(
        ["bash", "-c", f"ulimit -f 0; exec {shlex.join(argv)}"], cwd=run.root, env=run.env, text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "run.json: File too large" in ran.stdout
    left = [
        path.name for path in (run.root / ".pipeline").rglob("*") if path.is_file() and path.name != "alive"
    ]
    assert left == [], "half a file"


def test_a_lone_stage_that_is_told_several_times_to_stop_ends_once_and_truly(run: Scripted) -> None:
    (run.root / "apps.toml").write_text(
        (run.root / "apps.toml").read_text().replace('[["true"]]', '[["sh", "-c", "touch began; sleep 300"]]')
    )
    argv = [
        sys.executable,
        str(ROOT / "scripts/lint.py"),
        "--app",
        "toy",
        "--config",
        str(run.root / "apps.toml"),
    ]
    process = subprocess.Popen(argv, cwd=run.root, env=run.env, text=True, stdout=subprocess.PIPE)
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
