"""What apps.toml lets through in a stage: the findings that are left, and why an entry itself fails it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from toolkit.checks import suppressions

if TYPE_CHECKING:
    from toolkit.checks.reports.findings import Finding
    from toolkit.checks.suppressions import Judgement
    from toolkit.settings.command import Request


def today() -> date:
    """The day that expiry dates and ages are compared with, in UTC as in the record."""
    return datetime.now(UTC).date()


def judge(
    request: Request, findings: Iterable[Finding], tools: Sequence[str], *, rest: bool = False
) -> Judgement:
    """Sort the findings of these tools, and say what is let through and which entry matches nothing.

    An entry counts in the stage in which its tool reports; rest: as do those of tools that report nowhere.
    """
    entries = [each for each in request.app.suppressions if _is_of(request, each.tool, tools, rest)]
    judged = suppressions.judge(dict.fromkeys(findings), entries, today())
    for finding, entry in judged.suppressed:
        request.say(f"suppressed until {entry.expires}: {finding.place}: {finding.id}: {entry.reason}")
    for entry in judged.unused:
        request.say(
            f"WARNING: the suppression of {entry.tool} {entry.id} matches nothing: remove it from apps.toml"
        )
    return judged


def over(
    request: Request, findings: Iterable[Finding], tools: Sequence[str]
) -> tuple[list[Finding], tuple[str, ...]]:
    """The findings that stand, and a sentence for each entry that has expired."""
    judged = judge(request, findings, tools)
    return list(judged.standing), expired(judged)


def expired(judged: Judgement) -> tuple[str, ...]:
    """A sentence for each entry whose day has come."""
    return tuple(
        f"the suppression of {entry.tool} {entry.id} expired on {entry.expires} (it said: {entry.reason})"
        for entry in judged.expired
    )


def _is_of(request: Request, tool: str, tools: Sequence[str], rest: bool) -> bool:
    if any(suppressions.same(tool, each) for each in tools):
        return True
    return rest and not _in_lint(request, tool)


def _in_lint(request: Request, tool: str) -> bool:
    """Whether lint is where an entry of this tool counts: its rows name it, or may (SARIF names any tool)."""
    rows = request.app.commands.get("lint", ())
    return any(row.format == "sarif" or tool in (row.format, *row.words) for row in rows)
