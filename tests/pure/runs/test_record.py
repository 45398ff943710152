"""The record of a run: true at every moment, and closed for runs that were killed."""

from __future__ import annotations

import json
import os
from pathlib import Path

from toolkit.base.outcome import Kind, Outcome
from toolkit.base.redaction import Secret
from toolkit.runs import closing, record
from toolkit.runs.record import Record


def on_disk(kept: Record) -> dict[str, object]:
    data: dict[str, object] = json.loads(kept.file.read_text())
    return data


def test_every_change_is_on_disk_at_once(tmp_path: Path) -> None:
    kept = Record.start(tmp_path, "submitter", commit="c" * 40, branch="main", version="cccccccccccc")
    assert on_disk(kept)["outcome"] == "running"
    entry = kept.begin("deploy-test", "deploy", "test")
    assert on_disk(kept)["stages"][0]["outcome"] == "running"  # type: ignore[index]
    kept.end(entry, Outcome(Kind.FAILED, "crash loop", "look", ("line",)), inputs="abc")
    stage = on_disk(kept)["stages"][0]  # type: ignore[index]
    assert {key: stage[key] for key in ("name", "environment", "outcome", "reason", "log", "inputs")} == {
        "name": "deploy",
        "environment": "test",
        "outcome": "failed",
        "reason": "crash loop",
        "log": "deploy-test.log",
        "inputs": "abc",
    }
    assert stage["seconds"] >= 0
    kept.finish(Outcome(Kind.FAILED, "crash loop"))
    data = on_disk(kept)
    assert (data["outcome"], data["exit_code"]) == ("failed", 1)
    assert str(data["started"]) <= str(data["finished"])
    assert str(data["started"]).endswith("Z")


def test_latest_points_at_the_newest(tmp_path: Path) -> None:
    first = Record.start(tmp_path, "submitter")
    second = Record.start(tmp_path, "submitter")
    assert first.folder != second.folder
    assert (tmp_path / ".pipeline/latest").resolve() == second.folder


def test_secrets_are_masked_in_it(tmp_path: Path) -> None:
    Secret("canary-in-record")
    kept = Record.start(tmp_path, "submitter")
    kept.finish(Outcome(Kind.FAILED, "the server said canary-in-record"))
    assert "canary-in-record" not in kept.file.read_text()
    assert on_disk(kept)["reason"] == "the server said ***"


def test_a_damaged_record_is_passed_over(tmp_path: Path) -> None:
    kept = Record.start(tmp_path, "submitter")
    other = Record.start(tmp_path, "submitter")
    other.file.write_text("{ half")
    assert [data["run"] for data in record.runs(tmp_path)] == [kept.data["run"]]


def test_the_record_of_a_killed_run_is_closed(tmp_path: Path) -> None:
    dead = Record.start(tmp_path, "submitter", alerted=False)
    dead.begin("deploy-test", "deploy", "test")
    dead.data["process"] = {**dead.data["process"], "pid": _no_such_process()}
    dead.save()
    alive = Record.start(tmp_path, "submitter", alerted=False)
    said: list[str] = []
    assert [data["run"] for data in closing.settle(tmp_path, said.append)] == [dead.data["run"]]
    assert said == [f"run {dead.data['run']} was killed in deploy-test: its record is closed as interrupted"]
    data = on_disk(dead)
    assert (data["outcome"], data["exit_code"]) == ("interrupted", 130)
    assert data["stages"][0]["outcome"] == "interrupted"  # type: ignore[index]
    assert data["stages"][0]["died"] is True  # type: ignore[index]
    assert on_disk(alive)["outcome"] == "running"
    closing.settle(tmp_path, said.append)
    assert len(said) == 1


def _no_such_process() -> int:
    """A process id that nothing has: one above the largest that Linux gives out."""
    limit = Path("/proc/sys/kernel/pid_max")
    number = int(limit.read_text()) + 1 if limit.exists() else 2**30
    assert number != os.getpid()
    return number


def test_an_outcome_comes_back_as_it_was() -> None:
    outcome = Outcome(Kind.TIMED_OUT, "slow", "wait", ("a", "b"), {"n": [1, 2]})
    assert record.as_outcome(record.as_json(outcome)) == outcome
