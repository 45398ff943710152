"""TAP, versions 12 to 14 (https://testanything.org), by the parser of the library of that name."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

from toolkit.checks.reports import opening
from toolkit.checks.reports.opening import NotReadable
from toolkit.checks.reports.tested import FAILED, PASSED, SKIPPED, Case, Tests, first_line, place_in

WHAT = "TAP"


def read(report: Path) -> Tests:
    """What the report says; of a test with subtests, those. Raises NotReadable where it is none."""
    text = opening.text(report, WHAT)
    try:
        return _level(text, str(report))
    except (ValueError, RecursionError) as error:
        raise NotReadable(f"{report}: is broken {WHAT}: {error}") from None


def _level(text: str, name: str) -> Tests:
    """What the tests of one level say, and those below them."""
    from tap.parser import Parser

    own, below = _apart(text)
    # The library takes blocks of YAML, which are those of TAP 13, only where a version is on the first line.
    lines = re.sub(r"^TAP version \d{1,3}$", "", own, flags=re.M).lstrip("\n")
    results: list[tuple[Any, list[str]]] = []
    plans: list[Any] = []
    bail = ""
    for line in Parser().parse_text(f"TAP version 13\n{lines}"):
        if line.category == "test":
            results.append((line, []))
        elif line.category == "plan":
            plans.append(line)
        elif line.category == "bail":
            bail = line.reason or "no reason given"
            break
        elif line.category == "diagnostic" and results:
            results[-1][1].append(line.text.removeprefix("#").strip())
    if not results and not plans and not bail:
        raise NotReadable(f"{name}: is not {WHAT}: there is neither a plan (1..N) nor a test in it")
    nested = {number: _level(each, name) for number, each in below.items() if number < len(results)}
    cases = [
        case
        for number, (line, said) in enumerate(results)
        for case in _together(_case(line, said), nested.get(number))
    ]
    why = ""
    if bail:
        why = f"bailed out: {bail}"
    elif len(plans) != 1:
        why = f"has {len(plans)} plans (1..N), so it may have broken off"
    elif plans[0].expected_tests != len(results):
        why = f"{plans[0].expected_tests} tests were planned and {len(results)} reported"
    outside = [case for each in nested.values() for case in each.outside]
    return Tests(tuple(cases), (*outside, *([Case("", "the run", FAILED, why=why)] if why else ())))


def _apart(text: str) -> tuple[str, dict[int, str]]:
    """The lines of this level, and those of subtests (four spaces deeper) by the number of the test that they
    belong to, which comes after them."""
    own: list[str] = []
    below: dict[int, list[str]] = {}
    tests, is_block = 0, False
    for line in text.splitlines():
        if is_block or re.match(r"\s{1,3}---\s*$", line):
            is_block = not re.match(r"\s{1,3}\.\.\.\s*$", line)
        elif line.startswith("    "):
            below.setdefault(tests, []).append(line[4:])
            continue
        elif re.match(r"(not )?ok\b", line):
            tests += 1
        own.append(line)
    subtests = {
        n: "\n".join(each) for n, each in below.items() if any(re.match(r"(not )?ok\b", e) for e in each)
    }
    return "\n".join(own), subtests


def _together(parent: Case, below: Tests | None) -> list[Case]:
    """The subtests in place of the test that has them, and it too where it failed and none of them did."""
    if below is None:
        return [parent]
    inner = [case._replace(group=".".join(filter(None, (parent.name, case.group)))) for case in below.cases]
    if parent.outcome != FAILED:
        # A failure in what is marked TODO or SKIP is none.
        return [case if case.outcome != FAILED else case._replace(outcome=parent.outcome) for case in inner]
    return inner if below.failed else [*inner, parent]


def _case(line: Any, said: list[str]) -> Case:
    name = line.description.removeprefix("- ").strip() or f"test {line.number}"
    if line.skip:
        return Case("", name, SKIPPED)
    if line.ok or line.todo:
        return Case("", name, PASSED)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints that a block is broken, and says None
        block = line.yaml_block
    told = block if isinstance(block, dict) else {}
    at = told.get("at")
    if isinstance(at, dict):  # node-tap names the place in parts
        told = {**told, "at": f"{at.get('file')}:{at.get('line')}"}
    texts = {name: value for name, value in told.items() if isinstance(value, str)}
    why = first_line(texts.get("error") or texts.get("message") or "\n".join(said))
    places = (texts.get(name, "") for name in ("at", "stack", "location", "error", "message"))
    place = next(filter(None, map(place_in, (*places, "\n".join(said)))), "")
    return Case("", name, FAILED, 0.0, why or "no message", place)
