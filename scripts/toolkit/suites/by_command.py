"""A suite that a command runs, in whatever language: where it is started, and what stands for its words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from toolkit.base.outcome import Misused
from toolkit.checks.commands import expand
from toolkit.settings.apps.suites import REPORT
from toolkit.settings.elsewhere import Code
from toolkit.settings.model import App, Suite
from toolkit.suites.job import Job, report_of
from toolkit.suites.selection import Selection


def require_whole(app: App, kind: str, chosen: Selection) -> None:
    """Raises Misused for a part of a suite of which only all can be run."""
    given = {
        f"SHARD={chosen.shard[0]}/{chosen.shard[1]}" if chosen.shard else "": "SHARD",
        f"ONLY={chosen.only}" if chosen.only else "": "ONLY",
        f"REPEAT={chosen.repeat}" if chosen.repeat > 1 else "": "REPEAT",
        "KEEP_DURATIONS=1" if chosen.keeps else "": "KEEP_DURATIONS",
    }
    for said, word in given.items():
        if said:
            raise Misused(
                f"{said}: the {kind} suite of {app.name} is run by a command, which runs all of it, once",
                remedy=f"leave out {word}",
            )


def job(
    code: Code,
    home: Path,
    suite: Suite,
    folder: Path,
    space: str,
    env: Mapping[str, str],
    root: Path,
    app_python: Callable[[], Path],
) -> Job:
    """How it is run, at home; folder is for what a test leaves behind, env what its language adds."""
    report = report_of(folder, suite.format)
    words = {
        "report": str(report),
        "path": str(code.path),
        "space": space,
        "workers": str(suite.workers),
        "reports": str(folder),
    }
    known: dict[str, Callable[[], str]] = {name: value.__str__ for name, value in words.items()}
    known |= {"root": lambda: str(root), "python": lambda: sys.executable}
    known |= {"app_python": lambda: str(app_python())}
    said = [*suite.command, *(value for value in suite.env.values() if isinstance(value, str))]
    return Job(
        tuple(expand(suite.command, known)),
        home,
        report,
        suite.format,
        {**env, "SUITE_REPORTS": str(folder)},
        words,
        prints=not any(REPORT in word for word in said),
    )


def home_of(code: Code, lockfiles: Sequence[str]) -> Path:
    """The folder that a suite is made ready and started in: the nearest to its path that has a lockfile of
    its language, else the one that all of its code is in."""
    place = code.path if code.path.is_dir() else code.path.parent
    for each in (place, *place.parents):
        if not each.is_relative_to(code.top):
            break
        if any((each / name).is_file() for name in lockfiles):
            return each
    return code.top
