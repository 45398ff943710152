"""JUnit XML, in the dialects of pytest, RSpec, Node, Jest, Go (gotestsum) and Surefire.

There is no standard; what they share: <testcase> with <failure>, <error> or <skipped> below
(https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.checks.reports import opening
from toolkit.checks.reports.tested import FAILED, PASSED, SKIPPED, Case, Tests, first_line, place_in

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

WHAT = "JUnit XML"
# Messages that say no more than that the test failed: what it printed tells why.
_EMPTY_WORDS = ("", "failed", "failure", "error", "test failed")
_PYTESTS = ("collection failure", "failed on ")
_MARKS = ("=== ", "--- ")


def read(report: Path) -> Tests:
    """What the report says. Raises NotReadable when it is missing, broken or of another form."""
    root = opening.xml(report, WHAT, ("testsuites", "testsuite"))
    cases = tuple(_case(case) for case in root.iter("testcase"))
    return Tests(cases, tuple(_outside(root, any(case.outcome == FAILED for case in cases))))


def _case(case: Element) -> Case:
    """A test; one with a failure and an error (of what follows it) is one. Node reports a `todo` as skipped
    with its failure, and does not count that."""
    seconds = _seconds(case.get("time", ""))
    group, name = case.get("classname", ""), case.get("name") or "a test without a name"
    skipped = case.find("skipped")
    problems = [*case.findall("failure"), *case.findall("error")]
    if problems and not (skipped is not None and skipped.get("type") == "todo"):
        return _failed(case, problems[0], group, name, seconds)
    return Case(group, name, PASSED if skipped is None else SKIPPED, seconds)


def _outside(root: Element, named: bool) -> Iterator[Case]:
    """What failed outside of any test: a suite's own <error>, or failures that are counted and not named."""
    suites = list(root.iter("testsuite"))
    own = [
        (each, problem) for each in suites for problem in (*each.findall("error"), *each.findall("failure"))
    ]
    for suite, problem in own:
        yield _failed(suite, problem, "", suite.get("name") or "the suite", 0.0)
    if named or own:
        return
    counted = max((_count(each, "failures") + _count(each, "errors") for each in (root, *suites)), default=0)
    if counted:
        why = f"{counted} failures that the report does not name"
        yield Case("", root.get("name") or "the suite", FAILED, 0.0, why)


def _failed(element: Element, problem: Element, group: str, name: str, seconds: float) -> Case:
    printed, message = problem.text or "", problem.get("message") or ""
    why = first_line(message or printed)
    if why.lower() in _EMPTY_WORDS or why.startswith(_PYTESTS):
        why = _told(printed, why)
    near = (group.rpartition(".")[2], group.rpartition(".")[2].partition("$")[0])
    place = place_in(printed, near) or place_in(message, near) or _attributes(element)
    return Case(group, name, FAILED, seconds, why or "no message", place)


def _attributes(case: Element) -> str:
    """Where the test itself is: RSpec, Node and others say the file, some the line."""
    line = case.get("line") or case.get("lineno") or ""
    file = case.get("file", "").removeprefix("./")
    return f"{file}:{line}" if file and line.isdecimal() else file


def _count(element: Element, name: str) -> int:
    text = element.get(name, "0").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _seconds(text: str) -> float:
    """Surefire groups thousands: 1,234.5."""
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _told(printed: str, otherwise: str) -> str:
    """The line that tells why: the last of pytest's, which begin with E; else the first that is no mark."""
    lines = [line for line in printed.splitlines() if line.strip()]
    pytest = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
    if pytest:
        return pytest[-1]
    return next((line.strip() for line in lines if not line.strip().startswith(_MARKS)), otherwise)
