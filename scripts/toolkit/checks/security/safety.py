"""safety: what it is asked, how it is kept off the network and out of the home, what its report says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks.adapter import Adapter
from toolkit.checks.reports.findings import Finding
from toolkit.checks.requirements import Requirement, canonical, files_of
from toolkit.checks.requirements import read as read_requirements

FOUND = 64
"""safety.constants.EXIT_CODE_VULNERABILITIES_FOUND."""

NOT_PINNED = "not-pinned"

NOWHERE = "http://127.0.0.1:9"
"""A proxy that refuses every connection (the port of RFC 863, closed everywhere): safety asks its vendor's
server about logins at each start, though the advisories are on this disk."""


def argv(python: str, database: Path, files: Iterable[Path], report: Path) -> list[str]:
    """The command. `scan` wants a login and a network; `check` with --db wants neither."""
    command = [
        python,
        "-W",
        "ignore",
        "-m",
        "safety",
        "--disable-optional-telemetry",
        "check",
        "--db",
        str(database),
    ]
    command += ["--output", "json", "--save-json", str(report)]
    for file in files:
        command += ["--file", str(file)]
    return command


def environment(home: Path) -> dict[str, str]:
    """What is added to its environment: a home of its own, no way out, and nobody's key."""
    proxies = {
        name: NOWHERE for word in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (word, word.lower())
    }
    return {
        **proxies,
        "NO_PROXY": "",
        "no_proxy": "",
        "HOME": str(home),
        "USERPROFILE": str(home),
        "SAFETY_SYSTEM_CONFIG_PATH": str(home),
        "SAFETY_API_KEY": "",
        "SAFETY_REQUEST_TIMEOUT": "2",
    }


def read(
    report: Path, code: int, wanted: Sequence[Requirement], folder: Path, output: Sequence[str] = ()
) -> list[Finding]:
    """The findings of a run that ended with this exit code, with file and line of the pin.

    wanted is what the requirements files ask for: safety passes silently over lines it does not
    understand, so every pin must be among what it says it looked at. Raises Failed when one is not, or when
    there is no whole report.
    """
    try:
        document = json.loads(report.read_text(encoding="utf-8"))
        scanned: Mapping[str, Any] = document["scanned_packages"]
        vulnerabilities = [*document["vulnerabilities"], *document["ignored_vulnerabilities"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(
            f"safety did not finish: exit code {code} and no readable report ({type(error).__name__})",
            evidence=output,
        ) from None
    if code not in (0, FOUND) or (code == FOUND) != bool(document["vulnerabilities"]):
        raise Failed(
            f"safety ended with exit code {code} and {len(vulnerabilities)} findings", evidence=output
        )
    looked_at = {
        (canonical(name), requirement["specifier"].lstrip("="))
        for name, package in scanned.items()
        for requirement in package["requirements"]
    }
    missed = [each for each in wanted if (each.name, each.version) not in looked_at]
    if missed:
        raise Failed(
            f"safety passed over {len(missed)} of {len(wanted)} requirements, first {missed[0].text} "
            f"({missed[0].file.name}:{missed[0].line})",
            evidence=[f"{each.file.name}:{each.line}: {each.text}" for each in missed],
        )
    return [_finding(each, wanted, folder) for each in vulnerabilities]


def findings(document: Any, folder: Path) -> list[Finding]:
    """What a report of a command of the app's own says, with file and line of the app's pins.

    Raises Failed when safety looked at no package.
    """
    if not document["scanned_packages"]:
        raise Failed("safety looked at no package", remedy="does its command name the requirements files?")
    wanted = [each for file in files_of(folder) for each in read_requirements(file)]
    every = [*document["vulnerabilities"], *document["ignored_vulnerabilities"]]
    return [_finding(each, wanted, folder) for each in every]


def unpinned(requirement: Requirement, folder: Path) -> Finding:
    """A requirement of which nothing can be known, as a finding that can be suppressed with a reason."""
    file = requirement.file
    return Finding(
        tool="safety",
        id=NOT_PINNED,
        message=f"{requirement.text}: not pinned to one version, so nothing can be known about it",
        file=str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name,
        line=requirement.line,
        package=requirement.name or requirement.text,
    )


def _finding(vulnerability: Mapping[str, Any], wanted: Sequence[Requirement], folder: Path) -> Finding:
    package, version = canonical(vulnerability["package_name"]), str(vulnerability["analyzed_version"])
    pin = next((each for each in wanted if (each.name, each.version) == (package, version)), None)
    affected = ", ".join(sorted(vulnerability["vulnerable_spec"]))
    summary = " ".join(str(vulnerability["advisory"]).split())
    return Finding(
        tool="safety",
        id=str(vulnerability["vulnerability_id"]),
        message=f"{package} {version} (affected: {affected}): {summary}",
        file=str(pin.file.relative_to(folder))
        if pin and pin.file.is_relative_to(folder)
        else "requirements.txt",
        line=pin.line if pin else 0,
        aliases=tuple(name for name in [vulnerability.get("CVE")] if name),
        package=package,
        link=str(vulnerability.get("more_info_url") or ""),
    )


ADAPTER = Adapter("safety", None, findings, codes=(0, FOUND))
