"""gitleaks (https://github.com/gitleaks/gitleaks#readme): secrets in the code, never shown or kept here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.base.redaction import Secret
from toolkit.checks.adapter import Adapter, Asked
from toolkit.checks.reports.findings import Finding, relative


def command(asked: Asked) -> list[str]:
    """gitleaks over the app's files as they are; the history needs a command of its own (`gitleaks git`).

    By itself it ends with 1 both when it found something and when it broke.
    """
    argv = ["gitleaks", "dir", ".", "--redact", "--no-banner", "--exit-code", "0"]
    return [*argv, "--report-format", "json", "--report-path", str(asked.report)]


def read(document: Any, folder: Path) -> list[Finding]:
    """Rule, file and line; Secret and Match are masked from now on, wherever they come up."""
    if not isinstance(document, list | None):
        raise TypeError("it is no list of findings")
    found = []
    for each in document or ():
        for key in ("Secret", "Match"):
            if each.get(key) and each[key] != "REDACTED":
                Secret(each[key])
        commit = f" (commit {each['Commit'][:12]})" if each.get("Commit") else ""
        found.append(
            Finding(
                tool="gitleaks",
                id=each["RuleID"],
                message=f"{' '.join(each['Description'].split())}{commit}",
                file=relative(each["File"], folder),
                line=int(each["StartLine"]),
                aliases=(each["Fingerprint"],) if each.get("Fingerprint") else (),
                severity="HIGH",
            )
        )
    return found


ADAPTER = Adapter("gitleaks", command, read, hides=True)
