"""The sandbox's floors: which room may import which, and how much fits into a room and a file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import ROOT, rooms

SANDBOX = ROOT / "sandbox"
HERE = rooms.rooms_of(SANDBOX, ROOT)
FILES, LINES = 12, 300

# Lowest first. A room may import the rooms in its line, all of which have theirs above it; `.x` is the room x
# of the same part. What begins with blanks continues the line before it.
FLOORS = """
base:

api.types:              base
api.wire:               base
api.patching:           base .types
api.defaults:           base .types
api.validation.rules:   base .types .wire
api.validation:         base .types .validation.rules
api.storage:            base .wire
api.access:             base .storage
api.admission:          base .wire .defaults .storage .access
api.reading.printers:   .types
api.reading:            base .wire .storage .reading.printers
api.writing:            base .types .wire .patching .defaults .validation .storage .admission
api.calls:              base .wire .storage .access .writing
api.handlers:           base .types .wire .patching .storage .access .reading .writing .calls
api:                    base .types .wire .defaults .storage .access .admission .reading .writing .calls
                        .handlers

controllers.machinery:    base
controllers.workloads:    base .machinery
controllers.networking:   base .machinery
controllers.placing:      base .machinery
controllers.housekeeping: base .machinery
controllers:              base .machinery .workloads .networking .placing .housekeeping

images.keeping:         base
images.recipes:
images.building:        base .keeping .recipes
images:

node.timing:
node.processes:
node.probes:
node.network:           base
node.reporting:         base .timing
node.configuration:     base
node.storage:           .processes .configuration
node.containers:        base images.keeping .timing .processes .probes .reporting .configuration .storage
node:                   base images.keeping .timing .processes .network .reporting .configuration .storage
                        .containers

sandbox:                base api api.storage controllers images.keeping images.recipes images.building
                        node node.network node.processes
"""


def floors(table: str) -> dict[str, list[str]]:
    """The rooms of a table by their full names, with what each may import."""
    lines = [line.partition(":") for line in table.replace("\n ", " ").splitlines() if line]
    return {_full(room): [_full(other, room) for other in may.split()] for room, _, may in lines}


def _full(room: str, beside: str = "") -> str:
    if room.startswith("."):
        room = beside.partition(".")[0] + room
    return room if room == "sandbox" else f"sandbox.{room}"


def test_imports_point_down_from_room_to_room_as_the_table_says() -> None:
    graph = rooms.imports(SANDBOX, ROOT)
    assert not (wrong := rooms.against_the_floors(graph, HERE, floors(FLOORS))), "\n".join(wrong)


def test_a_room_has_a_sign_at_its_door() -> None:
    for room, files in HERE.items():
        door = ROOT.joinpath(*room.split("."), "__init__.py")
        assert door in files, f"{room} has no __init__.py"
        assert ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))), (
            f"{room} has no sign at its door"
        )


def test_a_room_holds_a_dozen_files_and_a_file_three_hundred_lines_at_most() -> None:
    full = [f"{room} holds {len(files)} files" for room, files in HERE.items() if len(files) > FILES]
    for path in (path for files in HERE.values() for path in files):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        full += [f"{path.relative_to(ROOT)} has {lines} lines"] if lines > LINES else []
    assert not full, "\n".join(full)


# Four modules in three rooms, and what a table can say differently: each sentence names the room.
GRAPH: dict[str, set[str]] = {"s": set(), "s.low.a": set(), "s.low.b": {"s.low.a"}, "s.high.c": {"s.low.a"}}
ROOMS = ["s", "s.low", "s.high"]
FITS: dict[str, tuple[str, ...]] = {"s.low": (), "s.high": ("s.low",), "s": ()}
MISFITS: dict[str, tuple[rooms.Graph, rooms.Graph, str]] = {
    "an import upward": (
        {**GRAPH, "s.low.a": {"s.high.c"}},
        FITS,
        "s.low may not import s.high: s.low.a imports s.high.c",
    ),
    "a room without a line": (GRAPH, {"s.low": (), "s": ()}, "s.high has no line in the table"),
    "a line without a room": (GRAPH, {**FITS, "s.gone": ()}, "s.gone has a line in the table and is no room"),
    "an import that is gone": ({**GRAPH, "s.high.c": set()}, FITS, "s.high does not import s.low any more"),
    "a line that points up": (
        {**GRAPH, "s.low.a": {"s.high.c"}, "s.high.c": set()},
        {"s.low": ("s.high",), "s.high": (), "s": ()},
        "s.low may import s.high by the table, which has no line for that above",
    ),
}


def test_a_table_that_fits() -> None:
    assert rooms.against_the_floors(GRAPH, ROOMS, FITS) == []


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_named(case: str) -> None:
    graph, table, sentence = MISFITS[case]
    assert sentence in rooms.against_the_floors(graph, ROOMS, table)


def test_imports_within_functions_count_and_those_for_types_do_not(tmp_path: Path) -> None:
    (tmp_path / "s" / "low").mkdir(parents=True)
    (tmp_path / "s" / "low" / "__init__.py").write_text("")
    (tmp_path / "s" / "low" / "a.py").write_text("import os\nfrom . import b\nfrom ..top import Top\n")
    (tmp_path / "s" / "low" / "b.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import s.top\n"
        "def f():\n    from s.low import a\n"
    )
    (tmp_path / "s" / "top.py").write_text("import s.low.a, json\n")
    assert rooms.imports(tmp_path / "s", tmp_path) == {
        "s.low": set(),
        "s.low.a": {"s.low.b", "s.top"},
        "s.low.b": {"s.low.a"},
        "s.top": {"s.low.a"},
    }
