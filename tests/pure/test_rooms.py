"""The house: which room of the toolkit may import which, and what holds for every room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import ROOT, floor_plan, rooms

FILES, LINES = 12, 300
PARTS = ("scripts", "sandbox", "form_builder_pipeline", "apps", "drills", "tests")
TOOLKIT, SANDBOX = ROOT / "scripts" / "toolkit", ROOT / "sandbox"
TREES = {TOOLKIT: ROOT / "scripts", SANDBOX: ROOT}

# Lowest first: a room may import the rooms in its line, all of which have theirs above it.
FLOORS = """
toolkit:
typed:
base:                typed
cluster:
suites.plugin:
checks.measuring:
ci:                  base
runs:                base typed
settings.said:
ci.repositories:     base ci settings.said
settings.files:      base ci.repositories
settings.tables:     base ci.repositories settings.files settings.said
settings.apps:       ci.repositories settings.said settings.tables
settings:            base ci ci.repositories runs settings.apps settings.files settings.said settings.tables
                     typed
rules:               base ci runs settings
checks.reports:      base
checks.coverage:     checks.reports
checks:              base settings settings.said checks.reports
checks.linters:      base checks checks.reports
preparing.keeping:
objects.reading:     base
objects.deciphering: base ci.repositories settings.said settings.apps settings.tables objects.reading
objects.rendering:   base settings settings.apps settings.tables objects.reading objects.deciphering
objects:             base settings settings.said objects.reading objects.rendering
checks.advisories:   base checks
cluster.contexts:    base objects
cluster.access:      settings objects
cluster.api:         base settings objects cluster.contexts
checks.security:     base checks checks.advisories checks.reports
checks.stages:       base checks checks.coverage checks.linters checks.reports
cluster.serving:     objects cluster.api
preparing:           base checks checks.stages settings
cluster.diagnosis:   objects cluster.api
cluster.diagnosis.kinds: settings.said objects cluster.api cluster.diagnosis
cluster.evidence:    base objects cluster.api cluster.diagnosis typed
cluster.preflight.saying:     base objects cluster.api
cluster.release.changing:     objects cluster.api
cluster.release.kept:         objects cluster.api
cluster.preflight.quota:      objects cluster.preflight.saying
cluster.preflight.references: objects cluster.preflight.saying
cluster.release:     base settings objects cluster.access cluster.api cluster.diagnosis
                     cluster.release.changing cluster.release.kept
cluster.standing:    base ci runs settings objects cluster.api cluster.diagnosis cluster.release
images.registries:   base
images.builders:     base settings images.registries
images:              base ci runs settings settings.tables images.builders images.registries
cluster.preflight:   base settings objects cluster.access cluster.api cluster.release
                     cluster.release.changing cluster.preflight.quota cluster.preflight.references
                     cluster.preflight.saying
cluster.handover:    base settings objects cluster.access cluster.api cluster.release
                     cluster.preflight cluster.preflight.references cluster.preflight.saying
cluster.verdict:     base settings.said objects cluster.api cluster.diagnosis cluster.diagnosis.kinds
                     cluster.evidence
cluster.restarting:  base settings settings.apps objects cluster.api cluster.diagnosis cluster.diagnosis.kinds
                     cluster.release cluster.standing cluster.verdict
health:              base settings objects cluster.api cluster.diagnosis cluster.evidence cluster.release
                     cluster.restarting cluster.standing
pipeline:            base ci ci.repositories runs settings cluster.release
drills.grounds:      base settings objects cluster.api
drills:              base ci runs settings settings.tables objects cluster.api pipeline drills.grounds
reporting:           base runs settings objects cluster.api cluster.diagnosis cluster.release
                     cluster.standing pipeline
suites:              base runs settings settings.apps checks checks.reports preparing objects cluster.access
                     cluster.api cluster.evidence cluster.release cluster.standing health
alerting:            base runs settings reporting
deploying:           base runs settings settings.said rules objects cluster.access cluster.api
                     cluster.diagnosis cluster.evidence cluster.release cluster.restarting cluster.serving
                     cluster.standing images cluster.preflight cluster.verdict health pipeline suites
watch:               base settings objects cluster.api cluster.diagnosis cluster.release cluster.standing
                     health alerting
"""


def test_imports_point_down_from_room_to_room_as_the_table_says() -> None:
    graph, here = rooms.imports(TOOLKIT, TREES[TOOLKIT]), rooms.rooms_of(TOOLKIT, TREES[TOOLKIT])
    wrong = rooms.against_the_floors(graph, here, rooms.floors(FLOORS, "toolkit"))
    assert not wrong, "\n".join(wrong)


def test_no_module_of_the_toolkit_stands_outside_a_room() -> None:
    assert [path.name for path in TOOLKIT.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_a_room_has_a_sign_at_its_door(tree: Path) -> None:
    for room, files in rooms.rooms_of(tree, TREES[tree]).items():
        door = TREES[tree].joinpath(*room.split("."), "__init__.py")
        assert door in files, f"{room} has no __init__.py"
        assert ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))), f"{room} has no sign"


def test_the_signs_of_the_toolkit_say_what_the_table_says() -> None:
    for room, may in rooms.floors(FLOORS, "toolkit").items():
        if room != "toolkit":
            assert floor_plan.sign(room).imports == floor_plan.shown(may), f"the sign of {room}"


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_a_room_holds_a_dozen_files_at_most(tree: Path) -> None:
    held = {room: len(files) for room, files in rooms.rooms_of(tree, TREES[tree]).items()}
    assert {room: count for room, count in held.items() if count > FILES} == {}


def test_a_module_has_three_hundred_lines_at_most() -> None:
    modules = [path for part in PARTS for path in (ROOT / part).rglob("*.py")]
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path: count for path, count in lines.items() if count > LINES} == {}


def test_the_floor_plan_is_that_of_today() -> None:
    assert floor_plan.drift(floor_plan.CONTRIBUTING.read_text(encoding="utf-8")) == ""


def test_a_floor_plan_of_yesterday_is_told_with_what_renews_it() -> None:
    text = floor_plan.CONTRIBUTING.read_text(encoding="utf-8").replace("| `base/` |", "| `cellar/` |")
    assert "make diagram" in floor_plan.drift(text)
    assert floor_plan.drift(floor_plan.renewed(text)) == ""


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
