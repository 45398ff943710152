"""RuboCop (https://docs.rubocop.org/rubocop/formatters.html#json-formatter)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks import programs
from toolkit.checks.adapter import Adapter, Asked
from toolkit.checks.reports.findings import Finding, relative


def command(asked: Asked) -> list[str]:
    """rubocop over the app, by its own configuration."""
    argv = programs.ruby("rubocop", "rubocop", asked.folder)
    return [*argv, "--format", "progress", "--format", "json", "--out", str(asked.report)]


def read(document: Any, folder: Path) -> list[Finding]:
    """Its offenses. Raises Failed when it looked at no file."""
    if not document["files"]:
        raise Failed("rubocop looked at no file", remedy="is the app's `path` in apps.toml right?")
    return [
        Finding(
            tool="rubocop",
            id=each["cop_name"],
            message=" ".join(each["message"].removeprefix(f"{each['cop_name']}: ").split()),
            file=relative(file["path"], folder),
            line=int(each["location"].get("start_line", each["location"].get("line", 0))),
            severity=each["severity"],
            link=_link(each["cop_name"]),
        )
        for file in document["files"]
        for each in file["offenses"]
        if not each.get("corrected")
    ]


def _link(cop: str) -> str:
    """Its page in the manual: cops of other gems have theirs elsewhere."""
    department, _, name = cop.partition("/")
    known = ("Bundler", "Gemspec", "Layout", "Lint", "Metrics", "Migration", "Naming", "Security", "Style")
    page = f"https://docs.rubocop.org/rubocop/cops_{department.lower()}.html"
    return f"{page}#{department.lower()}{name.lower()}" if department in known and name else ""


# 0 nothing that it fails for, 1 offenses, 2 it broke: https://docs.rubocop.org/rubocop/usage/basic_usage.html
ADAPTER = Adapter("rubocop", command, read, decides=True)
