"""The programs that an app's commands start, for who looks ahead: which of them this machine lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from toolkit.checks import programs
from toolkit.checks.stages import needs, table
from toolkit.settings.model import App, Ways

Seen = tuple[bool | None, str, str]
"""Well, not well, or None for what is only good to know; what was seen; and the fix."""


def findings(apps: Iterable[App], ways: Mapping[str, Ways], *, named: bool) -> Iterator[Seen]:
    """One for each program that is missing, and, of apps that were named, one for those that are here.

    named: what an app lacks that somebody asks for must be mended; what others lack is good to know, for not
    everybody runs them. ways: those of each language.
    """
    missing: dict[str, dict[str, list[str]]] = {}
    for app in apps:
        here: list[str] = []
        tools = _of_tools(app)
        for program, wanted in of(app, ways).items():
            if programs.find(program, app.path) is not None:
                here.append(program)
            elif not (program in tools and _comes_with_preparing(program, app)):
                missing.setdefault(program, {})[app.name] = wanted
        if here and named:
            yield True, f"{app.name}'s commands find {programs.shown(here)}", ""
    for program, wanted_by in missing.items():
        by = "; ".join(f"{app} needs it for {', '.join(what)}" for app, what in wanted_by.items())
        yield (False if named else None), f"{program} is not installed: {by}", programs.how_to_get(program)


def of(app: App, ways: Mapping[str, Ways]) -> dict[str, list[str]]:
    """The programs, each with what wants it; none that the toolkit brings along, or that
    lies in a folder, which a run may make."""
    found: dict[str, list[str]] = {}

    def note(program: str, what: str) -> None:
        if not {"{", "/"} & set(program) and what not in found.setdefault(program, []):
            found[program].append(what)

    for row in app.ways.prepare:
        note(row[0], "prepare")
    for stage, rows in app.commands.items():
        for program in (each for row in rows for each in needs.of(app, row)):
            note(program, stage)
    for name, service in app.ways.services.items():
        for words in filter(None, (service.start, service.ready, service.stop)):
            note(words[0], f"services.{name}")
    for kind, suite in app.suites.items():
        own = ways[suite.language].prepare if suite.language else ()
        for words in (*own, *filter(None, (suite.command,))):
            note(words[0], f"suites.{kind}")
    return {program: what for program, what in found.items() if not _is_the_toolkits(program)}


def _of_tools(app: App) -> set[str]:
    """The programs of tools that a row names alone, which may be dependencies of the app itself."""
    rows = (row for each in app.commands.values() for row in each if table.named(row.words))
    return {program for row in rows for program in needs.of(app, row)}


def _is_the_toolkits(program: str) -> bool:
    """Whether it lies beside the toolkit's own Python: `make setup` sees to that."""
    return programs.find(program) == str(programs.BESIDE / program)


def _comes_with_preparing(program: str, app: App) -> bool:
    """Whether preparing will bring it: a lockfile speaks of it."""
    return bool(app.ways.prepare) and any(program in _text(app.path / name) for name in app.ways.lockfiles)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
