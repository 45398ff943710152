"""What is remembered of a suite from run to run: how long each test takes, and which failed last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base.outcome import Misused
from toolkit.base.redaction import redact
from toolkit.runs.record import HOME, read_json, write_json
from toolkit.settings.model import App

COMMITTED = "durations.json"

# test -> (seconds, outcome) for each time that it ran: what the plugin leaves.
Results = Mapping[str, list[tuple[float, str]]]


class Memory(NamedTuple):
    """durations: test -> seconds; failed: the tests that did not pass when they last ran; ended: whether the
    last run came to its end, so that `failed` is all there is to know."""

    durations: Mapping[str, float] = {}
    failed: tuple[str, ...] = ()
    ended: bool = True


def key(test: str) -> str:
    """What a test is remembered by: its id, or a digest where that may not be written down."""
    return test if redact(test) == test else f"sha256:{hashlib.sha256(test.encode()).hexdigest()}"


def file_of(root: Path, app: App, kind: str, space: str) -> Path:
    """Where it is kept; a space has its own, for spaces run side by side."""
    return root / HOME / "suites" / f"{app.name}-{kind}-{space}.json"


def read(file: Path) -> Memory:
    """What is remembered; nothing when there is no such file, or none that can be understood."""
    found = read_json(file)
    if not isinstance(found, dict):
        return Memory()
    failed = found.get("failed")
    return Memory(
        _durations(found.get("durations")),
        tuple(test for test in failed if isinstance(test, str)) if isinstance(failed, list) else (),
        found.get("ended") is not False,
    )


def committed(suite: Path) -> dict[str, float]:
    """The durations that come with a suite: the same everywhere. Misused for a file that is none."""
    file = suite / COMMITTED
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misused(f"{file}: cannot be read: {error}", remedy="KEEP_DURATIONS=1 writes it anew") from None
    return _durations(found)


def after(before: Memory, results: Results, *, is_partial: bool, passed: bool = True) -> Memory:
    """What to remember once these tests have run: of the others, what was known.

    A suite that did not pass although none of its tests failed broke (a file that cannot be imported, a
    deadline): then it is not known what would have failed.
    """
    if not results:
        return before._replace(ended=False)
    durations = {
        key(test): round(sum(seconds for seconds, _ in runs) / len(runs), 3)
        for test, runs in results.items()
        if runs
    }
    failed = {key(test) for test, runs in results.items() if any(outcome == "failed" for _, outcome in runs)}
    if is_partial:
        durations = {**before.durations, **durations}
        failed |= set(before.failed) - {key(test) for test in results}
    return Memory(
        durations, tuple(sorted(failed)), ended=(before.ended or not is_partial) and (passed or bool(failed))
    )


def keep(file: Path, memory: Memory) -> None:
    """Remember it, in one step."""
    write_json(
        file,
        {
            "durations": dict(sorted(memory.durations.items())),
            "failed": list(memory.failed),
            "ended": memory.ended,
        },
    )


def commit(suite: Path, results: Results) -> Path:
    """Write how long each test took, at its slowest, into the suite's folder; the file."""
    file = suite / COMMITTED
    slowest = {key(test): max(seconds for seconds, _ in runs) for test, runs in results.items() if runs}
    write_json(file, {test: round(seconds, 1) for test, seconds in sorted(slowest.items())})
    return file


def results(file: Path) -> dict[str, list[tuple[float, str]]]:
    """What the plugin left; nothing when it did not come to that."""
    found = read_json(file)
    if not isinstance(found, dict):
        return {}
    return {
        test: [(float(seconds), str(outcome)) for seconds, outcome in runs] for test, runs in found.items()
    }


def _durations(found: Any) -> dict[str, float]:
    rows = found.items() if isinstance(found, dict) else ()
    return {
        test: float(seconds) for test, seconds in rows if isinstance(seconds, int | float) and seconds >= 0
    }
