"""The floor plan in CONTRIBUTING.md: the toolkit's rooms, from the signs at their doors and from the imports.

`python -m tests.floor_plan` writes it, `--check` says whether the one that is there is that of today.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests import ROOT, rooms

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
SCRIPTS = ROOT / "scripts"
BEGIN, END = "<!-- floor plan: made by `make diagram` -->", "<!-- end of the floor plan -->"
NOTHING = "nothing of the toolkit"


class Sign(NamedTuple):
    """What the sign at a room's door says: what the room is for, and the rooms that it imports."""

    purpose: str
    imports: str


def sign(room: str) -> Sign:
    """The sign of a room by its dotted name: the first line of its docstring is the purpose, the last
    sentence says what it imports."""
    door = SCRIPTS.joinpath(*room.split("."), "__init__.py")
    said = ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))) or ""
    return Sign(said.partition("\n")[0], " ".join(said.split()).rpartition(" Imports ")[2].rstrip("."))


def shown(others: Iterable[str]) -> str:
    """Rooms as a sign names them: without the toolkit, in the order of the alphabet."""
    return ", ".join(sorted(map(_named, others))) or NOTHING


def table() -> str:
    """The floor plan: a line per room, the highest floor first, as a house is drawn."""
    used = _used()
    floors = {room: _floor(room, used) for room in used if room != "toolkit"}
    lines = ["| floor | room | what it is for | imports |", "| --- | --- | --- | --- |"]
    for room in sorted(floors, key=lambda room: (-floors[room], room)):
        about = sign(room)
        lines.append(f"| {floors[room]} | `{_named(room)}/` | {about.purpose} | {shown(used[room])} |")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """The text of CONTRIBUTING.md with the floor plan of today. Raises ValueError without the two marks."""
    before, after = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:before]}\n{table()}\n{text[after:]}"


def drift(text: str) -> str:
    """What is wrong with the floor plan in a text, "" if nothing."""
    if renewed(text) == text:
        return ""
    return "CONTRIBUTING.md: the floor plan is not that of today\n  fix: make diagram"


def _used() -> dict[str, set[str]]:
    toolkit = SCRIPTS / "toolkit"
    here = rooms.rooms_of(toolkit, SCRIPTS)
    used: dict[str, set[str]] = {room: set() for room in here}
    for module, others in rooms.imports(toolkit, SCRIPTS).items():
        room = rooms.room_of(module, here)
        used[room] |= {rooms.room_of(other, here) for other in others} - {room}
    return used


def _floor(room: str, used: Mapping[str, set[str]]) -> int:
    return 1 + max((_floor(other, used) for other in used[room]), default=0)


def _named(room: str) -> str:
    return room.removeprefix("toolkit.").replace(".", "/")


def main(words: list[str]) -> int:
    """Write the floor plan, or with --check say what is wrong with it. Gives the exit code."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    if words == ["--check"]:
        wrong = drift(text)
        if wrong:
            print(wrong, file=sys.stderr)
        return 1 if wrong else 0
    CONTRIBUTING.write_text(renewed(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
