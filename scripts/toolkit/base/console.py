"""How results look on a screen: one line when all is well, and a failure a person can act on."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from toolkit.base.outcome import Kind, Outcome
from toolkit.base.redaction import redact
from toolkit.base.table import aligned
from toolkit.typed import advice

MARKS = {
    Kind.PASSED: ("✔", "32"),
    Kind.FAILED: ("✘", "31"),
    Kind.MISUSED: ("✘", "31"),
    Kind.REFUSED: ("⛔", "33"),
    Kind.TIMED_OUT: ("⏱", "31"),
    Kind.INTERRUPTED: ("■", "33"),
}
_speaking = threading.Lock()
PLAIN = {"✔": "ok", "✘": "FAILED", "⛔": "REFUSED", "⏱": "TIMED OUT", "■": "INTERRUPTED"}


def colourful(stream: TextIO | None = None) -> bool:
    """Whether to colour: a terminal, and NO_COLOR (https://no-color.org) unset."""
    return (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, colour: str) -> str:
    """The text in an ANSI colour ("31" red, "1" bold, ...) where colours are seen."""
    return f"\x1b[{colour}m{text}\x1b[0m" if colourful() else text


def mark(kind: Kind) -> str:
    """The sign of an outcome; a word where the terminal may not show signs."""
    sign, colour = MARKS[kind]
    encoding = (sys.stdout.encoding or "").lower()
    return paint(sign if "utf" in encoding else PLAIN[sign], colour)


def say(text: str) -> None:
    """One line of progress, whole, whichever thread says it: `print` writes a line and its end apart."""
    _write(advice.here(text, certain=True))


def _write(text: str) -> None:
    line = f"{redact(text)}\n"
    with _speaking:
        sys.stdout.write(line)
        sys.stdout.flush()


def report(title: str, outcome: Outcome, *, log: Path | None = None, seconds: float | None = None) -> None:
    """How something ended. A failure says, in this order: what, why, the evidence, the remedy, and where its
    files are: details may name one per space, {"<space>": {"evidence": path from the log's folder}}."""
    took = "" if seconds is None else f" in {clock(seconds)}"
    say(f"{mark(outcome.kind)} {title}: {paint(outcome.kind.value, MARKS[outcome.kind][1])}{took}")
    if outcome.reason:
        say(f"  {'' if outcome.passed else 'why: '}{advice.here(outcome.reason)}")
    if outcome.passed:
        return
    for line in objects(outcome):
        say(f"  {line}")
    for line in outcome.evidence:
        _write(f"    | {line}")
    for number, line in enumerate(line for line in advice.here(outcome.remedy).splitlines() if line):
        say(f"  {'fix: ' if number == 0 else '     '}{line}")
    if log is None:
        return
    for details in outcome.details.values():
        if isinstance(details, Mapping) and isinstance(details.get("evidence"), str):
            say(f"  evidence: {shown(log.parent / details['evidence'])}")
    say(f"  log: {shown(log)}")


def objects(outcome: Outcome) -> list[str]:
    """What became of each object: details may hold them, {"<space>": {"objects": [{"object", "state", "said",
    "cause"}]}}. Those that are in order are counted."""
    found = []
    for space, details in outcome.details.items():
        rows = details.get("objects") if isinstance(details, Mapping) else None
        rows = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        bad = [row for row in rows if row.get("state") != "good"]
        cells = [[str(row.get(key, "")) for key in ("object", "state", "cause")] for row in bad]
        found += [f"{space}  {line}".rstrip() for line in aligned(cells)] if cells else []
        if bad and len(rows) > len(bad):
            found.append(f"{space}  and {len(rows) - len(bad)} more that are good")
    return found


def clock(seconds: float) -> str:
    """Seconds for a person: 0.3 s, 42 s, 3 min 5 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def shown(path: Path) -> str:
    """A path as short as it can be typed from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
