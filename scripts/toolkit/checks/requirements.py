"""What a requirements file asks for, line by line, so that nothing in it goes unchecked without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.base.outcome import Misused

# https://packaging.python.org/en/latest/specifications/name-normalization/
_SEPARATORS = re.compile(r"[-_.]+")
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^]]*\])?\s*===?\s*(?P<version>[^\s;,*]+)\s*(;.*)?$"
)
_NAME = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_INCLUDE = re.compile(r"^(?:-r|--requirement|-c|--constraint)[\s=]+(?P<file>\S.*)$")


@dataclass(frozen=True)
class Requirement:
    """One requirement. name is normalised, "" for a path or URL that tells none; version is "" unless it is
    pinned to one."""

    name: str
    version: str
    hashed: bool
    file: Path
    line: int
    text: str


def read(file: Path) -> list[Requirement]:
    """The requirements of a file and of those it includes. Raises Misused when one cannot be read."""
    return list(_read(file, frozenset()))


def canonical(name: str) -> str:
    """A package's name as indexes and databases compare it."""
    return _SEPARATORS.sub("-", name).lower()


def files_of(folder: Path) -> tuple[Path, ...]:
    """The requirements files of an app: requirements*.txt at its top level, in a fixed order."""
    return tuple(sorted(folder.glob("requirements*.txt")))


def _read(file: Path, seen: frozenset[Path]) -> Iterator[Requirement]:
    if file in seen:
        return
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{file}: cannot be read as a requirements file: {error}") from None
    for number, text in _logical(lines):
        include = _INCLUDE.match(text)
        if include:
            yield from _read((file.parent / include["file"].strip()).resolve(), seen | {file})
            continue
        bare = re.split(r"\s--?[a-z]", text, maxsplit=1)[0].strip()
        if text.startswith("-") and not text.startswith(("-e", "--editable")):
            continue  # an option for pip, such as --index-url
        pin = _PIN.match(bare)
        name = _NAME.match(bare)
        local = bare.startswith(("-", ".", "/")) or re.match(r"[a-z+]+://", bare) or " @ " in bare
        yield Requirement(
            name=_name_in(bare) if local else canonical(name["name"]) if name else "",
            version=pin["version"] if pin and not local else "",
            hashed="--hash=" in text,
            file=file,
            line=number,
            text=bare,
        )


def _name_in(address: str) -> str:
    """The package's name where a URL or path tells it: `name @ address` or `address#egg=name`."""
    before, _, after = address.partition(" @ ")
    found = _NAME.match(before if after else address.rpartition("#egg=")[2] if "#egg=" in address else "")
    return canonical(found["name"]) if found else ""


def _logical(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines joined over trailing backslashes, without comments and blanks, each with its first number."""
    start, joined = 0, ""
    for number, raw in enumerate([*lines, ""], start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        if not joined:
            start = number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        text = (joined + line).strip()
        joined = ""
        if text:
            yield start, text
