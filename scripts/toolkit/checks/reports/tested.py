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
_WORD = r"[\w./@~-]{1,200}"
# Absolute, with spaces in it: only where what comes before tells that it begins there.
_WHOLE = r"(?:(?<=[\s('\"\[])|(?<=file://)|^)/[^\n:()'\"]{1,300}"
_PLACES: tuple[tuple[str, bool], ...] = (
    (r"^(?P<file>\S[^:\n]{0,300}\.py):(?P<line>\d+): ", True),
    (r'^\s*File "(?P<file>[^"\n]{1,300})", line (?P<line>\d+)', True),
    # Ruby: "# ./spec/a_spec.rb:3:in `block'", "rspec ./spec/a_spec.rb:3", minitest's "[test/a_test.rb:5]".
    (rf"(?P<file>(?:{_WHOLE}|{_WORD})\.rb):(?P<line>\d+)", False),
    # Node: "at TestContext.<anonymous> (file:///app/a.test.js:5:10)", "location: '/app/a.test.js:5:1'".
    (rf"(?P<file>(?:{_WHOLE}|{_WORD})\.[cm]?[jt]sx?):(?P<line>\d+)(?::\d+)?", False),
    (rf"(?P<file>{_WORD}\.go):(?P<line>\d+)", False),
    (r"\((?P<file>\w{1,200}\.(?:java|kt|scala|groovy)):(?P<line>\d+)\)", False),
    (rf"(?P<file>{_WORD}\.(?:php|exs?|cs|rs|swift|sh|bats|pl|t)):(?:line )?(?P<line>\d+)", False),
)
_LOOKED_AT = 20_000
"""Characters at each end of what a test printed in which its place is looked for."""
# What is not the test's own code, and so not where one looks first.
_FOREIGN = ("node_modules/", "/gems/", "/vendor/", "/site-packages/", "/usr/lib/", "bundle/ruby/")


def place_in(text: str, near: Sequence[str] = ()) -> str:
    """file:line where a test failed, by what its runner printed; "" where nothing tells.

    near: names of which a Java test's file is one, so that the frame of an assertion library is not taken.
    """
    if len(text) > 2 * _LOOKED_AT:
        text = f"{text[:_LOOKED_AT]}\n{text[-_LOOKED_AT:]}"
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
        return f"{file.removeprefix('./').replace('%20', ' ')}:{line}"
    return ""


def first_line(text: str) -> str:
    """The first line that says something."""
    return next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
