"""Reads container logs in the CRI format, and follows them across rotation."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.node.timing.durations import seconds_of

POLL_SECONDS = 0.1  # how soon a followed log shows a new line
CHUNK = 1 << 16


@dataclass(frozen=True)
class Wanted:
    """The options of pods/log. ``since``: seconds since 1970, ``tail``: lines, ``limit``: bytes; None: no
    bound."""

    tail: int | None = None
    since: float | None = None
    limit: int | None = None
    timestamps: bool = False


def _text(line: bytes, wanted: Wanted) -> bytes | None:
    """What a reader sees of one CRI line; None when it is older than wanted or damaged."""
    stamp, _, rest = line.partition(b" ")
    _, _, rest = rest.partition(b" ")
    tag, _, text = rest.partition(b" ")
    if tag not in (b"F", b"P"):
        return None
    if wanted.since is not None and seconds_of(stamp[:26].decode().rstrip("Z") + "+00:00") < wanted.since:
        return None
    ending = b"\n" if tag == b"F" else b""
    return (stamp + b" " if wanted.timestamps else b"") + text + ending


def files(log: Path) -> list[Path]:
    """A container's log files, oldest first."""
    older = sorted(log.parent.glob(f"{log.name}.[0-9]*"), key=lambda path: -int(path.suffix[1:]))
    return [*older, *([log] if log.exists() else [])]


def _lines(log: Path, end: int | None) -> Iterator[bytes]:
    """Every line; of the newest file only what lies before ``end``."""
    for path in files(log):
        left = end if path == log else None
        try:
            with path.open("rb") as file:
                for line in file:
                    if left is not None:
                        line, left = line[:left], left - len(line[:left])
                    if line:
                        yield line
        except OSError:  # turned over meanwhile
            continue


def _tail(log: Path, count: int, end: int | None = None) -> list[bytes]:
    """The last ``count`` lines, reading no more of the files than needed."""
    found: list[bytes] = []
    for path in reversed(files(log)):
        if len(found) >= count:
            break
        with path.open("rb") as file:
            at, data = file.seek(0, os.SEEK_END), b""
            at = min(at, end) if path == log and end is not None else at
            while at and data.count(b"\n") <= count - len(found):
                step = min(CHUNK, at)
                at -= step
                file.seek(at)
                data = file.read(step) + data
        lines = data.splitlines(keepends=True)
        if at:
            lines = lines[1:]
        found = lines[-(count - len(found)) :] + found if count > len(found) else found
    return found[-count:] if count else []


def last_lines(log: Path, count: int, limit: int) -> str:
    """The end of a log as text, at most ``limit`` bytes: FallbackToLogsOnError, and messages."""
    shown = [text for line in _tail(log, count) if (text := _text(line.rstrip(b"\n"), Wanted())) is not None]
    return b"".join(shown)[-limit:].decode("utf-8", "replace")


def read(log: Path, wanted: Wanted, end: int | None = None) -> Iterator[bytes]:
    """The log as it is now, in pieces; of the newest file only the first ``end`` bytes."""
    left = wanted.limit
    lines = _tail(log, wanted.tail, end) if wanted.tail is not None else _lines(log, end)
    for line in lines:
        text = _text(line.rstrip(b"\n"), wanted)
        if text is None:
            continue
        if left is not None:
            text = text[:left]
            left -= len(text)
        yield text
        if left == 0:
            return


async def follow(log: Path, wanted: Wanted, ended: asyncio.Event) -> AsyncIterator[bytes]:
    """The log as it is, then what is added, until ``ended`` is set and all has been read."""
    at, inode = 0, None
    if log.exists():
        info = log.stat()
        at, inode = info.st_size, info.st_ino
    left = wanted.limit
    for text in read(log, wanted, at):
        yield text
        left = left - len(text) if left is not None else None
        if left == 0:
            return
    rest = b""
    rule = Wanted(since=wanted.since, timestamps=wanted.timestamps)
    while True:
        final = ended.is_set()
        data, at, inode = _added(log, at, inode)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            added = _text(line, rule)
            if added is None:
                continue
            added = added[:left] if left is not None else added
            left = left - len(added) if left is not None else None
            yield added
            if left == 0:
                return
        if final and not data:
            return
        if not data:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await ended.wait()
            except TimeoutError:
                continue


def _added(log: Path, at: int, inode: int | None) -> tuple[bytes, int, int | None]:
    """What was written after ``at``: first the rest of a file that was turned over, then the new one."""
    try:
        info = log.stat()
    except OSError:
        return b"", at, inode
    data = b""
    if inode is not None and info.st_ino != inode:
        turned = log.with_name(f"{log.name}.1")
        if turned.exists() and turned.stat().st_ino == inode:
            data = _from(turned, at)
        at = 0
    more = _from(log, at)
    return data + more, at + len(more), info.st_ino


def _from(path: Path, at: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read()
