"""Brakeman (https://brakemanscanner.org/docs/options/): weaknesses in the code of Rails apps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks import programs
from toolkit.checks.adapter import Adapter, Asked
from toolkit.checks.reports.findings import Finding, relative

_CONFIDENCE = {"High": "HIGH", "Medium": "MEDIUM", "Weak": "LOW"}


def command(asked: Asked) -> list[str]:
    """brakeman over the app."""
    argv = programs.ruby("brakeman", "brakeman", asked.folder)
    return [*argv, "--quiet", "--no-pager", "--format", "json", "--output", str(asked.report)]


def read(document: Any, folder: Path) -> list[Finding]:
    """Its warnings, those that a brakeman.ignore passes over included: apps.toml is the place for that.

    Raises Failed when there is a file that it could not read, or it made no check.
    """
    if errors := document["errors"]:
        said = [f"{each['location']}: {each['error']}" for each in errors]
        raise Failed(f"brakeman could not look at everything: {errors[0]['error']}", evidence=said)
    if not document["scan_info"]["checks_performed"]:
        raise Failed("brakeman made no check")
    ignored = document.get("ignored_warnings") or ()
    return [
        *(_finding(each, folder) for each in document["warnings"]),
        *(_finding(each, folder, ignored=True) for each in ignored),
    ]


def _finding(each: Mapping[str, Any], folder: Path, *, ignored: bool = False) -> Finding:
    aside = "; a brakeman.ignore does not count here" if ignored else ""
    return Finding(
        tool="brakeman",
        id=each["check_name"],
        message=f"{' '.join(each['message'].split())} (confidence {each['confidence'].lower()}{aside})",
        file=relative(each["file"], folder),
        line=int(each["line"] or 0),
        aliases=(each["warning_type"], each["fingerprint"]),
        severity=_CONFIDENCE.get(each["confidence"], "MEDIUM"),
        link=each.get("link") or "",
        inline=ignored,
    )


# 3 warnings, 4 no Rails app, 7 errors: lib/brakeman.rb
ADAPTER = Adapter("brakeman", command, read, codes=(0, 3))
