"""Alerts on disk, so that none is lost: written before they are sent, moved once their fate is known.

`waiting/<run>.json` is sent by whoever comes next, `delivered/<run>.json` never again, `aside/<run>.json` was
refused and waits for a person. The move is one rename: a process that is killed leaves an alert in one place.
`state/<run>.json` holds what the channels said and want to know again; only the one that sends writes it.
`waiting/<run>.started.json` says that a run began, and is dropped as soon as there is word of its end.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.alerting.channel import Alert
from toolkit.alerting.slack import Message
from toolkit.base import files
from toolkit.runs.record import HOME

POLL_SECONDS = 0.05
STARTED = ".started"
PATIENT = 3  # tries after which an alert lets newer ones go first


class Outbox:
    """The alerts of one checkout, in `folder`; made on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, run: str, message: Message, now: datetime | None = None, *, final: bool = True) -> str:
        """Keep an alert until its fate is known; "" when it is kept now, else where that of this run is:
        "delivered" or "aside". Raises CannotWrite."""
        for place in ("delivered", "aside"):
            if self._file(place, run).exists():
                return place
        created = (now or datetime.now(UTC)).isoformat()
        content = {"run": run, "created": created, "message": asdict(message), "final": final}
        files.write(
            self._file("waiting", run if final else run + STARTED),
            json.dumps(content, ensure_ascii=False, indent=1),
        )
        return ""

    def waiting(self) -> list[str]:
        """The names of the alerts that are to be sent, oldest first; those that failed often after the
        others, so that none holds up the rest for ever."""
        names = [path.stem for path in (self.folder / "waiting").glob("[!.]*.json")]
        return sorted(names, key=self._order)

    def aside(self) -> list[str]:
        """The names of the alerts that were refused."""
        return sorted(path.stem for path in (self.folder / "aside").glob("[!.]*.json"))

    def read(self, name: str) -> Alert | None:
        """A waiting alert; None when it is not there (any more) or cannot be read."""
        try:
            content = json.loads(self._file("waiting", name).read_text(encoding="utf-8"))
            message = Message(**content["message"])
            if not isinstance(message.text, str) or not isinstance(message.plain, str):
                return None
            if not all(isinstance(each, list) for each in (message.blocks, message.brief)):
                return None
            created = datetime.fromisoformat(content["created"])
            if created.tzinfo is None:
                return None
            return Alert(str(content["run"]), created, message, content.get("final", True) is True)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def state(self, name: str) -> dict[str, Any]:
        """What the channels said of an alert: {"why", "remedy", "tries", "done", "memory"}."""
        try:
            found = json.loads(self._file("state", name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def note(self, name: str, **more: Any) -> None:
        """Add to it. For whoever holds `alone`. Raises CannotWrite."""
        state = {**self.state(name), **more}
        files.write(self._file("state", name), json.dumps(state, ensure_ascii=False, indent=1))

    def move(self, name: str, place: str) -> None:
        """An alert's fate is known. For whoever holds `alone`. Raises CannotWrite."""
        target = self._file(place, name)
        files.folder(target.parent)
        try:
            self._file("waiting", name).replace(target)
        except OSError as error:
            raise files.cannot(target, error) from error
        if place == "delivered":
            self.forget(name)

    def drop(self, name: str) -> None:
        """An alert that nobody needs any more."""
        with contextlib.suppress(OSError):
            self._file("waiting", name).unlink()

    def forget(self, name: str) -> None:
        """What the channels said of it is history."""
        with contextlib.suppress(OSError):
            self._file("state", name).unlink()

    def has_end(self, run: str) -> bool:
        """Whether there is word of how a run ended, sent or not."""
        return any(self._file(place, run).exists() for place in ("waiting", "delivered", "aside"))

    def again(self, word: str) -> list[str]:
        """Let one that was refused be sent again, or "all" of them; the names of those that will be."""
        moved = []
        for name in self.aside():
            if word in ("all", name):
                self.note(name, tries=0, why="", remedy="")
                self._file("aside", name).replace(self._file("waiting", name))
                moved.append(name)
        return moved

    def file(self, name: str) -> Path:
        """Where a waiting alert is."""
        return self._file("waiting", name)

    @contextmanager
    def alone(self, deadline: float) -> Iterator[bool]:
        """Hold the lock, which dies with its process; False when another holds it beyond the deadline
        (a moment of time.monotonic). Raises CannotWrite."""
        path = files.folder(self.folder) / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise files.cannot(path, error) from error
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        yield False
                        return
                    time.sleep(POLL_SECONDS)
                    continue
                yield True
                return
        finally:
            os.close(descriptor)

    def _file(self, place: str, name: str) -> Path:
        return self.folder / place / f"{Path(name).name}.json"

    def _order(self, name: str) -> tuple[bool, str, str]:
        tries, alert = self.state(name).get("tries"), self.read(name)
        tired = isinstance(tries, int) and tries >= PATIENT
        return tired, alert.created.astimezone(UTC).isoformat() if alert else "", name


def of(root: Path) -> Outbox:
    """The one of the checkout at `root`."""
    return Outbox(root / HOME / "alerts")
