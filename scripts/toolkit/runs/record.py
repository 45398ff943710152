"""What a run leaves behind: `.pipeline/runs/<run id>/run.json`, true at every moment, and its files."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.base import files
from toolkit.base.files import HOME as HOME
from toolkit.base.outcome import Kind, Outcome
from toolkit.runs import life, shape
from toolkit.runs.words import masked
from toolkit.typed import advice

RUNNING = "running"


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds: 2026-11-23T04:05:06.789Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(started: str, finished: str) -> float:
    """Seconds from one time of `now` to another."""
    start, end = (datetime.fromisoformat(text) for text in (started, finished))
    return round((end - start).total_seconds(), 3)


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that nobody ever meets half a file; secrets are masked. Raises CannotWrite."""
    files.write(path, json.dumps(masked(value), indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """What a JSON file holds; None when it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


class Record:
    """One run. Every change is on disk, atomically, before the method returns; they raise CannotWrite.

    forgiving: a run that ends because its disk is full goes on to its end without a record.
    """

    def __init__(self, folder: Path, data: dict[str, Any]) -> None:
        self.folder = folder
        self.data = data
        self.forgiving = False

    @classmethod
    def start(cls, root: Path, app: str, **about: Any) -> Record:
        """A new run below root/.pipeline, `about` being further keys of run.json."""
        started = now()
        stamp = re.sub(r"[-:.Z]", "", started)  # to the millisecond, so that names sort by age
        run = f"{stamp}-{app}-{os.urandom(2).hex()}"
        folder = root / HOME / "runs" / run
        files.folder(folder / "stages")
        try:
            lock = life.hold(folder)
        except OSError as error:
            raise files.cannot(folder / life.LOCK, error) from error
        data = {
            "run": run,
            "app": app,
            **about,
            "outcome": RUNNING,
            "exit_code": None,
            "reason": "",
            "started": started,
            "finished": None,
            "pid": os.getpid(),
            "process": life.me(),
            "lock": lock,
            "stages": [],
        }
        record = cls(folder, data)
        record.save()
        _point(root / HOME / "latest", folder)
        return record

    @property
    def file(self) -> Path:
        """run.json."""
        return self.folder / "run.json"

    @property
    def stages(self) -> list[dict[str, Any]]:
        """The stages so far, in the order in which they began."""
        stages: list[dict[str, Any]] = self.data["stages"]
        return stages

    def save(self) -> None:
        """Write run.json."""
        try:
            write_json(self.file, self.data)
        except files.CannotWrite:
            if not self.forgiving:
                raise

    def folder_of(self, stage: str) -> Path:
        """Where a stage keeps reports and evidence; made when asked for."""
        return files.folder(self.folder / "stages" / stage)

    def log_of(self, stage: str) -> Path:
        """The log of a stage."""
        return self.folder / f"{stage}.log"

    def begin(self, stage: str, name: str, environment: str | None) -> dict[str, Any]:
        """Note that a stage began."""
        entry = {
            "id": stage,
            "name": name,
            "environment": environment,
            "outcome": RUNNING,
            "reason": "",
            "started": now(),
            "finished": None,
            "seconds": None,
            "log": self.log_of(stage).name,
        }
        self.stages.append(entry)
        self.save()
        return entry

    def end(self, entry: dict[str, Any], outcome: Outcome, **more: Any) -> None:
        """Note how a stage ended; `more` are further keys (reused, inputs)."""
        entry["finished"] = now()
        entry["seconds"] = seconds_between(entry.get("started") or entry["finished"], entry["finished"])
        entry.update(as_json(outcome), **more)
        self.save()

    def finish(self, outcome: Outcome) -> None:
        """Note how the run ended."""
        self.data.update(
            outcome=outcome.kind.value,
            exit_code=outcome.kind.exit_code,
            reason=outcome.reason,
            remedy=outcome.remedy,
            finished=now(),
        )
        self.save()


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the record keeps it."""
    return {
        "outcome": outcome.kind.value,
        "exit_code": outcome.kind.exit_code,
        "reason": advice.here(outcome.reason),
        "remedy": advice.here(outcome.remedy),
        "evidence": list(outcome.evidence),
        "details": dict(outcome.details),
    }


def as_outcome(data: Mapping[str, Any]) -> Outcome:
    """What `as_json` made, back again."""
    return Outcome(
        Kind(data["outcome"]),
        data.get("reason", ""),
        data.get("remedy", ""),
        tuple(data.get("evidence", ())),
        dict(data.get("details", {})),
    )


def runs(root: Path) -> Iterator[dict[str, Any]]:
    """The run.json of every run, newest first; damaged ones are left out (closing.settle names them)."""
    folders = sorted((root / HOME / "runs").glob("*/"), reverse=True)
    for folder in folders:
        data = read_json(folder / "run.json")
        if not shape.fault(data, folder.name):
            yield data


def _point(link: Path, target: Path) -> None:
    """Let `latest` point at a run; swapped in one step, so that two runs at once cannot leave it broken."""
    temporary = link.with_name(f".latest.{os.getpid()}")
    try:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        temporary.symlink_to(os.path.relpath(target, link.parent))
        temporary.replace(link)
    except OSError as error:
        raise files.cannot(link, error) from error
