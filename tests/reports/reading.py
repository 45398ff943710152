"""What a folder of tests/reports says: report.toml, and what lies beside it."""

from __future__ import annotations

import ast
import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests import ROOT

HOME = Path(__file__).parent
FOLDERS = sorted(path.parent for path in HOME.glob("*/report.toml"))

CASES = {
    "tests/scenarios": "rollout",
    "tests/pure/cases/manifests": "manifests",
    "tests/pure/cases/diagnosis": "diagnosis",
}
"""Where inputs lie that other tests have too, and how those of each place are played."""

KEYS: dict[str, type] = {
    "title": str,
    "reported": list,
    "inputs": list,
    "tests": list,
    "stage": dict,
    "expect": dict,
}
STAGE: dict[str, type] = {
    "name": str,
    "app": str,
    "flags": list,
    "env": dict,
    "settings": str,
}
EXPECT: dict[str, type] = {"code": int, "says": list, "never": list}
OWN = {
    "rollout": {"objects.yaml", "seen.yaml", "expected.toml"},
    "manifests": {"deploy", "expected.json"},
    "stage": {"app", "root"},
}
"""What lies beside report.toml, by the way in which it is played."""


@dataclass(frozen=True)
class Proof:
    """One thing that shows the kind here: how it is played (or "test"), and what: a folder, file or test."""

    how: str
    what: str

    def __str__(self) -> str:
        return f"its own {self.how}" if "/" not in self.what else self.what.removeprefix("tests/")


@dataclass(frozen=True)
class Report:
    """A folder; said is its report.toml."""

    folder: Path
    said: dict[str, Any]
    proofs: tuple[Proof, ...]


@cache
def load(folder: Path) -> Report:
    """A folder; ValueError, with its name and what is wrong, for one that cannot be used."""
    said = tomllib.loads((folder / "report.toml").read_text(encoding="utf-8"))
    wrong = [*_wrong_keys(said), *_wrong_words(said)]
    if wrong:
        raise ValueError(f"{folder.name}/report.toml: {'; '.join(wrong)}")
    beside = {path.name for path in folder.iterdir()} - {"report.toml"}
    how = _own(said, beside)
    if isinstance(how, ValueError):
        raise ValueError(f"{folder.name}: {how}")
    proofs = [Proof(how, folder.name)] if how else []
    proofs += [Proof(CASES[str(Path(each).parent)], each) for each in said.get("inputs", [])]
    proofs += [Proof("test", each) for each in said.get("tests", [])]
    if not proofs:
        raise ValueError(f"{folder.name}: nothing proves it: no input of its own, no inputs, no tests")
    return Report(folder, said, tuple(proofs))


def _own(said: dict[str, Any], beside: set[str]) -> str | ValueError:
    """How the input in the folder is played; "" where it has none."""
    if "stage" in said:
        return ValueError(_odd(beside - OWN["stage"])) if beside - OWN["stage"] else "stage"
    if not beside:
        return ""
    for how in ("rollout", "manifests"):
        if beside == OWN[how]:
            return how
    return ValueError(
        f"{_odd(beside)}: a rollout is {_listed(OWN['rollout'])}; manifests are deploy, "
        "expected.json; app and root belong to a [stage]"
    )


def _odd(names: set[str]) -> str:
    return f"nobody reads {_listed(names)}"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _wrong_keys(said: dict[str, Any]) -> Iterator[str]:
    yield from _of_types("", said, KEYS)
    stage, expect = said.get("stage"), said.get("expect")
    if (stage is None) != (expect is None):
        yield "[stage] and [expect] go together"
    if isinstance(stage, dict):
        yield from _of_types("stage.", stage, STAGE)
        if not stage.get("name"):
            yield "stage.name is missing"
    if isinstance(expect, dict):
        yield from _of_types("expect.", expect, EXPECT)
        if "code" not in expect or not (expect.get("says") or expect.get("never")):
            yield "expect needs code, and says or never"


def _of_types(where: str, table: dict[str, Any], known: dict[str, type]) -> Iterator[str]:
    for key, value in table.items():
        if key not in known:
            yield f"{where}{key} is not known; known are {', '.join(known)}"
        elif not isinstance(value, known[key]) or isinstance(value, bool):
            yield f"{where}{key} is of the wrong type"
        elif isinstance(value, list) and not all(isinstance(each, str) and each for each in value):
            yield f"{where}{key} is a list of texts"


def _wrong_words(said: dict[str, Any]) -> Iterator[str]:
    if not said.get("title"):
        yield "title is missing: the kind of fault in one sentence"
    urls = said.get("reported") or []
    if not 1 <= len(urls) <= 3:
        yield "reported needs one to three addresses where the kind was reported in public"
    for url in urls:
        if not str(url).startswith("https://") or " " in str(url):
            yield f"reported: {url} is no https address"
    for each in said.get("inputs") or []:
        if str(Path(each).parent) not in CASES:
            yield f"inputs: {each} lies in none of {', '.join(CASES)}"
        elif not (ROOT / each).exists():
            yield f"inputs: {each} does not exist"


def missing(name: str, root: Path = ROOT) -> str:
    """Why "path::test" is no test that runs; "" if it is one."""
    file, _, function = name.partition("::")
    if not (root / file).is_file():
        return f"{file} does not exist"
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    marks = [
        each.value for each in tree.body if isinstance(each, ast.Assign) and _names(each) == ["pytestmark"]
    ]
    if any(_skips(mark) for mark in marks) or any(_is_skip(each) for each in tree.body):
        return f"{file} is skipped as a whole"
    found = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == function]
    if not found or not function.startswith("test_"):
        there = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
        near = [each for each in difflib.get_close_matches(function, there, 1) if each != function]
        return f"{file} has no test {function}" + "".join(f"; did you mean {each}?" for each in near)
    if any(_skips(mark) for mark in found[-1].decorator_list) or any(
        _is_skip(each) for each in found[-1].body
    ):
        return f"{name} is skipped"
    return ""


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _skips(mark: ast.expr) -> bool:
    """Whether a mark (or one of a list) lets a test never count: skip and xfail; skipif has a reason."""
    marks = mark.elts if isinstance(mark, ast.List | ast.Tuple) else [mark]
    bare = [each.func if isinstance(each, ast.Call) else each for each in marks]
    return any(isinstance(each, ast.Attribute) and each.attr in ("skip", "xfail") for each in bare)


def _is_skip(statement: ast.stmt) -> bool:
    """A call of pytest.skip or xfail, under no condition."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and _skips(call)
