"""Whether a run.json is one: what it must hold so that everybody who reads it may rely on it. Pure.

JSON that is whole can still be wrong: merged by hand, written by another program, damaged by a disk. Keys
that are not known are nobody's business, and left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

_TEXTS = (
    "app",
    "outcome",
    "reason",
    "remedy",
    "commit",
    "branch",
    "version",
    "author",
    "url",
    "system",
    "cluster",
)
_STAGE_TEXTS = ("outcome", "reason", "remedy", "inputs", "state", "reused")


def fault(data: Any, run: str) -> str:
    """What is wrong with the record of a run, as a clause that names the key; "" when nothing is."""
    if not isinstance(data, Mapping):
        return "it is no object"
    if data.get("run") != run:
        return f"run is {_shown(data.get('run'))}, its folder says {run}"
    for key in ("app", "outcome"):
        if not isinstance(data.get(key), str):
            return f"{key} is {_shown(data.get(key))}, must be text"
    wrong = (
        _wrong(data, _TEXTS, _text, "text")
        or _wrong(data, ("finished",), _moment, "a time or null")
        or ("" if _moment(data.get("started")) and data.get("started") else "started is no time")
        or _wrong(data, ("exit_code",), _number, "a number or null")
        or _wrong(data, ("environments",), _texts, "a list of text")
        or _wrong(data, ("needed",), _rules, "lists of spaces and checks by environment")
    )
    if wrong:
        return wrong
    stages = data.get("stages")
    if not isinstance(stages, list):
        return f"stages is {_shown(stages)}, must be a list"
    for place, stage in enumerate(stages):
        if found := _fault_of_stage(stage):
            return f"stages[{place}]{found}"
    return ""


def fault_of_outcome(data: Any, kinds: tuple[str, ...]) -> str:
    """What is wrong with an outcome.json, or the part of a stage that comes from one."""
    if not isinstance(data, Mapping):
        return "it is no object"
    if data.get("outcome") not in kinds:
        return f"outcome is {_shown(data.get('outcome'))}"
    return (
        _wrong(data, ("reason", "remedy"), _text, "text")
        or _wrong(data, ("evidence",), _texts, "a list of text")
        or _wrong(data, ("details",), lambda value: isinstance(value, Mapping), "an object")
    )


def _fault_of_stage(stage: Any) -> str:
    if not isinstance(stage, Mapping):
        return f" is {_shown(stage)}, must be an object"
    for key in ("id", "name", "outcome"):
        if not isinstance(stage.get(key), str):
            return f".{key} is {_shown(stage.get(key))}, must be text"
    wrong = (
        _wrong(stage, _STAGE_TEXTS, _text, "text")
        or _wrong(stage, ("environment", "log"), lambda value: value is None or _text(value), "text or null")
        or _wrong(stage, ("started", "finished"), _moment, "a time or null")
        or _wrong(stage, ("seconds", "exit_code"), _number, "a number or null")
        or _wrong(stage, ("evidence",), _texts, "a list of text")
        or _wrong(stage, ("details",), lambda value: isinstance(value, Mapping), "an object")
    )
    return f".{wrong}" if wrong else ""


def _wrong(data: Mapping[str, Any], keys: tuple[str, ...], right: Callable[[Any], bool], must: str) -> str:
    bad = [key for key in keys if key in data and not right(data[key])]
    return f"{bad[0]} is {_shown(data[bad[0]])}, must be {must}" if bad else ""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _rules(value: Any) -> bool:
    rules = value.values() if isinstance(value, Mapping) else [None]
    return all(
        isinstance(rule, Mapping) and all(_texts(rule.get(key, [])) for key in ("spaces", "checks"))
        for rule in rules
    )


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _moment(value: Any) -> bool:
    """A time with its zone: without one it cannot be compared with others."""
    if value is None:
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
