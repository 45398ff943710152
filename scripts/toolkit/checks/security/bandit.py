"""bandit: what it is asked, and what its report says. Pure but for reading the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks.adapter import Adapter
from toolkit.checks.reports.findings import Finding, relative

# Folders that are not the app's own code. Globs, because bandit takes a plain word for a part of any path.
NOT_THE_APP = (
    "tests",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".git",
    ".tox",
    ".nox",
    ".eggs",
    "build",
)

STATE = ("./.pipeline/*", "./.sandbox/*")
"""What runs leave beside the configuration, which in an app's own repository is in its folder."""

TOOLKIT = Path(__file__).resolve().parents[4]
SETTINGS = "[bandit]\n"
"""An empty settings file: without one, bandit reads the app's .bandit, which may skip checks in silence."""


def argv(
    python: str, settings: Path, report: Path, more: Sequence[str] = (), toolkit: Path | None = None
) -> list[str]:
    """The command, to be run in the app's folder, which it scans, and more folders after it.

    `# nosec` is ignored: apps.toml is the place for that. toolkit: where in the app's folder the toolkit lies
    as a submodule; that is not the app's code.
    """
    own = [*STATE, *([] if toolkit is None else [f"./{toolkit}/*"])]
    excluded = ",".join([*(f"*/{folder}/*" for folder in NOT_THE_APP), *own])
    return [
        *(python, "-m", "bandit", "--recursive", ".", *more, "--ignore-nosec", "--quiet"),
        *("--ini", str(settings), "--exclude", excluded, "--format", "json", "--output", str(report)),
    ]


def read(report: Path, code: int, output: Sequence[str] = ()) -> list[Finding]:
    """The findings of a run that ended with this exit code (0 none, 1 some; bandit/cli/main.py).

    Raises Failed when the report does not show a complete scan of at least one line of code.
    """
    try:
        document = json.loads(report.read_text(encoding="utf-8"))
        results = document["results"]
        found = findings(document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(
            f"bandit did not finish: exit code {code} and no readable report ({type(error).__name__})",
            evidence=output,
        ) from None
    if code not in (0, 1) or (code == 1) != bool(results):
        raise Failed(f"bandit ended with exit code {code} and {len(results)} findings", evidence=output)
    return found


def findings(document: Any, folder: Path | None = None) -> list[Finding]:
    """What its report says. Raises Failed when there is a file that it could not read, or no line of code."""
    errors, lines = document["errors"], document["metrics"]["_totals"]["loc"]
    if errors:
        raise Failed(
            f"bandit could not read {errors[0]['filename']}: {errors[0]['reason']}",
            evidence=[f"{each['filename']}: {each['reason']}" for each in errors],
        )
    if not lines:
        raise Failed("bandit found no Python code to check", remedy="is the app's `path` in apps.toml right?")
    return [
        Finding(
            tool="bandit",
            id=each["test_id"],
            message=f"{each['issue_text']} (severity {each['issue_severity'].lower()}, "
            f"confidence {each['issue_confidence'].lower()})",
            file=_file(each["filename"], folder),
            line=each["line_number"],
            aliases=(each["test_name"],),
            severity=each["issue_severity"],
            link=each.get("more_info", ""),
        )
        for each in document["results"]
    ]


def _file(name: str, folder: Path | None) -> str:
    return relative(name, folder) if folder else name.removeprefix("./")


ADAPTER = Adapter("bandit", None, findings)
