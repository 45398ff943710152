"""Chooses the advisories to judge by and lays them out as a database that safety reads offline."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.base.outcome import Failed, Misused
from toolkit.checks.advisories import live, sources
from toolkit.checks.advisories.model import Source, documents, merge

MODES = ("auto", "local", "live")
_KEEP_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Database:
    """A database on disk. dated: the day up to which it speaks for the pins it was made for, if known."""

    folder: Path
    description: str
    dated: date | None
    warnings: tuple[str, ...]

    def age(self, today: date) -> int | None:
        """Days since it was current."""
        return (today - self.dated).days if self.dated else None


def mode() -> str:
    """ADVISORIES: auto (the live database if it answers, else the local one), local (no network) or live."""
    chosen = os.environ.get("ADVISORIES", "auto") or "auto"
    if chosen not in MODES:
        raise Misused(f"ADVISORIES={chosen}: must be one of {', '.join(MODES)}")
    return chosen


def prepare(
    root: Path, mode: str, pins: Sequence[tuple[str, str]], today: date, say: Callable[[str], None]
) -> Database:
    """The database for these (package, version) pins, built under root/.pipeline/cache/advisories.

    Raises Failed when there is none: what cannot be judged must not look clean.
    """
    cache = root / ".pipeline" / "cache" / "advisories"
    base = _base(cache, mode, say)
    gathered = [base]
    if (root / sources.KNOWN).exists():
        gathered.append(sources.known(root / sources.KNOWN))
    asked = sources.registry(root / sources.REGISTRY, pins) if (root / sources.REGISTRY).exists() else None
    if asked:
        gathered.append(asked)
    dates = [source.dated for source in (base, asked) if source and source.dated]
    dated = max(dates, default=None)
    used = {name for name, _ in pins}
    return Database(
        folder=_write(cache, gathered, today),
        description=_describe(gathered, today),
        dated=dated,
        warnings=tuple(
            f"{source.name}: an advisory about {package} has unreadable versions: {', '.join(specifiers)}"
            for source in gathered
            for package, specifiers in source.unreadable.items()
            if package in used
        ),
    )


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


def _describe(gathered: Iterable[Source], today: date) -> str:
    return "; ".join(
        f"{source.name}: {len(source.advisories)} advisories"
        + (
            f", of {source.dated} ({(today - source.dated).days} days old)"
            if source.dated
            else ", of no known date"
        )
        for source in gathered
    )


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
        if old not in (current, cache / "live") and time.time() - old.stat().st_mtime > _KEEP_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
