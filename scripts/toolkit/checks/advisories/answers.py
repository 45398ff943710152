"""What was answered about single pins, by whom and on which day: kept, and read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from toolkit.base import files
from toolkit.base.outcome import Failed

Pin = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """What somebody knows of one pin: the advisories about it (id, cve, summary, link), or none.

    asked is the day, by is who was asked.
    """

    asked: date
    advisories: tuple[Mapping[str, str], ...]
    by: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """As it is kept."""
        by = {"by": self.by} if self.by else {}
        return {"asked": self.asked.isoformat(), "advisories": [dict(each) for each in self.advisories], **by}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Answer:
        """As it was kept. Raises KeyError, TypeError or ValueError when it is not one."""
        found = tuple({"id": str(each["id"]), **each} for each in document["advisories"])
        return cls(date.fromisoformat(document["asked"]), found, str(document.get("by", "")))


def load(file: Path) -> dict[Pin, Answer]:
    """The answers in a file, none when there is no file. Raises Failed when it is of another form."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return {
            (name, version): Answer.read(answer)
            for name, versions in document["answers"].items()
            for version, answer in versions.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed(
            f"the advisory database {file} cannot be used: "
            f"not of the form that `make advisories` writes ({error!r})",
            remedy="remove the file, then: make advisories",
        ) from None


def keep(file: Path, pins: Iterable[Pin], answers: Mapping[Pin, Answer]) -> None:
    """Write the answers; an older one to a pin that is still used stays where there is no newer one."""
    try:
        before = load(file)
    except Failed:
        before = {}
    kept: dict[str, dict[str, Any]] = {}
    for name, version in sorted(set(pins)):
        answer = answers.get((name, version)) or before.get((name, version))
        if answer:
            kept.setdefault(name, {})[version] = answer.document
    files.write(file, json.dumps({"answers": kept}, indent=1, sort_keys=True) + "\n")


def newest(*several: Mapping[Pin, Answer]) -> dict[Pin, Answer]:
    """Of every pin the answer that was given last."""
    merged: dict[Pin, Answer] = {}
    for each in several:
        for pin, answer in each.items():
            if pin not in merged or merged[pin].asked <= answer.asked:
                merged[pin] = answer
    return merged
