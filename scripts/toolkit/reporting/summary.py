"""A run in words: from its record (run.json) to what a person wants to know of it, most urgent first. Pure.

Unknown or missing keys of the record are left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from toolkit.reporting import standing
from toolkit.runs import undoing

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
AFTER_DEPLOY = ("acceptance", undoing.STAGE)


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
    version = str(record.get("version") or short_commit(record) or "this version")
    if others := standing.superseded(bad):
        where = listed(_distinct(map(_place, bad)))
        return f"{start} {version} is superseded by {listed(others)} in {where}, not verified"
    if bad:
        names = listed(_distinct(str(stage["name"]) for stage in bad))
        places = _distinct(_place(stage) for stage in bad if _place(stage))
        ends = _ENDS[kind if len(bad) > 1 else str(bad[0]["outcome"])]
        ends = ends.replace("was", "were") if " and " in names else ends
        said = f"{start} {names} {ends}" + (f" in {listed(places)}" if places else "")
        return said + (f": {undoing.LOOK_NOW}" if names == undoing.STAGE else _went_back(record))
    if kind != "passed":
        return f"{start} the run {_ENDS[kind]}"
    reached = [_place(stage) for stage in _stages(record) if stage["name"] in ("deploy", undoing.STAGE)]
    if reached and (back := _results(record, reached[-1])):
        return f"{start} {undoing.words(back)} in {reached[-1]}"
    reached = [_place(stage) for stage in _stages(record) if stage["name"] == "deploy"]
    if reached:
        mine = [stage for stage in _stages(record) if _place(stage) == reached[-1]]
        return f"{start} {version} {standing.words(record, mine, reached[-1])}"
    if not _stages(record):
        return f"❔ {app}: the run has no result yet"
    return f"{start} {listed(_distinct(str(stage['name']) for stage in _stages(record)))} passed"


class Trouble(NamedTuple):
    """Why a stage did not pass, the last lines that show it, what to do about it, and where more is kept."""

    why: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    files: tuple[str, ...] = ()


def troubles(record: Record) -> list[Trouble]:
    """What is wrong, most urgent first: a failed release that still serves, then each stage that decided."""
    urgent, found = [], []
    for place in _distinct(_place(stage) for stage in _stages(record)):
        back = _results(record, place)
        if back and not undoing.worked(back):
            mine = [stage for stage in _rollbacks(record, place) if stage["outcome"] not in _WELL]
            why = f"{place}: {undoing.state(back)}"
            urgent.append(_trouble(record, mine[-1], why) if mine else Trouble(why))
    for stage in _bad(record):
        if stage["name"] == undoing.STAGE and urgent:
            continue
        name = " ".join(filter(None, (str(stage["name"]), _place(stage))))
        reason = str(stage.get("reason") or f"{_ENDS[str(stage['outcome'])]} without a reason")
        found.append(_trouble(record, stage, f"{name}: {reason}"))
    return [*urgent, *found]


def _trouble(record: Record, stage: Record, why: str) -> Trouble:
    lines = [str(line) for line in stage.get("evidence") or ()]
    # A list of problems begins with the gravest, a log ends with what happened.
    evidence = tuple(lines[:MOST_EVIDENCE] if _changed_nothing(stage) else lines[-MOST_EVIDENCE:])
    files = _files(record, stage)
    if not files and stage.get("log"):
        files = [_kept(record, stage, str(stage["log"]))]
    return Trouble(why, evidence, str(stage.get("remedy") or ""), tuple(files))


def _files(record: Record, stage: Record) -> list[str]:
    """The summaries of a stage's evidence, or those that its rollback kept before it changed anything."""
    found = []
    for each in [stage, *_rollbacks(record, _place(stage))]:
        details = each.get("details")
        for space in details.values() if isinstance(details, Mapping) else ():
            if isinstance(space, Mapping) and space.get("evidence"):
                found.append(_kept(record, each, str(space["evidence"])))
    return _distinct(found)


def _kept(record: Record, stage: Record, path: str) -> str:
    """A path below a run's folder as it can be typed in the repository."""
    return f".pipeline/runs/{stage.get('run') or record.get('run')}/{path}"


def environments(record: Record) -> list[tuple[str, str]]:
    """Each environment and what this run did to it: the first question of the person on call."""
    known = [str(name) for name in record.get("environments") or []]
    names = _distinct([*known, *(_place(stage) for stage in _stages(record) if _place(stage))])
    return [(name, _state([stage for stage in _stages(record) if _place(stage) == name])) for name in names]


def _went_back(record: Record) -> str:
    """For the end of a headline: what became of production, where a release failed."""
    found = [each for place in _distinct(map(_place, _stages(record))) for each in _results(record, place)]
    if alarms := _distinct(each.alarm for each in found if each.alarm):
        return f", {listed(alarms)}: {undoing.LOOK_NOW}"
    return f", rolled back to {listed(_distinct(each.to for each in found))}" if found else ""


def _results(record: Record, place: str) -> list[undoing.Result]:
    return undoing.results(stage for stage in _stages(record) if place and _place(stage) == place)


def _rollbacks(record: Record, place: str) -> list[Record]:
    return [each for each in _stages(record) if each["name"] == undoing.STAGE and _place(each) == place]


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
    newest: dict[tuple[str, ...], Any] = {}
    for stage in ({"run": each["run"], **stage} for each in ordered for stage in each.get("stages") or []):
        key = (str(stage.get("name")), _place(stage), standing.part_of(stage))
        newest.pop(key, None)  # a stage that ran again comes where it ran last
        if stage.get("name") == "deploy":  # what was said of an earlier deployment is not said of this one
            old = (*undoing.UNDONE, *AFTER_DEPLOY)
            newest = {each: kept for each, kept in newest.items() if each[0] not in old or each[1] != key[1]}
        newest[key] = stage
    merged |= {"run": ordered[-1]["run"], "stages": list(newest.values()), "outcome": ""}
    return merged | {"started": ordered[0].get("started"), "outcome": outcome(merged)}


def _stages(record: Record) -> list[Record]:
    """The stages that began and ended; the alert itself is none of the message's business."""
    ended = [stage for stage in record.get("stages") or [] if stage.get("outcome") in (*MARKS, "reused")]
    return [stage for stage in ended if stage.get("name") != "alert"]


def _bad(record: Record) -> list[Record]:
    """The stages that decided; those that were only stopped because another one failed are not among them,
    nor is the rollback of one that failed."""
    bad = [stage for stage in _stages(record) if stage["outcome"] not in _WELL]
    bad = [stage for stage in bad if stage["name"] != undoing.STAGE] or bad
    return [stage for stage in bad if stage["outcome"] != "interrupted"] or bad


def _state(stages: list[Record]) -> str:
    if back := undoing.results(stages):
        return undoing.state(back)
    if not any(stage["name"] == "deploy" for stage in stages):
        return "not touched by this run"
    for stage in stages:
        if stage["outcome"] not in _WELL:
            ended = f"{stage['name']} {_ENDS[str(stage['outcome'])]}"
            if stage["name"] != "deploy":
                return f"deployed, then {ended}"
            if _changed_nothing(stage):
                return f"{ended}, nothing was changed"
            return f"{ended}: it may have been applied to" if stage.get("died") else ended
    checks = [str(stage["name"]) for stage in stages if stage["name"] not in ("deploy", "approve")]
    return f"deployed, {listed(checks)} passed" if checks else "deployed"


def _changed_nothing(stage: Record) -> bool:
    """Whether the preflight kept a deployment from its first write."""
    details = stage.get("details")
    spaces = details.values() if isinstance(details, Mapping) else ()
    return any(isinstance(space, Mapping) and bool(space.get("preflight")) for space in spaces)


def _place(stage: Record) -> str:
    return str(stage.get("environment") or "")


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
