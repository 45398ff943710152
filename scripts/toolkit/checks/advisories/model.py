"""An advisory, and many of them in the database schema that safety 3 reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

SCHEMA = "2.0.0"
"""safety.constants.JSON_SCHEMA_VERSION: safety 3.7 refuses a database of any other."""


@dataclass(frozen=True)
class Advisory:
    """One known vulnerability. affected holds PEP 440 specifiers, any of which is enough; cve may be ""."""

    id: str
    package: str
    affected: tuple[str, ...]
    summary: str
    cve: str = ""
    link: str = ""


@dataclass(frozen=True)
class Source:
    """A body of advisories. dated is the day that its contents are of; None when nothing says."""

    name: str
    dated: date | None
    advisories: tuple[Advisory, ...]
    unreadable: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Specifiers that PEP 440 does not know, by package: safety would end on the first of them."""


def readable(
    package: str, specifiers: Iterable[str], unreadable: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The specifiers that can be compared; the others are added to unreadable."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    good = []
    for specifier in specifiers:
        try:
            SpecifierSet(specifier)
        except InvalidSpecifier:
            unreadable[package] = (*unreadable.get(package, ()), specifier)
        else:
            good.append(specifier)
    return tuple(good)


def merge(sources: Iterable[Source]) -> list[Advisory]:
    """The advisories of all sources, in their order; a CVE that is known of a package is not repeated."""
    merged: list[Advisory] = []
    known: set[tuple[str, str]] = set()
    for source in sources:
        fresh = [each for each in source.advisories if not each.cve or (each.package, each.cve) not in known]
        known.update((each.package, each.cve) for each in fresh)
        merged += fresh
    return merged


def documents(advisories: Iterable[Advisory], timestamp: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """(insecure.json, insecure_full.json): package to specifiers, and package to entries."""
    brief: dict[str, list[str]] = {}
    full: dict[str, list[dict[str, Any]]] = {}
    for each in advisories:
        specifiers = brief.setdefault(each.package, [])
        specifiers += [specifier for specifier in each.affected if specifier not in specifiers]
        full.setdefault(each.package, []).append(_entry(each))
    meta = {"schema_version": SCHEMA, "timestamp": timestamp, "base_domain": ""}
    return (
        {"meta": meta, "vulnerable_packages": brief},
        {"meta": meta, "vulnerable_packages": full, "packages": {}},
    )


def _entry(advisory: Advisory) -> dict[str, Any]:
    # safety takes the id of type "pyup" as the advisory's own, wherever it is from.
    ids = [{"type": "pyup", "id": advisory.id}]
    if advisory.cve:
        ids.append({"type": "cve", "id": advisory.cve})
    return {
        "ids": ids,
        "specs": list(advisory.affected),
        "advisory": advisory.summary,
        "more_info_path": advisory.link,
        "transitive": False,
        "fixed_versions": [],
        "affected_versions": [],
    }
