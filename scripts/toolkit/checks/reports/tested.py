"""What a report of tests says, in one shape for all formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.checks.reports.findings import relative

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Case(NamedTuple):
    """A test: its class or file where it has one, its name, seconds it took, how it ended (one of the three).

    Of one that failed: the first line of why, and file:line where that was raised, "" where nothing tells.
    """

    group: str
    name: str
    outcome: str
    seconds: float = 0.0
    why: str = ""
    place: str = ""

    @property
    def full(self) -> str:
        """Group and name as one."""
        return ".".join(part for part in (self.group, self.name) if part)

    def __str__(self) -> str:
        return f"{self.full} ({self.place}): {self.why}" if self.place else f"{self.full}: {self.why}"


class Tests(NamedTuple):
    """What a report says. What failed outside of any test is a case too, if only in `failed`."""

    cases: tuple[Case, ...]
    outside: tuple[Case, ...] = ()

    @property
    def total(self) -> int:
        """How many tests there are, skipped ones included."""
        return len(self.cases)

    @property
    def skipped(self) -> int:
        """How many of them were skipped."""
        return sum(case.outcome == SKIPPED for case in self.cases)

    @property
    def ran(self) -> int:
        """How many were not."""
        return self.total - self.skipped

    @property
    def failed(self) -> tuple[Case, ...]:
        """What did not pass."""
        return (*(case for case in self.cases if case.outcome == FAILED), *self.outside)

    def within(self, folder: Path) -> Tests:
        """The same, with places below a folder relative to it."""
        return Tests(
            tuple(case._replace(place=relative(case.place, folder)) for case in self.cases),
            tuple(case._replace(place=relative(case.place, folder)) for case in self.outside),
        )


Tests.__test__ = False  # type: ignore[attr-defined] # pytest takes a class of this name for tests


def together(reports: Iterable[Tests]) -> Tests:
    """Several reports of one run (surefire writes one for each class) as one."""
    every = list(reports)
    return Tests(
        tuple(case for each in every for case in each.cases),
        tuple(case for each in every for case in each.outside),
    )


# Where a test was when it failed, as runners print it, likeliest first: (pattern, whether the last counts).
# pytest ends a failure with the line that raised; everybody else's backtrace begins with it.
_PLACES: tuple[tuple[str, bool], ...] = (
    (r"^(?P<file>\S[^:\n]*\.py):(?P<line>\d+): ", True),
    (r'^\s*File "(?P<file>[^"\n]+)", line (?P<line>\d+)', True),
    # Ruby: "# ./spec/a_spec.rb:3:in `block'", "rspec ./spec/a_spec.rb:3", minitest's "[test/a_test.rb:5]".
    (r"(?P<file>(?:\./|/)?[\w./@-]+\.rb):(?P<line>\d+)", False),
    # Node: "at TestContext.<anonymous> (file:///app/a.test.js:5:10)", "location: '/app/a.test.js:5:1'".
    (r"(?:file://)?(?P<file>(?:[\w./@~-]|\\)+\.(?:[cm]?[jt]sx?)):(?P<line>\d+)(?::\d+)?", False),
    (r"(?P<file>[\w./@-]+\.go):(?P<line>\d+)", False),
    (r"\((?P<file>\w+\.(?:java|kt|scala|groovy)):(?P<line>\d+)\)", False),
    (r"(?P<file>/?[\w./@-]+\.(?:php|exs?|cs|rs|swift|sh|bats|pl|t)):(?:line )?(?P<line>\d+)", False),
)
# What is not the test's own code, and so not where one looks first.
_FOREIGN = ("node_modules/", "/gems/", "/vendor/", "/site-packages/", "/usr/lib/", "bundle/ruby/")


def place_in(text: str, near: Sequence[str] = ()) -> str:
    """file:line where a test failed, by what its runner printed; "" where nothing tells.

    near: names of which a Java test's file is one, so that the frame of an assertion library is not taken.
    """
    for pattern, last in _PLACES:
        found = [
            (match["file"], match["line"])
            for match in re.finditer(pattern, text, re.M)
            if not any(word in match["file"] for word in _FOREIGN)
        ]
        if not found:
            continue
        own = [each for each in found if each[0].rpartition(".")[0] in near]
        file, line = (own or found)[-1 if last else 0]
        return f"{file.removeprefix('./')}:{line}"
    return ""


def first_line(text: str) -> str:
    """The first line that says something."""
    return next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
