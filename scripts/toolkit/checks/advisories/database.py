"""Chooses the advisories to judge by and lays them out as a database that safety reads offline."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.base.outcome import Failed, Misused
from toolkit.checks.advisories import asking, live, sources
from toolkit.checks.advisories.answers import Answer, Pin, load, newest
from toolkit.checks.advisories.model import Source, documents, merge

MODES = ("auto", "local", "live")
_KEEP_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Database:
    """A database on disk. dated: the day up to which it speaks for the pins it was made for, if known.

    unknown are pins that nobody was asked about or knows; troubles say who could not be asked, and why; asked
    says whether anybody was to be asked at all.
    """

    folder: Path
    description: str
    dated: date | None
    warnings: tuple[str, ...]
    unknown: tuple[Pin, ...] = ()
    troubles: tuple[str, ...] = ()
    asked: bool = False

    def age(self, today: date) -> int | None:
        """Days since it was current."""
        return (today - self.dated).days if self.dated else None


def mode() -> str:
    """ADVISORIES: auto (the live database if it answers, else the local one), local (no network) or live."""
    chosen = os.environ.get("ADVISORIES", "auto") or "auto"
    if chosen not in MODES:
        raise Misused(f"ADVISORIES={chosen}: must be one of {', '.join(MODES)}")
    return chosen


def folder(root: Path) -> Path:
    """Where advisories that were fetched, asked for and laid out are kept."""
    return root / ".pipeline" / "cache" / "advisories"


def prepare(
    root: Path,
    mode: str,
    pins: Sequence[Pin],
    today: date,
    say: Callable[[str], None],
    ask: Sequence[str] = (),
) -> Database:
    """The database for these (package, version) pins, built under root/.pipeline/cache/advisories.

    ask names who is asked about every pin, unless the mode is local (asking.py). Raises Failed when there is
    no database: what cannot be judged must not look clean.
    """
    cache = folder(root)
    base = _base(cache, mode, say)
    gathered = [base]
    if (root / sources.KNOWN).exists():
        gathered.append(sources.known(root / sources.KNOWN))
    told = asking.ask(asking.folder(cache), () if mode == "local" else ask, pins, today)
    if mode == "live" and told.troubles:
        raise Failed("; ".join(told.troubles), remedy="ADVISORIES=local judges by what is on this machine")
    known = newest(load(root / sources.ANSWERS), told.answers)
    asked = sources.asked("asked pin by pin", known, pins)
    gathered.append(asked)
    dates = [source.dated for source in (base, asked) if source.dated]
    used = {name for name, _ in pins}
    return Database(
        folder=_write(cache, gathered, today),
        description="; ".join([*_described(gathered[:-1], today), _answered(known, pins, today)]),
        dated=max(dates, default=None),
        warnings=tuple(
            f"{source.name}: an advisory about {package} has unreadable versions: {', '.join(specifiers)}"
            for source in gathered
            for package, specifiers in source.unreadable.items()
            if package in used
        ),
        unknown=tuple(pin for pin in pins if pin not in known),
        troubles=told.troubles,
        asked=mode != "local" and bool(ask),
    )


def _answered(known: Mapping[Pin, Answer], pins: Sequence[Pin], today: date) -> str:
    """Who answered for how many of the pins, and of which day the oldest answer is."""
    mine = [known[pin] for pin in pins if pin in known]
    if not mine:
        return f"none of {len(pins)} pins was asked about" if pins else "no pins"
    oldest = min(each.asked for each in mine)
    who = " and ".join(sorted({each.by or "package registry" for each in mine}))
    age = (today - oldest).days
    return f"{len(mine)} of {len(pins)} pins answered for by {who}, of {oldest} ({age} days old)"


def _base(cache: Path, mode: str, say: Callable[[str], None]) -> Source:
    """The live database if asked for and to be had; else the newer of its last copy and the packaged one."""
    copy = cache / "live" / "insecure_full.json"
    if mode != "local":
        try:
            if not live.fresh(copy):
                live.fetch(live.address(), copy)
            return sources.live(copy)
        except Failed as failure:
            if mode == "live":
                raise Failed(
                    failure.reason, remedy="ADVISORIES=local judges by the database on this machine"
                ) from None
            say(f"{failure.reason}; using the local one")
    packaged = sources.packaged(sources.packaged_folder())
    if copy.exists():
        fetched = sources.live(copy)
        if fetched.dated and packaged.dated and fetched.dated > packaged.dated:
            return fetched
    return packaged


def _described(gathered: Iterable[Source], today: date) -> list[str]:
    return [
        f"{source.name}: {len(source.advisories)} advisories"
        + (
            f", of {source.dated} ({(today - source.dated).days} days old)"
            if source.dated
            else ", of no known date"
        )
        for source in gathered
    ]


def _write(cache: Path, gathered: Sequence[Source], today: date) -> Path:
    """Write the two files under a name that says what is in them, unless they are there already."""
    dated = gathered[0].dated or today
    timestamp = int(time.mktime(dated.timetuple()))
    texts = [json.dumps(document, sort_keys=True) for document in documents(merge(gathered), timestamp)]
    folder = cache / hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
    if not folder.exists():
        part = cache / f"{folder.name}.{os.getpid()}"
        part.mkdir(parents=True, exist_ok=True)
        for name, text in zip(("insecure.json", "insecure_full.json"), texts, strict=True):
            (part / name).write_text(text, encoding="utf-8")
        try:
            part.rename(folder)
        except OSError:  # another stage wrote the same one first
            shutil.rmtree(part)
    _prune(cache, folder)
    return folder


def _prune(cache: Path, current: Path) -> None:
    os.utime(current)
    for old in cache.iterdir():
        if (
            old not in (current, cache / "live", asking.folder(cache))
            and time.time() - old.stat().st_mtime > _KEEP_SECONDS
        ):
            shutil.rmtree(old, ignore_errors=True)
