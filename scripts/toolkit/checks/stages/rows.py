"""Runs a row of `lint` or `security` to its end, and has the report read that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import Failed, Misused, Outcome, TimedOut
from toolkit.checks import commands
from toolkit.checks.linters import ruff
from toolkit.checks.stages import needs, table

if TYPE_CHECKING:
    from toolkit.checks.adapter import Adapter
    from toolkit.checks.leaving import Place
    from toolkit.checks.reports.findings import Finding
    from toolkit.settings.command import Request
    from toolkit.settings.model import Row

TIMEOUT_SECONDS = 300.0
STATE = (".pipeline/", ".sandbox/")
"""What runs leave in the folder of an app that is a repository of its own: none of its code."""


class Answer(NamedTuple):
    """What came of a row.

    shown: its command, for people. tools: those whose report was read, none for a command without one, of
    which nothing is known but that it ended with 0. findings: what stands; told: what the tool itself does
    not fail for. failure: why there is no answer. details: for the record.
    """

    shown: str
    tools: tuple[str, ...] = ()
    findings: Sequence[Finding] = ()
    told: Sequence[Finding] = ()
    failure: Outcome | None = None
    details: Mapping[str, Any] = {}


Values = Mapping[str, Callable[[], str]]


def run(request: Request, stage: str, number: int, row: Row, values: Values) -> Answer:
    """Run the row that is the number-th of its stage. Raises Misused where its program is missing."""
    if row.format or table.named(row.words):
        return _reporting(request, stage, number, row, values)
    argv = commands.expand(row.words, values)
    shown = tools.quoted(row.words)
    ours = ruff.subcommand(argv)
    report = request.evidence / f"{stage}-{number}.json"
    line = ruff.reporting(argv, report) if ours else argv
    ran = commands.run(line, cwd=request.app.path, timeout=TIMEOUT_SECONDS)
    # 0 nothing found, 1 something, 2 ruff could not do it: https://docs.astral.sh/ruff/linter/#exit-codes
    if ours and ran.code in (0, 1):
        app = request.app.path
        found = ruff.checked(report, app) if ours == "check" else ruff.formatted(ran.answer)
        return Answer(shown, ("ruff",), found)
    if ran.code != 0:
        reason = f"`{shown}` ended with exit code {ran.code}"
        return Answer(shown, failure=Failed(reason, evidence=ran.tail()).outcome)
    return Answer(shown)


def _reporting(request: Request, stage: str, number: int, row: Row, values: Values) -> Answer:
    from toolkit.checks.reports import opening

    name = table.named(row.words)
    adapter = table.adapter(row.format or name) if row.format != "sarif" else None
    shown = str(tools.quoted(row.words))
    with _folder(request.evidence, adapter) as folder:
        own = folder / f"{stage}-{number}.json"
        where = _where(request, row, adapter, own, values)
        where.clear()
        argv = _command(request, row, adapter, own, values)
        prints = row.report == "-" or (not row.format and adapter is not None and adapter.prints)
        quiet = prints or (adapter is not None and adapter.hides)
        if quiet:
            request.say(f"$ {tools.quoted(argv)}")
        try:
            ran = commands.run(
                argv, cwd=request.app.path, timeout=TIMEOUT_SECONDS, echo=not quiet, apart=prints
            )
        except TimedOut as late:
            if adapter is not None and adapter.hides:
                raise TimedOut(late.reason) from None
            raise
        try:
            if prints and ran.answer.reveal().strip():
                own.write_text(ran.answer.reveal(), encoding="utf-8")
            return _answer(request, stage, shown, ran, adapter, where)
        except Failed as failure:
            return Answer(shown, failure=_broken(failure, ran, adapter))
        finally:
            if adapter is not None and adapter.hides:
                where.remove()
            opening.without_secrets(own)


def _answer(
    request: Request, stage: str, shown: str, ran: tools.Ran, adapter: Adapter | None, where: Place
) -> Answer:
    from toolkit.checks.reports import opening

    files = where.left(shown, ran.code)
    app = request.app.path
    names: list[str] = []
    found: list[Finding] = []
    for file in files:
        if adapter is None:
            from toolkit.checks.reports import sarif

            more, findings = sarif.read(file, app)
            names += more
        else:
            names.append(adapter.name)
            document = opening.document(file, where.what)
            try:
                findings = adapter.read(document, app)
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                raise opening.of_another_form(file, where.what, error) from None
        found += findings
    named = bool(found)
    found = [each for each in found if not each.file.startswith(STATE)]
    if stage == "lint":
        found = [each for each in found if not each.inline]
    reported = tuple(dict.fromkeys(names))
    if adapter is not None and adapter.decides and stage == "lint" and ran.code == 0:
        return Answer(shown, reported, told=found)
    broken = ran.code != 0 and (not named or (adapter is not None and ran.code not in adapter.codes))
    if broken:
        said = f"and {len(found)} findings in its report" if found else "though its report names no finding"
        failure = Failed(f"`{shown}` ended with exit code {ran.code} {said}", evidence=_tail(ran, adapter))
        return Answer(shown, reported, found, failure=failure.outcome)
    return Answer(shown, reported, found)


def _where(request: Request, row: Row, adapter: Adapter | None, own: Path, values: Values) -> Place:
    from toolkit.checks import leaving
    from toolkit.checks.reports import sarif

    what = f"a JSON report of {adapter.name}" if adapter else sarif.WHAT
    return leaving.of_row(row, own, what, values, request)


def _command(request: Request, row: Row, adapter: Adapter | None, own: Path, values: Values) -> list[str]:
    if not row.format and adapter is not None and adapter.command is None:
        raise Misused(
            f"{adapter.name}: is run by the security stage",
            remedy=f'put ["{adapter.name}"] into `security`, or write a command and its format',
        )
    if row.format or adapter is None or adapter.command is None:
        return commands.expand(row.words, {**values, "report": lambda: str(own)})
    from toolkit.checks.adapter import Asked

    return adapter.command(Asked(request.app.path, own, needs.dockerfiles(request.app)))


def _broken(failure: Failed, ran: tools.Ran, adapter: Adapter | None) -> Outcome:
    """Why a report says nothing, with what the command printed."""
    return failure.outcome._replace(evidence=(*failure.evidence, *_tail(ran, adapter)))


def _tail(ran: tools.Ran, adapter: Adapter | None) -> Sequence[str]:
    """What it printed for people: of a tool that prints its report, what it complained of."""
    return () if adapter is not None and adapter.hides else ran.errors.tail() or ran.tail()


@contextmanager
def _folder(evidence: Path, adapter: Adapter | None) -> Iterator[Path]:
    """Where a report lies that a command is given a path for: in the record, or, of secrets, not for long.

    SARIF quotes the lines that it is about: from gitleaks, with what it found in them.
    """
    if adapter is not None and not adapter.hides:
        yield evidence
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="pipeline-report-") as folder:
        yield Path(folder)
