"""Whether a run verified what it deployed, told from its record. Pure.

Only what was asked counts: a pass of every check that the environment needs, of this version, in each of its
spaces. A record's `needed` says which: {"<environment>": {"checks": [...], "spaces": [...]}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.settings import needed

Record = Mapping[str, Any]

# Every environment has this one; what else is needed is not guessed where a record does not say.
_LEAST = ("healthcheck",)
_WELL = ("passed", "reused")


def missing(record: Record, stages: Sequence[Record], place: str) -> tuple[str, ...]:
    """The checks of an environment that no stage has a pass of; stages are that environment's."""
    rules = record.get("needed")
    rule = rules.get(place) if isinstance(rules, Mapping) else None
    rule = rule if isinstance(rule, Mapping) else {}
    spaces = [str(space) for space in rule.get("spaces") or ()]
    passed = {
        f"{stage['name']} {part_of(stage)}".strip()
        for stage in stages
        if stage["outcome"] in _WELL and _is_about(str(record.get("version") or ""), stage, spaces)
    }
    return needed.missing(rule.get("checks") or _LEAST, passed)


def words(record: Record, stages: Sequence[Record], place: str) -> str:
    """For a sentence about the version: is verified in production; or deployed only, and what is missing."""
    left = missing(record, stages, place)
    if not left:
        return f"is verified in {place}"
    return f"is deployed in {place}, not verified yet: no pass of {', '.join(left)}"


def superseded(bad: Sequence[Record]) -> list[str]:
    """The versions that serve instead, when nothing but that kept a run from its end; else []."""
    if any(stage.get("outcome") != "refused" for stage in bad):
        return []
    return list(
        dict.fromkeys(
            str(each[needed.SUPERSEDED]) for stage in bad for each in _told(stage, needed.SUPERSEDED)
        )
    )


def part_of(stage: Record) -> str:
    """Which part of a suite a stage ran: 2/4; "" for one that ran all of it."""
    return next((str(each["part"]) for each in _told(stage, "part")), "")


def _is_about(version: str, stage: Record, spaces: Sequence[str]) -> bool:
    """Whether a check looked at this version, in all of these spaces."""
    details = stage.get("details")
    looked = {
        str(space): each["version"]
        for space, each in (details.items() if isinstance(details, Mapping) else ())
        if isinstance(each, Mapping) and "version" in each
    }
    if not looked:  # a record that does not say which
        return True
    return set(spaces) <= set(looked) and all(not version or each == version for each in looked.values())


def _told(stage: Record, key: str) -> list[Mapping[str, Any]]:
    details = stage.get("details")
    spaces = details.values() if isinstance(details, Mapping) else ()
    return [each for each in spaces if isinstance(each, Mapping) and each.get(key)]
