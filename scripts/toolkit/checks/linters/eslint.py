"""ESLint (https://eslint.org/docs/latest/use/formatters/#json)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks import programs
from toolkit.checks.adapter import Adapter, Asked
from toolkit.checks.reports.findings import Finding, relative

_SEVERITIES = {1: "warning", 2: "error"}


def command(asked: Asked) -> list[str]:
    """eslint over the app, by its own configuration."""
    argv = programs.node("eslint", asked.folder)
    # What runs leave in an app's own repository is none of its code.
    left_out = [word for each in (".pipeline/", ".sandbox/") for word in ("--ignore-pattern", each)]
    return [*argv, *left_out, "--format", "json", "--output-file", str(asked.report), "."]


def read(document: Any, folder: Path) -> list[Finding]:
    """Its messages. Raises Failed when it looked at no file."""
    if not isinstance(document, list):
        raise TypeError("it is no list of files")
    if not document:
        raise Failed(
            "eslint looked at no file", remedy="do `files` and `ignores` of its configuration leave any?"
        )
    return [
        Finding(
            tool="eslint",
            id=each.get("ruleId") or ("syntax" if each.get("fatal") else "eslint"),
            message=" ".join(each["message"].split()),
            file=relative(file["filePath"], folder),
            line=int(each.get("line") or 0),
            severity=_SEVERITIES[each["severity"]],
            link=_link(each.get("ruleId") or ""),
        )
        for file in document
        for each in file["messages"]
    ]


def _link(rule: str) -> str:
    return f"https://eslint.org/docs/latest/rules/{rule}" if rule and "/" not in rule else ""


# 0 no errors, 1 errors (or more warnings than allowed), 2 it broke:
# https://eslint.org/docs/latest/use/command-line-interface#exit-codes
ADAPTER = Adapter("eslint", command, read, decides=True)
