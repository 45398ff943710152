"""A run in words: from its record (run.json) to what a person wants to know of it, most urgent first. Pure.

Unknown or missing keys of the record are left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

Record = Mapping[str, Any]

# From harmless to decisive, as in outcome.Kind; marks that are told apart without colour too.
MARKS = {
    "passed": "✅",
    "misused": "⛔",
    "refused": "⛔",
    "timed out": "⏱️",
    "failed": "❌",
    "interrupted": "✋",
}
_ENDS = {
    "misused": "could not start",
    "refused": "was refused",
    "timed out": "timed out",
    "failed": "failed",
    "interrupted": "was interrupted",
}
_WELL = ("passed", "reused")
MOST_EVIDENCE = 5


def outcome(record: Record) -> str:
    """How the run ended: by its record or, while the alert as its last stage runs, by its gravest."""
    said = str(record.get("outcome") or "")
    if said in _ENDS:
        return said
    order = list(MARKS)
    return max((str(stage["outcome"]) for stage in _bad(record)), key=order.index, default="passed")


def headline(record: Record) -> str:
    """One line that says what happened, where, and to which app."""
    app = str(record.get("app") or "pipeline")
    kind = outcome(record)
    start = f"{MARKS[kind]} {app}:"
    bad = _bad(record)
    if bad:
        names = listed(_distinct(str(stage["name"]) for stage in bad))
        places = _distinct(_place(stage) for stage in bad if _place(stage))
        ends = _ENDS[kind if len(bad) > 1 else str(bad[0]["outcome"])]
        ends = ends.replace("was", "were") if " and " in names else ends
        return f"{start} {names} {ends}" + (f" in {listed(places)}" if places else "")
    if kind != "passed":
        return f"{start} the run {_ENDS[kind]}"
    reached = [_place(stage) for stage in _stages(record) if stage["name"] == "deploy"]
    if reached:
        version = str(record.get("version") or short_commit(record) or "this version")
        return f"{start} {version} is verified in {reached[-1]}"
    if not _stages(record):
        return f"❔ {app}: the run has no result yet"
    return f"{start} {listed(_distinct(str(stage['name']) for stage in _stages(record)))} passed"


class Trouble(NamedTuple):
    """Why a stage did not pass, the last lines that show it, and what to do about it."""

    why: str
    evidence: tuple[str, ...]
    remedy: str


def troubles(record: Record) -> list[Trouble]:
    """What is wrong with each stage that decided the outcome."""
    found = []
    for stage in _bad(record):
        name = " ".join(filter(None, (str(stage["name"]), _place(stage))))
        why = str(stage.get("reason") or f"{_ENDS[str(stage['outcome'])]} without a reason")
        evidence = tuple(str(line) for line in (stage.get("evidence") or ())[-MOST_EVIDENCE:])
        found.append(Trouble(f"{name}: {why}", evidence, str(stage.get("remedy") or "")))
    return found


def environments(record: Record) -> list[tuple[str, str]]:
    """Each environment and what this run did to it: the first question of the person on call."""
    known = [str(name) for name in record.get("environments") or []]
    names = _distinct([*known, *(_place(stage) for stage in _stages(record) if _place(stage))])
    return [(name, _state([stage for stage in _stages(record) if _place(stage) == name])) for name in names]


def facts(record: Record) -> list[tuple[str, str]]:
    """The table below the headline, without what is not known."""
    reached = [_place(stage) for stage in _stages(record) if _place(stage)]
    known = [
        ("App", record.get("app")),
        ("Outcome", outcome(record)),
        ("Environment", reached[-1] if reached else ""),
        ("Version", record.get("version")),
        ("Branch", record.get("branch")),
        ("Commit", short_commit(record)),
        ("Who", record.get("author")),
        ("Duration", duration(record)),
    ]
    return [(name, str(value)) for name, value in known if value]


def duration(record: Record, now: datetime | None = None) -> str:
    """Wall time from the start of the run to its end, or to now while its last stage still runs."""
    try:
        started = datetime.fromisoformat(str(record.get("started")))
        finished = record.get("finished")
        ended = datetime.fromisoformat(str(finished)) if finished else now or datetime.now(UTC)
        seconds = max(0, round((ended - started).total_seconds()))
    except (ValueError, TypeError):
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def link(record: Record) -> str:
    """The CI job's address, "" when there is none or it is no web address."""
    url = str(record.get("url") or "")
    return url if url.startswith(("https://", "http://")) and len(url.split()) == 1 else ""


def short_commit(record: Record) -> str:
    """Enough of the hash to find the commit."""
    return str(record.get("commit") or "")[:12]


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])


def combine(records: Sequence[Record]) -> dict[str, Any]:
    """One record for the one-stage runs that CI made of a commit, job by job: of each stage the newest."""
    ordered = sorted(records, key=lambda record: str(record.get("started") or ""))
    merged = {key: value for record in ordered for key, value in record.items() if value}
    newest: dict[tuple[str, str], Any] = {}
    for stage in (stage for record in ordered for stage in record.get("stages") or []):
        key = (str(stage.get("name")), _place(stage))
        newest.pop(key, None)  # a stage that ran again comes where it ran last
        newest[key] = stage
    merged |= {"run": ordered[-1]["run"], "stages": list(newest.values()), "outcome": ""}
    return merged | {"started": ordered[0].get("started"), "outcome": outcome(merged)}


def _stages(record: Record) -> list[Record]:
    """The stages that began and ended; the alert itself is none of the message's business."""
    ended = [stage for stage in record.get("stages") or [] if stage.get("outcome") in (*MARKS, "reused")]
    return [stage for stage in ended if stage.get("name") != "alert"]


def _bad(record: Record) -> list[Record]:
    """The stages that decided; those that were only stopped because another one failed are not among them."""
    bad = [stage for stage in _stages(record) if stage["outcome"] not in _WELL]
    return [stage for stage in bad if stage["outcome"] != "interrupted"] or bad


def _state(stages: list[Record]) -> str:
    if not any(stage["name"] == "deploy" for stage in stages):
        return "not touched by this run"
    for stage in stages:
        if stage["outcome"] not in _WELL:
            return ("" if stage["name"] == "deploy" else "deployed, then ") + (
                f"{stage['name']} {_ENDS[str(stage['outcome'])]}"
            )
    checks = [str(stage["name"]) for stage in stages if stage["name"] not in ("deploy", "approve")]
    return f"deployed, {listed(checks)} passed" if checks else "deployed"


def _place(stage: Record) -> str:
    return str(stage.get("environment") or "")


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
