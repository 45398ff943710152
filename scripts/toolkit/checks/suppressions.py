"""Which findings apps.toml lets through, until when, and which of its entries let nothing through. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from toolkit.checks.reports.findings import Finding
from toolkit.settings.model import Suppression


@dataclass(frozen=True)
class Judgement:
    """What is left after the suppressions.

    standing: findings that nothing suppresses, those with an expired suppression included; suppressed:
    findings let through, each with its entry; expired: entries whose date has come, whether they matched or
    not; unused: entries in force that matched nothing.
    """

    standing: tuple[Finding, ...]
    suppressed: tuple[tuple[Finding, Suppression], ...]
    expired: tuple[Suppression, ...]
    unused: tuple[Suppression, ...]


def judge(findings: Iterable[Finding], suppressions: Sequence[Suppression], today: date) -> Judgement:
    """Sort findings into those that stand and those let through. From its date on an entry holds no more."""
    in_force = [entry for entry in suppressions if entry.expires > today]
    standing: list[Finding] = []
    suppressed: list[tuple[Finding, Suppression]] = []
    used: set[int] = set()
    for finding in findings:
        match = next((entry for entry in in_force if matches(entry, finding)), None)
        if match is None:
            standing.append(finding)
            continue
        used.add(id(match))
        suppressed.append((finding, match))
    return Judgement(
        tuple(standing),
        tuple(suppressed),
        expired=tuple(entry for entry in suppressions if entry.expires <= today),
        unused=tuple(entry for entry in in_force if id(entry) not in used),
    )


def matches(entry: Suppression, finding: Finding) -> bool:
    """Whether the entry is about this finding.

    An id is the tool's own or an alias, in any case; `B608:app/store.py` means only that file, and a package
    only that package. An id may itself hold a colon (gitleaks' fingerprints, some rules of SARIF).
    """
    names = {_plain(each) for each in (finding.id, *finding.aliases)}
    name, _, file = entry.id.rpartition(":")
    return (
        same(entry.tool, finding.tool)
        and (_plain(entry.id) in names or (_plain(name) in names and file == finding.file))
        and (not entry.package or _canonical(entry.package) == _canonical(finding.package))
    )


def same(tool: str, other: str) -> bool:
    """Whether two names are of one tool: a SARIF report may call itself ESLint or npm audit."""
    return tool.lower().replace(" ", "-") == other.lower().replace(" ", "-")


def _plain(name: str) -> str:
    # The packaged database prints its numbers as pyup.io-39525, safety 3 as 39525.
    return name.lower().removeprefix("pyup.io-")


def _canonical(package: str) -> str:
    return package.lower().replace("_", "-").replace(".", "-")
