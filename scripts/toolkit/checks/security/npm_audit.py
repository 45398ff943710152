"""npm audit (https://docs.npmjs.com/cli/commands/npm-audit): weaknesses of what package-lock.json has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks.adapter import Adapter, Asked, line_of
from toolkit.checks.reports.findings import Finding

LOCK = "package-lock.json"


def command(_asked: Asked) -> list[str]:
    """npm asks the registry that it installs from."""
    return ["npm", "audit", "--json"]


def read(document: Any, folder: Path) -> list[Finding]:
    """The advisories, each once for a package. Raises Failed with npm's words when nobody could be asked."""
    if "vulnerabilities" not in document and "advisories" not in document:
        error = document.get("error")
        said = (error.get("summary") or error.get("detail")) if isinstance(error, dict) else None
        raise Failed(
            f"npm could not audit: {said or document.get('message') or 'its report has no vulnerabilities'}",
            remedy="is there a package-lock.json, and does the registry answer `npm audit`?",
        )
    found = _first(document, folder) if "advisories" in document else _second(document, folder)
    return list(dict.fromkeys(found))


def _second(document: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """npm 7 and newer: a package has advisories, or the names of packages that have them, in `via`."""
    for package in document["vulnerabilities"].values():
        for via in package["via"]:
            if not isinstance(via, dict):
                continue
            name = via.get("dependency") or via["name"]
            yield Finding(
                tool="npm-audit",
                id=_id(str(via.get("url", "")), via["source"]),
                message=f"{name} {via.get('range', '')}: {via['title']}",
                file=LOCK,
                line=line_of(folder / LOCK, f'    "node_modules/{name}": {{'),
                aliases=(str(via["source"]),),
                package=name,
                severity=via["severity"],
                link=str(via.get("url", "")),
            )


def _first(document: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """npm 6."""
    for each in document["advisories"].values():
        name = each["module_name"]
        yield Finding(
            tool="npm-audit",
            id=_id(str(each.get("url", "")), each["id"]),
            message=f"{name} {each['vulnerable_versions']}: {each['title']}",
            file=LOCK,
            line=line_of(folder / LOCK, f'    "{name}": {{'),
            aliases=(str(each["id"]), *each.get("cves", ())),
            package=name,
            severity=each["severity"],
            link=str(each.get("url", "")),
        )


def _id(url: str, source: object) -> str:
    last = url.rstrip("/").rpartition("/")[2]
    return last if last.startswith("GHSA-") else str(source)


ADAPTER = Adapter("npm-audit", command, read, prints=True)
