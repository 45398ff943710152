"""Trivy (https://trivy.dev/latest/docs/configuration/reporting/#json): packages, secrets, configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.checks.adapter import Adapter, Asked
from toolkit.checks.reports.findings import Finding, relative


def command(asked: Asked) -> list[str]:
    """trivy over the app's folder."""
    argv = ["trivy", "filesystem", "--quiet", "--scanners", "vuln,secret,misconfig"]
    argv += ["--skip-dirs", "**/.pipeline", "--skip-dirs", "**/.sandbox"]
    return [*argv, "--format", "json", "--output", str(asked.report), "."]


def read(document: Any, folder: Path) -> list[Finding]:
    """What it found; `Results` is absent where there is none. A secret itself is not taken along."""
    if document["SchemaVersion"] != 2:
        raise ValueError(f"its SchemaVersion is {document['SchemaVersion']}, not 2")
    return [each for result in document.get("Results") or () for each in _result(result, folder)]


def _result(result: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    file = relative(str(result["Target"]), folder)
    for each in result.get("Vulnerabilities") or ():
        name, version = each["PkgName"], each.get("InstalledVersion", "")
        fixed = each.get("FixedVersion") or "no version"
        title = each.get("Title") or each.get("Description") or ""
        yield Finding(
            tool="trivy",
            id=each["VulnerabilityID"],
            message=f"{name} {version} (fixed in: {fixed}): {' '.join(title.split())[:300]}",
            file=file,
            aliases=tuple(each.get("VendorIDs") or ()),
            package=name,
            severity=each.get("Severity", ""),
            link=each.get("PrimaryURL", ""),
        )
    for each in result.get("Misconfigurations") or ():
        if each.get("Status", "FAIL") == "FAIL":
            names = (each.get("AVDID"), each.get("ID"))
            yield Finding(
                tool="trivy",
                id=each["ID"],
                message=" ".join(str(each.get("Message") or each.get("Title", "")).split()),
                file=file,
                line=int((each.get("CauseMetadata") or {}).get("StartLine", 0)),
                aliases=tuple(dict.fromkeys(name for name in names if name and name != each["ID"])),
                severity=each.get("Severity", ""),
                link=each.get("PrimaryURL", ""),
            )
    for each in result.get("Secrets") or ():
        yield Finding(
            tool="trivy",
            id=each["RuleID"],
            message=f"{each.get('Title') or each['RuleID']}: a secret is in the code",
            file=file,
            line=int(each.get("StartLine", 0)),
            severity=each.get("Severity", ""),
        )
    for each in result.get("Licenses") or ():
        package, path = each.get("PkgName") or "", each.get("FilePath") or ""
        yield Finding(
            tool="trivy",
            id=f"license-{each['Name']}",
            message=f"{package or path}: its license {each['Name']} is {each.get('Category', 'not allowed')}",
            file=relative(path, folder) if path else file,
            package=package,
            severity=each.get("Severity", ""),
        )


# Its exit code is 0 whatever it found, unless it is asked for another.
ADAPTER = Adapter("trivy", command, read, hides=True)
