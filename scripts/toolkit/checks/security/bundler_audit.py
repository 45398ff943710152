"""bundler-audit (https://github.com/rubysec/bundler-audit): known weaknesses of the gems in Gemfile.lock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.checks import programs
from toolkit.checks.adapter import Adapter, Asked, line_of
from toolkit.checks.reports.findings import Finding

LOCK = "Gemfile.lock"


def command(asked: Asked) -> list[str]:
    """bundle-audit with advisories of today; without a way to them it fails: old ones say too much."""
    argv = programs.ruby("bundle-audit", "bundler-audit", asked.folder)
    return [*argv, "check", "--update", "--format", "json", "--output", str(asked.report)]


def read(document: Any, folder: Path) -> list[Finding]:
    """Its results: gems with an advisory, and sources that are not encrypted."""
    return [_finding(each, folder) for each in document["results"]]


def _finding(each: Mapping[str, Any], folder: Path) -> Finding:
    if each["type"] == "insecure_source":
        source = str(each["source"])
        line = line_of(folder / LOCK, f"  remote: {source}")
        return Finding(
            "bundler-audit", "insecure-source", f"gems come from {source}", LOCK, line, severity="MEDIUM"
        )
    gem, advisory = each["gem"], each["advisory"]
    names = [f"{kind.upper()}-{advisory[kind]}" for kind in ("cve", "ghsa", "osvdb") if advisory.get(kind)]
    title = " ".join(advisory["title"].split())
    patched = ", ".join(advisory.get("patched_versions") or ()) or "no version"
    return Finding(
        tool="bundler-audit",
        id=str(advisory["id"]),
        message=f"{gem['name']} {gem['version']} (patched in: {patched}): {title}",
        file=LOCK,
        line=line_of(folder / LOCK, f"    {gem['name']} ("),
        aliases=tuple(name for name in names if name != advisory["id"]),
        package=gem["name"],
        severity=str(advisory.get("criticality") or ""),
        link=str(advisory.get("url") or ""),
    )


ADAPTER = Adapter("bundler-audit", command, read)
