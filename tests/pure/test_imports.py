"""Imports point downward only, and the parts of the house do not reach into each other."""

from __future__ import annotations

import ast
import graphlib
import importlib
import importlib.util
from pathlib import Path

import pytest

from tests import ROOT, rooms

SCRIPTS = ROOT / "scripts"
STAGES = {path.stem for path in SCRIPTS.glob("*.py")}


def everything_imported(path: Path) -> set[str]:
    """Every module named in an import anywhere in a file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:  # a relative one stays in its package
            names.add(node.module or "")
    return names


@pytest.mark.parametrize(("folder", "root"), [("scripts/toolkit", "scripts"), ("sandbox", ".")])
def test_no_two_modules_import_each_other(folder: str, root: str) -> None:
    graph = rooms.imports(ROOT / folder, ROOT / root)
    packages = set(rooms.rooms_of(ROOT / folder, ROOT / root))  # each stands for its __init__.py
    try:
        list(graphlib.TopologicalSorter({n: d - packages for n, d in graph.items()}).static_order())
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_toolkit_does_not_import_the_stage_scripts_that_use_it() -> None:
    for path in (SCRIPTS / "toolkit").rglob("*.py"):
        assert not {name.split(".")[0] for name in everything_imported(path)} & STAGES, path


def test_a_stage_script_imports_no_other_stage_script() -> None:
    for path in SCRIPTS.glob("*.py"):
        assert not everything_imported(path) & (STAGES - {path.stem}), path


@pytest.mark.parametrize(
    ("part", "others"),
    [("sandbox", ("toolkit", "apps")), ("scripts", ("sandbox", "apps")), ("apps", ("toolkit", "sandbox"))],
)
def test_the_sandbox_the_toolkit_and_the_apps_know_each_other_only_as_programs(
    part: str, others: tuple[str, ...]
) -> None:
    for path in (ROOT / part).rglob("*.py"):
        assert not {name.split(".")[0] for name in everything_imported(path)} & set(others), path


def test_the_sandboxs_parts_know_each_other_only_through_the_api() -> None:
    parts = ("sandbox.api", "sandbox.controllers", "sandbox.node")
    for part in parts:
        for path in (ROOT / part.replace(".", "/")).rglob("*.py"):
            for other in set(parts) - {part}:
                strangers = {name for name in everything_imported(path) if f"{name}.".startswith(f"{other}.")}
                assert not strangers, f"{path} imports {strangers}"


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "bench").rglob("*.py")), ids=lambda path: path.stem)
def test_what_the_bench_imports_is_there(path: Path) -> None:
    """`make bench` is not run at every landing: a module that moved would break it unseen."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        source = node.module if isinstance(node, ast.ImportFrom) else None
        if source and source.partition(".")[0] in ("tests", "toolkit", "sandbox"):
            module = importlib.import_module(source)
            for name in [alias.name for alias in node.names]:
                there = hasattr(module, name) or importlib.util.find_spec(f"{source}.{name}")
                assert there, f"{path.name}:{node.lineno}: {source} has no {name}"
