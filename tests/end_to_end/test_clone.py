"""The main job as a user runs it: `make pipeline APP=submitter` in a clean clone, and what may go wrong.

The tests tell one story, in the order of this file: they share a clone and its sandbox.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.clone import CANARY, Clone

SPACES = ("test-dev", "test-production", "live-dev", "live-production")

NOT_IN_LIVE_DEV = """import os

if "live-dev" in os.environ["NAMESPACE"]:
    raise RuntimeError("not in live-dev")
"""

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("clone")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    made = Clone(tmp_path_factory.mktemp("a clone with spaces") / "form builder")
    yield made
    made.make("sandbox-down")


@pytest.fixture(scope="module")
def seen_commands() -> Iterator[set[str]]:
    """Every command line that ran on this machine and held the canary, while the tests went on."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = entry.read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if CANARY in line:
                    seen.add(line)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield seen
    done.set()
    thread.join()


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_a_commit_becomes_a_verified_release_with_one_command(clone: Clone, seen_commands: set[str]) -> None:
    code, output = clone.make("pipeline", "APP=submitter")
    assert code == 0, output
    record = clone.record()
    assert record["outcome"] == "passed"
    assert list(clone.outcomes()) == [
        *["lint", "security", "unit", "build"],
        *["deploy-test", "healthcheck-test", "smoke-test", "acceptance-test", "approve-production"],
        *["deploy-production", "healthcheck-production", "smoke-production", "watch-production", "alert"],
    ]
    assert set(clone.outcomes().values()) == {"passed"}
    status = clone.status()
    assert set(status) == set(SPACES)
    for row in status.values():
        assert row["verified"] is True
        assert row["version"] == record["version"] == record["commit"][:12]
    assert not seen_commands, "a secret was on a command line"


def test_what_did_not_change_is_not_done_again(clone: Clone) -> None:
    first = clone.record()
    code, output = clone.make("pipeline", "APP=submitter")
    assert code == 0, output
    for stage in clone.record()["stages"]:
        if stage["name"] in ("approve", "alert"):
            assert "reused" not in stage
        else:
            assert stage["reused"] == first["run"], stage["id"]


def test_a_branch_reaches_test_and_stops_there(clone: Clone) -> None:
    code, output = clone.make("pipeline", "APP=submitter", BRANCH="feature")
    assert code == 0, output
    assert list(clone.outcomes())[-2:] == ["acceptance-test", "alert"]
    assert clone.record()["outcome"] == "passed"


def test_a_release_that_crashes_is_called_by_its_cause_and_the_last_good_one_serves(clone: Clone) -> None:
    main = clone.folder / "apps/submitter/submitter/api.py"
    good = main.read_text()
    before = clone.status()["test-dev"]
    main.write_text('raise RuntimeError("this release cannot start")\n' + good)
    clone.commit("a release that cannot start")
    code, output = clone.make("deploy", "APP=submitter", "ENV=test-dev")
    assert code == 2, "make's own code"
    record = clone.record()
    assert record["exit_code"] == 1, output
    assert "this release cannot start" in output
    assert record["stages"][0]["seconds"] < 60, "called by its cause, not at the deadline"
    code, output = clone.make("smoke", "APP=submitter", "ENV=test-dev")
    assert code == 0, output
    main.write_text(good)
    clone.commit("as it was")
    code, output = clone.make("deploy", "APP=submitter", "ENV=test-dev")
    assert code == 0, output
    assert clone.status()["test-dev"]["version"] != before["version"]


def test_a_release_that_fails_in_one_live_space_is_undone_in_both_and_held(clone: Clone) -> None:
    main = clone.folder / "apps/submitter/submitter/api.py"
    good, before = main.read_text(), clone.status()
    main.write_text(NOT_IN_LIVE_DEV + good)
    clone.commit("a release that cannot start in live-dev")
    code, output = clone.make("deploy", "APP=submitter", "ENV=production")
    assert code == 2, output
    stage = clone.record()["stages"][0]
    assert stage["outcome"] == "failed"
    assert "not in live-dev" in output
    for space in ("live-dev", "live-production"):
        back = stage["details"][space]["rollback"]
        assert (back["to"], back["verified"]) == (before[space]["version"], True), output
        assert clone.status()[space]["version"] == before[space]["version"]
    summary = clone.folder / ".pipeline/latest" / stage["details"]["live-dev"]["evidence"]
    assert "not in live-dev" in summary.read_text()
    code, output = clone.make("smoke", "APP=submitter", "ENV=production")
    assert code == 0, output
    code, output = clone.make("deploy", "APP=submitter", "ENV=production")
    assert clone.record()["exit_code"] == 3, output
    assert "FORCE=1" in output
    main.write_text(good)
    clone.commit("as it was, again")


def test_ctrl_c_in_the_middle_leaves_a_record_an_alert_and_no_lock(clone: Clone) -> None:
    process = clone.start("pipeline", "APP=submitter")
    until(lambda: clone.record()["outcome"] == "running" and "deploy-test" in clone.outcomes())
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    record = clone.record()
    assert (record["outcome"], record["exit_code"]) == ("interrupted", 130), output
    assert clone.outcomes()["alert"] == "passed"
    code, output = clone.make("pipeline", "APP=submitter")
    assert code == 0, output
    assert set(clone.outcomes().values()) == {"passed"}


def test_a_sandbox_that_was_killed_comes_back_with_everything_in_it(clone: Clone) -> None:
    daemon = json.loads((clone.folder / ".sandbox/daemon.json").read_text())["pid"]
    os.kill(daemon, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{daemon}").exists())
    code, output = clone.make("healthcheck", "APP=submitter", "ENV=live-dev")
    assert code == 0, output
    assert all(row["verified"] for row in clone.status().values())


def test_the_secret_is_nowhere(clone: Clone, seen_commands: set[str]) -> None:
    """In no command line, no record, log or alert, no object or label, no layer of an image, no pod's log."""
    assert not seen_commands
    for path in (*(clone.folder / ".pipeline").rglob("*"), *(clone.folder / ".sandbox").rglob("*")):
        if path.is_file() and not path.is_symlink() and "venvs" not in path.parts:
            assert CANARY.encode() not in path.read_bytes(), path
