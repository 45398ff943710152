"""What a checking tool found, in one shape for all tools, and the same as SARIF."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

# What tools call their severities, as SARIF's levels; all others are warnings.
_LEVELS = {
    **dict.fromkeys(("CRITICAL", "HIGH", "ERROR", "FATAL"), "error"),
    **dict.fromkeys(("LOW", "INFO", "NOTE", "STYLE", "NEGLIGIBLE"), "note"),
}
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class Finding(NamedTuple):
    """One finding. file is relative to the app; line counts from 1, 0 when the tool names none.

    aliases are other names of the same thing (a CVE besides an advisory's own number); package is set when
    the finding is about a package that the app uses and not about the app's own code; inline when the code
    itself says that it may be passed over: a linter's finding then is none.
    """

    tool: str
    id: str
    message: str
    file: str
    line: int = 0
    aliases: tuple[str, ...] = ()
    package: str = ""
    severity: str = ""
    link: str = ""
    inline: bool = False

    @property
    def place(self) -> str:
        """Where it is, as editors and terminals understand it."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        names = " ".join(dict.fromkeys((self.id, *self.aliases)))
        return f"{self.place}: {names} {self.message}"


def named(findings: Iterable[Finding], most: int = 3) -> str:
    """The first few findings in one line, and how many more there are: for a reason."""
    every = list(findings)
    first = ", ".join(f"{finding.id} at {finding.place}" for finding in every[:most])
    return first + (f" and {len(every) - most} more" if len(every) > most else "")


def relative(file: str, folder: Path) -> str:
    """A file as the app knows it: relative to its folder where it lies below that."""
    path = Path(file)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else file


def sarif(findings: Iterable[Finding], ran: Iterable[str] = ()) -> dict[str, Any]:
    """The findings as a SARIF 2.1.0 log, one run per tool (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).

    ran: the tools whose reports were read; one that found nothing has a run without results.
    """
    tools: dict[str, list[Finding]] = {tool: [] for tool in ran}
    for finding in findings:
        tools.setdefault(finding.tool, []).append(finding)
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": tool,
                        "rules": _rules(found),
                    }
                },
                "results": [_result(finding) for finding in found],
            }
            for tool, found in tools.items()
        ],
    }


def _rules(findings: Iterable[Finding]) -> list[dict[str, str]]:
    links = {finding.id: finding.link for finding in findings}
    return [{"id": id, **({"helpUri": link} if link else {})} for id, link in sorted(links.items())]


def _result(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": finding.file}}
    if finding.line:
        location["region"] = {"startLine": finding.line}
    return {
        "ruleId": finding.id,
        "level": _LEVELS.get(finding.severity.upper(), "warning"),
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": location}],
    }
