"""Alerts on disk, so that none is lost: written before they are sent, moved away once they are delivered.

`waiting/<run>.json` is sent by whoever comes next, `delivered/<run>.json` never again. The move is one
rename: a process that is killed leaves an alert either here or there. Killed between Slack's yes and the
rename, it is sent twice; a webhook offers no way to ask.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from toolkit.alerting.slack import Message

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Alert:
    """A kept alert: `run` names it, `created` is when it was written."""

    run: str
    created: datetime
    message: Message


@dataclass
class Flushed:
    """What became of the waiting alerts: delivered runs, and why the others were not (run to reason)."""

    delivered: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


class Outbox:
    """The alerts of one checkout, in `folder`; made on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._waiting = folder / "waiting"
        self._delivered = folder / "delivered"

    def put(self, run: str, message: Message, now: datetime | None = None) -> bool:
        """Keep an alert until it is delivered; False when that of this run already was."""
        if self._file(self._delivered, run).exists():
            return False
        for each in (self._waiting, self._delivered):
            each.mkdir(parents=True, exist_ok=True)
        content = {"run": run, "created": (now or datetime.now(UTC)).isoformat(), "message": asdict(message)}
        target = self._file(self._waiting, run)
        draft = target.with_suffix(f".{os.getpid()}.draft")
        with draft.open("w") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        return True

    def waiting(self) -> list[str]:
        """The runs whose alerts are not delivered, oldest first."""
        return [path.stem for path in sorted(self._waiting.glob("*.json"), key=_age)]

    def read(self, run: str) -> Alert | None:
        """A waiting alert; None when it is not there (any more) or cannot be read."""
        try:
            content = json.loads(self._file(self._waiting, run).read_text())
            created = datetime.fromisoformat(content["created"])
            return Alert(content["run"], created, Message(**content["message"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def flush(self, send: Callable[[Alert, float], str], seconds: float) -> Flushed:
        """Send what waits, oldest first, in at most `seconds`; one process at a time.

        `send` takes an alert and the seconds left; it returns "" or why it failed. The first failure ends it:
        what comes after has the same way to go, and stays for the next time.
        """
        result = Flushed()
        deadline = time.monotonic() + seconds
        if not self._waiting.is_dir():
            return result
        with self._alone(deadline) as alone:
            why = "" if alone else "another process was sending"
            for run in self.waiting():
                if alone and self._file(self._delivered, run).exists():  # put while another one sent it
                    self._file(self._waiting, run).unlink()
                    continue
                alert = self.read(run)
                if not alert:
                    result.kept[run] = f"{self._file(self._waiting, run)} cannot be read"
                    continue
                left = deadline - time.monotonic()
                why = why or (send(alert, left) if left > 1 else "no time left")
                if why:
                    result.kept[run] = why
                    continue
                self._file(self._waiting, run).replace(self._file(self._delivered, run))
                result.delivered.append(run)
        return result

    def _file(self, folder: Path, run: str) -> Path:
        return folder / f"{Path(run).name}.json"

    @contextmanager
    def _alone(self, deadline: float) -> Iterator[bool]:
        """Hold the lock, which dies with its process; False when another holds it beyond the deadline."""
        with (self.folder / "lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        yield False
                        return
                    time.sleep(POLL_SECONDS)
                    continue
                yield True
                return


def _age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except FileNotFoundError:
        return 0.0, path.name
