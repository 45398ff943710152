"""Every way in which a suite that a command runs can end: its verdict, in one sentence."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.scripts.suites.deployed import Deployed, report, script

GOOD = '<testcase classname="spec.pay" name="pays" time="0.5"/>'
BAD = (
    '<testcase classname="spec.pay" name="refunds" file="./spec/pay_spec.rb" time="0.2">'
    '<failure message="expected 1, got 2">./spec/pay_spec.rb:12:in block</failure></testcase>'
)
SKIPPED = '<testcase classname="spec.pay" name="waits"><skipped/></testcase>'
# What the suite does; the exit code; what the sentence says; whether anything was found against the release.
ENDS = {
    "passes": (report(GOOD + GOOD), 0, "2 acceptance tests passed", False),
    "some are skipped": (report(GOOD + SKIPPED), 0, "1 acceptance tests passed, 1 were skipped", False),
    "fails": (
        f"{report(GOOD + BAD)}; exit 1",
        1,
        "1 of 2 acceptance tests failed: spec.pay::refunds: expected 1, got 2 (spec/pay_spec.rb:12)",
        False,
    ),
    "fails and ends with 0": (report(GOOD + BAD), 1, "1 of 2 acceptance tests failed", False),
    "as many failures as a signal's code": (f"{report(BAD)}; exit 137", 1, "1 of 1 acceptance tests", False),
    "ends with a code and no failure": (
        f"{report(GOOD)}; exit 3",
        1,
        "the acceptance suite ended with code 3, though none of its 1 tests failed",
        False,
    ),
    "no test": (report(""), 1, "the acceptance suite ran no test at all", False),
    "all skipped": (report(SKIPPED), 1, "ran no test at all: all 1 were skipped", False),
    "no report and a code": ("exit 7", 1, "ended with code 7 and left no report", False),
    "no report and no code": ("true", 1, "ended with code 0 and left no report", True),
    "broken XML": ("echo '<testsuite><testcase' > \"$0\"", 1, "is broken XML", True),
    "an empty report": (': > "$0"', 1, "is empty", True),
    "a report of another form": ("echo '<html/>' > \"$0\"", 1, "is not JUnit XML", True),
    "no such program": ("bundle-that-is-not-here exec rspec", 1, "did not start, exit code 127", True),
    "killed": (f"{report(GOOD)}; kill -9 $$", 1, "the acceptance suite was killed by signal 9", True),
    "its child was killed": (
        f"{report(GOOD)}; sh -c 'kill -9 $$'; exit $?",
        1,
        "was killed by signal 9 (exit code 137)",
        True,
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_each_end_has_its_verdict_and_one_sentence(deployed: Deployed, name: str) -> None:
    does, code, words, inconclusive = ENDS[name]
    deployed.suite(script(does))
    ended, output = deployed.run()
    assert (ended, deployed.is_verified) == (code, code == 0), output
    assert words in deployed.outcome["reason"], output
    assert "\n" not in deployed.outcome["reason"]
    assert bool(deployed.outcome["details"].get("inconclusive")) == inconclusive


def test_one_that_hangs_is_ended_with_all_that_it_started(deployed: Deployed) -> None:
    deployed.suite(
        script(f'{report(GOOD)}; sleep 600 & echo $! > "$1/pid"; echo still here; wait') + '\ndeadline = "1s"'
    )
    ended, output = deployed.run()
    assert ended == 4, output
    assert "the acceptance suite did not end within 1 s" in deployed.outcome["reason"]
    assert "still here" in output
    _gone(int((deployed.app / "pid").read_text()))


def test_one_that_leaves_something_behind_has_ended_when_it_has(deployed: Deployed) -> None:
    """A server, or a browser, that a suite forgets holds its output for as long as it lives."""
    deployed.suite(script(f'sleep 600 & echo $! > "$1/pid"; {report(GOOD)}') + '\ndeadline = "5m"')
    ended, output = deployed.run()
    assert ended == 0, output
    assert deployed.is_verified
    _gone(int((deployed.app / "pid").read_text()))


@pytest.mark.skipif(shutil.which("setsid") is None, reason="setsid is not installed on this machine")
def test_one_that_hangs_while_something_that_left_holds_its_output(deployed: Deployed) -> None:
    does = 'setsid sleep 600 & echo $! > "$1/pid"; sleep 600'
    deployed.suite(script(does) + '\ndeadline = "1s"')
    try:
        ended, output = deployed.run()
    finally:
        os.kill(int((deployed.app / "pid").read_text()), signal.SIGKILL)
    assert ended == 4, output
    assert "the acceptance suite did not end within 1 s" in deployed.outcome["reason"]


def _gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while _runs(pid):
        assert time.monotonic() < deadline, "its child is still there"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_the_report_of_an_earlier_run_is_never_read(deployed: Deployed) -> None:
    stages = deployed.root / ".pipeline" / "kept" / "stages" / "acceptance-test"
    stages.mkdir(parents=True)
    (stages / "acceptance-dev.xml").write_text(f"<testsuite>{GOOD}</testsuite>")
    deployed.suite(script("true"))
    where = {"PIPELINE_STAGE_DIR": str(stages), "PIPELINE_RUN_DIR": str(stages.parent.parent)}
    ended, output = deployed.run(**where)
    assert ended == 1, output
    assert "left no report" in output
    assert not deployed.is_verified


def test_a_program_that_is_not_there_is_named(deployed: Deployed) -> None:
    deployed.suite('command = ["rspec-that-is-not-here", "{report}"]')
    ended, output = deployed.run()
    assert ended == 2, output
    assert "rspec-that-is-not-here: no such program on this machine" in output


def test_a_script_that_says_not_what_runs_it_is_no_program(deployed: Deployed) -> None:
    (deployed.app / "run").write_text("echo hello\n")
    (deployed.app / "run").chmod(0o755)
    deployed.suite('command = ["./run", "{report}"]')
    ended, output = deployed.run()
    assert ended == 2, output
    assert "./run: is no program that this machine can run" in output
    assert "#!/bin/sh" in output


def test_no_secret_is_in_report_log_or_sentence(deployed: Deployed) -> None:
    """The report holds it escaped, as XML does."""
    bad = '<testcase name="a"><failure message="the word is $ESCAPED"/></testcase>'.replace('"', r"\"")
    does = f'echo "$A_TOKEN"; printf %s "<testsuite>{bad}</testsuite>" > "$0"'
    deployed.suite(script(does))
    text = deployed.root / "apps.toml"
    text.write_text(text.read_text().replace("[apps.tiny]\n", '[apps.tiny]\nvariables = ["A_TOKEN"]\n'))
    deployed.commit()
    deployed.serve(deployed.head)
    ended, output = deployed.run(A_TOKEN="s3cret&<word>", ESCAPED="s3cret&amp;&lt;word&gt;")
    assert ended == 1, output
    assert "the word is ***" in output
    [report] = deployed.left("acceptance-dev.xml")
    [log] = deployed.left("acceptance-dev.log")
    for kept in (output, report.read_text(), log.read_text()):
        assert "s3cret" not in kept
    assert "***" in report.read_text()


def test_tap_that_is_printed_is_a_report(deployed: Deployed) -> None:
    does = 'echo "1..2"; echo "a notice" >&2; echo "ok 1 - pays"; echo "not ok 2 - refunds"'
    deployed.suite(script(does).replace("'{report}'", "'unused'") + '\nformat = "tap"')
    ended, output = deployed.run()
    assert ended == 1, output
    assert "1 of 2 acceptance tests failed: refunds" in deployed.outcome["reason"]
    [log] = deployed.left("acceptance-dev.log")
    assert "a notice" in log.read_text()


def test_slowest_and_flaky_come_from_the_report(deployed: Deployed) -> None:
    deployed.suite(
        script(
            report(GOOD + BAD + BAD.replace("<failure", "<system-out").replace("</failure", "</system-out"))
        )
    )
    ended, output = deployed.run()
    assert ended == 1, output
    assert "flaky: spec.pay::refunds failed 1 of 2" in deployed.outcome["reason"]
    assert list(deployed.details["slowest"]) == ["spec.pay::pays", "spec.pay::refunds"]
    assert "0.5 s  spec.pay::pays" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shard", "2/4"), "SHARD=2/4"),
        (("--only", "failed"), "ONLY=failed"),
        (("--repeat", "3"), "REPEAT=3"),
        (("--keep-durations",), "KEEP_DURATIONS=1"),
    ],
)
def test_what_a_command_cannot_do_is_refused(deployed: Deployed, words: tuple[str, ...], said: str) -> None:
    deployed.suite(script('touch "$1/ran"', report(GOOD)))
    ended, output = deployed.run("acceptance", *words)
    assert ended == 2, output
    assert f"{said}: the acceptance suite of tiny is run by a command, which runs all of it, once" in output
    assert not (deployed.app / "ran").exists()


def test_what_a_command_is_told(deployed: Deployed) -> None:
    does = 'echo "$0 $1 $2 $WORKERS $SUITE_REPORTS $WHERE $(pwd) ${HIDDEN_TOKEN:-unset}" > told'
    table = script(does, report(GOOD)) + '\nworkers = 3\nenv.WORKERS = "{workers}"\nenv.WHERE = "{report}"'
    deployed.suite(table)
    ended, output = deployed.run(HIDDEN_TOKEN="not-for-a-suite")
    assert ended == 0, output
    first, path, space, workers, reports, where, cwd, hidden = (
        (deployed.app / "told").read_text().replace("a repository", "a_repository").split()
    )
    assert first == where and first.endswith("acceptance-dev.xml")
    assert reports.endswith("/acceptance-dev")
    assert (space, workers, hidden) == ("dev", "3", "unset")
    assert path == cwd == str(deployed.app).replace("a repository", "a_repository")
    assert not (deployed.root / ".pipeline" / "venvs").exists(), "no Python was asked for"
