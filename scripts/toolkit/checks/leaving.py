"""Where a command leaves its report: nothing of an earlier run is there before, and afterwards it must be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import Misused
from toolkit.checks import commands
from toolkit.checks.reports.opening import NotReadable

if TYPE_CHECKING:
    from toolkit.settings.model import Row
    from toolkit.settings.request import Request


class Place(NamedTuple):
    """Where a report must lie: a path; or, where there may be several, a folder and a pattern below it.

    what: the format that is expected, said: what to call the place, both for people.
    """

    path: Path
    what: str
    pattern: str = ""
    said: str = ""

    def __str__(self) -> str:
        return self.said or str(self.path / self.pattern)

    def clear(self) -> None:
        """Remove what lies there from earlier. Raises Misused for a file that is part of the app's code."""
        for file in self._files():
            if _is_committed(file):
                raise Misused(
                    f"{file}: is committed, so it is no report: one is made anew by each run, and what lies "
                    "there before is removed",
                    remedy="correct `report` or `coverage` in apps.toml, or take it out of the repository",
                )
            if file.is_dir() and not file.is_symlink():
                raise Misused(
                    f"{file}: is a folder, where the report of a command is to lie",
                    remedy="correct `report` or `coverage` in apps.toml: it is the path of a file",
                )
            if self.pattern and file.suffix == ".xml" and not _has_tests(file):
                raise Misused(
                    f"{file}: is no report of tests, and `report` says {self.pattern}: what lies there is "
                    "removed before a run",
                    remedy="name the reports alone: target/surefire-reports/TEST-*.xml",
                )
            file.unlink(missing_ok=True)
        if not self.pattern:
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove what was left there: it is not to be kept."""
        for file in self._files():
            if file.is_file() or file.is_symlink():
                file.unlink(missing_ok=True)

    def left(self, shown: str, code: int) -> list[Path]:
        """What the command left there, which ended with this exit code. Raises NotReadable for nothing."""
        found = self._files()
        if not found:
            raise NotReadable(
                f"`{shown}` ended with exit code {code} and left no report: {self.what} was expected at "
                f"{self}",
                remedy="have it write its report there, or say in apps.toml where it lies",
            )
        return found

    def _files(self) -> list[Path]:
        if not self.pattern:
            return [self.path] if os.path.lexists(self.path) else []
        return sorted(file for file in self.path.glob(self.pattern) if file.is_file())


def place(path: str, what: str, app: Path, evidence: Path) -> Place:
    """The place of a report. path is from the app's folder, or absolute, with * for several files.

    Raises Misused for one that lies elsewhere.
    """
    whole = Path(os.path.normpath(app / path))
    top = next((top for top in (app, evidence) if whole.is_relative_to(top) and whole != top), None)
    if top is None:
        raise Misused(
            f"{path}: a report must lie in the app's folder, or in {{reports}}",
            remedy="correct `report` or `coverage` in apps.toml",
        )
    within = str(whole.relative_to(top))
    return Place(top, what, within) if any(sign in within for sign in "*?[") else Place(whole, what)


def of_row(
    row: Row, own: Path, what: str, values: Mapping[str, Callable[[], str]], request: Request
) -> Place:
    """Where a row's report must lie: at `own`, which {report} stands for and what it prints is written to,
    or where the row says. Raises Misused as `place`."""
    if not row.report or row.report == "-":
        return Place(own, what, said="its standard output" if row.report else "")
    (path,) = commands.expand([row.report], values)
    return place(path, what, request.app.path, request.evidence)


def _has_tests(file: Path) -> bool:
    with file.open("rb") as opened:
        return b"<testsuite" in opened.read(65536)


def _is_committed(file: Path) -> bool:
    argv = ["git", "-C", str(file.parent), "ls-files", "--error-unmatch", "--", file.name]
    try:
        return tools.run(argv, check=False, echo=False, timeout=30).code == 0
    except Misused:
        return False  # there is no git
