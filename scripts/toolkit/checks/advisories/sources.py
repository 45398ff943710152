"""Reads advisories from disk: the packaged database, a live one fetched before, the repository's own."""

from __future__ import annotations

import importlib.util
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks.advisories.answers import Answer, Pin
from toolkit.checks.advisories.model import SCHEMA, Advisory, Source, readable
from toolkit.checks.requirements import canonical

KNOWN = Path("advisories", "known.toml")
ANSWERS = Path("advisories", "registry.json")
_FIELDS = {"id", "cve", "package", "affected", "published", "summary", "source"}


def packaged_folder() -> Path:
    """Where the `safety-db` package keeps its JSON; ADVISORIES_BASE names another folder of that form.

    The package is looked up and not imported: importing it reads a path that is not there.
    """
    chosen = os.environ.get("ADVISORIES_BASE")
    if chosen:
        return Path(chosen)
    spec = importlib.util.find_spec("safety_db")
    if spec is None or not spec.submodule_search_locations:
        raise Failed(
            "there is no advisory database on this machine: the package safety-db is not installed",
            remedy="pip install --require-hashes -r requirements.txt",
        )
    return Path(next(iter(spec.submodule_search_locations)))


def packaged(folder: Path) -> Source:
    """The database of the `safety-db` package (schema 1: package to list of {id, cve, specs, advisory})."""
    document = _json(folder / "insecure_full.json")
    try:
        dated = datetime.fromtimestamp(document["$meta"]["timestamp"], UTC).date()
        entries = {name: found for name, found in document.items() if not name.startswith("$")}
        unreadable: dict[str, tuple[str, ...]] = {}
        advisories = [
            Advisory(
                id=str(each["id"]).removeprefix("pyup.io-"),
                package=canonical(name),
                affected=readable(canonical(name), each["specs"], unreadable),
                summary=each["advisory"],
                cve=each["cve"] or "",
            )
            for name, found in entries.items()
            for each in found
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _damaged(folder / "insecure_full.json", f"not of safety-db's form ({error!r})") from None
    return Source("safety-db", dated, _not_empty(advisories, folder), unreadable)


def live(file: Path) -> Source:
    """A live database that was fetched to a file (schema 2.0.0, insecure_full.json)."""
    return read_live(_json(file), str(file))


def read_live(document: Any, origin: str) -> Source:
    """A live database as parsed JSON. Raises Failed when it is not one, or is of another schema."""
    try:
        meta = document["meta"]
        if meta["schema_version"] != SCHEMA:
            raise _damaged(origin, f"of schema {meta['schema_version']}, and safety reads {SCHEMA}")
        unreadable: dict[str, tuple[str, ...]] = {}
        advisories = [
            Advisory(
                id=_id(each["ids"], "pyup"),
                package=canonical(name),
                affected=readable(canonical(name), each["specs"], unreadable),
                summary=str(each.get("advisory", "")),
                cve=_id(each["ids"], "cve"),
                link=str(each.get("more_info_path") or ""),
            )
            for name, found in document["vulnerable_packages"].items()
            for each in found
        ]
        stamp = meta.get("timestamp")
        dated = datetime.fromtimestamp(float(stamp), UTC).date() if stamp else None
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise _damaged(origin, f"not of the expected form ({error!r})") from None
    return Source("live database", dated, _not_empty(advisories, origin), unreadable)


def known(file: Path) -> Source:
    """The advisories that the repository keeps by hand (advisories/known.toml)."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        advisories, days = [], []
        for number, each in enumerate(document.get("advisory", []), start=1):
            if set(each) - _FIELDS or not {
                "id",
                "package",
                "affected",
                "published",
                "summary",
                "source",
            } <= set(each):
                raise _damaged(
                    file,
                    f"entry {number}: wants the fields {', '.join(sorted(_FIELDS))} (cve may be missing)",
                )
            bad: dict[str, tuple[str, ...]] = {}
            affected = readable(each["package"], each["affected"], bad)
            if bad or not affected or not isinstance(each["published"], date):
                raise _damaged(file, f"entry {number} ({each['id']}): `affected` or `published` is not valid")
            days.append(each["published"])
            advisories.append(
                Advisory(
                    each["id"],
                    canonical(each["package"]),
                    affected,
                    each["summary"],
                    each.get("cve", ""),
                    each["source"],
                )
            )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise _damaged(file, str(error)) from None
    return Source(str(KNOWN), max(days, default=None), tuple(advisories))


def asked(name: str, answers: Mapping[Pin, Answer], pins: Iterable[Pin]) -> Source:
    """What was answered about single pins; dated if there is an answer about every one of these pins.

    The date is that of the oldest answer: one package that was asked about long ago makes the whole old.
    """
    advisories = [
        Advisory(
            found["id"],
            package,
            (f"=={version}",),
            found.get("summary", ""),
            found.get("cve", ""),
            found.get("link", ""),
        )
        for (package, version), answer in answers.items()
        for found in answer.advisories
    ]
    days = [answers[pin].asked if pin in answers else None for pin in pins]
    dated = min(day for day in days if day) if days and all(days) else None
    return Source(name, dated, tuple(advisories))


def _id(ids: Iterable[Mapping[str, str]], kind: str) -> str:
    return next((str(each["id"]) for each in ids if each.get("type") == kind), "")


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _damaged(file, str(error)) from None


def _not_empty(advisories: list[Advisory], origin: object) -> tuple[Advisory, ...]:
    if not advisories:
        raise _damaged(origin, "it holds no advisories")
    return tuple(advisories)


def _damaged(origin: object, why: str) -> Failed:
    return Failed(
        f"the advisory database {origin} cannot be used: {why}",
        remedy="restore the file, or install the toolkit anew (in its own repository: make clean)",
    )
