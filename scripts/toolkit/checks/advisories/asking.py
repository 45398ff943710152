"""Asks about every pin, each at most once a day, whoever of those that apps.toml names knows of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from toolkit.base import files
from toolkit.base.outcome import Failed
from toolkit.checks.advisories import osv, registry
from toolkit.checks.advisories.answers import Answer, Pin

Ask = Callable[[Iterable[Pin], date], dict[Pin, Answer]]

FRESH_SECONDS = 24 * 3600.0


def _registry(pins: Iterable[Pin], today: date) -> dict[Pin, Answer]:
    return registry.ask(registry.configured(), pins, today)


ASKED: dict[str, Ask] = {"registry": _registry, "osv": osv.ask}
"""Who can be asked, by the words of settings.model.ASKED."""


@dataclass(frozen=True)
class Told:
    """The answers, the pins that nobody knows anything about, and why somebody could not be asked."""

    answers: dict[Pin, Answer]
    silent: tuple[Pin, ...]
    troubles: tuple[str, ...]


def folder(cache: Path) -> Path:
    """Where what was said is kept for a day, in the folder of the advisories."""
    return cache / "asked"


def ask(
    folder: Path,
    names: Sequence[str],
    pins: Sequence[Pin],
    today: date,
    *,
    anew: bool = False,
    clock: Callable[[], float] = time.time,
) -> Told:
    """Ask about the pins, one place after the other until there is an answer. folder keeps what was said.

    What was asked within the last day is not asked again, "I do not know it" included, unless anew.
    """
    found: dict[Pin, Answer] = {}
    troubles: list[str] = []
    for name in names:
        left = [pin for pin in pins if pin not in found]
        file = folder / f"{name}.json"
        kept = {} if anew else _kept(file, clock())
        wanted = [pin for pin in left if pin not in kept]
        if wanted:
            try:
                told = ASKED[name](wanted, today)
            except Failed as failure:
                troubles.append(failure.reason)
            else:
                fresh = {pin: told.get(pin) for pin in wanted}
                _keep(file, fresh, clock())
                kept |= fresh
        found |= {pin: answer for pin in left if (answer := kept.get(pin))}
    return Told(found, tuple(pin for pin in pins if pin not in found), tuple(troubles))


def _kept(file: Path, now: float) -> dict[Pin, Answer | None]:
    """What was said within the last day; None for "I do not know it". A file of another form is no answer."""
    try:
        return {
            (name, version): Answer.read(entry["answer"]) if entry["answer"] else None
            for name, version, entry in _entries(file)
            if 0 <= now - entry["at"] < FRESH_SECONDS
        }
    except (KeyError, TypeError, ValueError):
        return {}


def _keep(file: Path, fresh: dict[Pin, Answer | None], now: float) -> None:
    """Add to what is kept; what another stage wrote in the meantime stays, what is too old goes."""
    try:
        entries = [
            [name, version, entry]
            for name, version, entry in _entries(file)
            if (name, version) not in fresh and 0 <= now - entry["at"] < FRESH_SECONDS
        ]
    except (KeyError, TypeError, ValueError):
        entries = []
    entries += [
        [name, version, {"at": now, "answer": answer.document if answer else None}]
        for (name, version), answer in fresh.items()
    ]
    files.write(file, json.dumps(entries, indent=1) + "\n")


def _entries(file: Path) -> list[Any]:
    try:
        return list(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return []
