"""The one place that recognises runs which were killed, and ends their records truly.

A run is dead when its process is gone; its stages are ended before its record is. What a stage could still
say of its end (outcome.json) counts; what was cut off is `interrupted`, with "died": true, so that a rollback
can tell it from a stage that a person stopped. Damaged records are set aside, so that they end no later run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toolkit.base import files
from toolkit.base.outcome import Kind, Outcome
from toolkit.runs import life, shape
from toolkit.runs.record import HOME, RUNNING, Record, as_outcome, read_json

DAMAGED = "run.json.damaged"
GRACE = 20.0
"""Seconds that a stage whose engine is gone gets to let go of what it holds."""

LOOK = 0.05

Say = Callable[[str], None]


def settle(root: Path, say: Say) -> list[dict[str, Any]]:
    """Close the records of runs that were killed, and set aside those that are none.

    `say` gets a line for each. Returns the run.json, newest first, of dead runs whose alert was not kept.
    Where the disk takes nothing the records stay as they are, and the line says so.
    """
    unannounced = []
    for folder in sorted((root / HOME / "runs").glob("*/"), reverse=True):
        file = folder / "run.json"
        data = read_json(file)
        if data is None and not file.exists():
            continue
        try:
            if why := shape.fault(data, folder.name):
                _set_aside(file, why, say)
            elif _open(data) and not running(data, folder) and (closed := _closed(folder, say)):
                unannounced.append(closed)
        except files.CannotWrite as error:
            say(f"warning: the record of run {folder.name} cannot be closed: {error.reason}")
    return unannounced


def running(data: Mapping[str, Any], folder: Path) -> bool:
    """Whether the process of a run still goes on."""
    return life.alive(data.get("process") or {"pid": data.get("pid")}, folder, data.get("lock", 0))


def _open(data: Mapping[str, Any]) -> bool:
    """Whether something of a run is still to come: its end, that of a stage, or its alert."""
    return (
        data["outcome"] == RUNNING
        or data.get("alerted") is False
        or any(entry["outcome"] == RUNNING for entry in data["stages"])
    )


def _closed(folder: Path, say: Say) -> dict[str, Any] | None:
    """Close one dead run, if that is to be done; its run.json when its alert is still to be sent."""
    data = read_json(folder / "run.json")  # again: it may have ended well between a look and the other
    if shape.fault(data, folder.name):
        return None
    record = Record(folder, data)
    open_stages = [entry for entry in record.stages if entry["outcome"] == RUNNING]
    for entry in open_stages:
        _end_orphan(entry, folder)
    if open_stages or data["outcome"] == RUNNING:
        for entry in open_stages:
            _close_stage(record, entry)
        if data["outcome"] == RUNNING:
            record.finish(_of_run(record, open_stages))
            cut = f" in {open_stages[-1]['id']}" if open_stages else ""
            say(f"run {folder.name} was killed{cut}: its record is closed as interrupted")
        else:
            record.save()
    return data if data.get("alerted") is False else None


def _of_run(record: Record, open_stages: list[dict[str, Any]]) -> Outcome:
    """The outcome of a run that was killed: interrupted, whatever its stages could still say."""
    where = f" in {', '.join(entry['id'] for entry in open_stages)}" if open_stages else ""
    places = dict.fromkeys(entry.get("environment") or "" for entry in open_stages)
    there = " and ".join(place for place in places if place)
    remedy = (
        f"{there} may serve what is not verified: make pipeline APP={record.data['app']} goes on"
        if there
        else ""
    )
    return Outcome(Kind.INTERRUPTED, f"the run was killed{where} before it could end", remedy)


def _close_stage(record: Record, entry: dict[str, Any]) -> None:
    said = read_json(record.folder / "stages" / entry["id"] / "outcome.json")
    if not shape.fault_of_outcome(said, tuple(Kind)):
        outcome = as_outcome(said)
        record.end(entry, outcome, **({"died": True} if outcome.kind is Kind.INTERRUPTED else {}))
        return
    why = f"{entry['id']} was killed before it could end"
    place = entry.get("environment")
    remedy = f"look what runs there now: make status APP={record.data['app']} ENV={place}" if place else ""
    record.end(entry, Outcome(Kind.INTERRUPTED, why, remedy), died=True)


def _end_orphan(entry: dict[str, Any], folder: Path) -> None:
    """A stage whose engine was killed is told so by the kernel; one that does not listen is ended here."""
    process: Any = entry.get("process")
    until = time.monotonic() + GRACE
    while life.alive(process, folder):
        if time.monotonic() > until:
            if not life.ours(process):
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process["pid"], signal.SIGKILL)
            until += GRACE
        time.sleep(LOOK)


def _set_aside(file: Path, why: str, say: Say) -> None:
    """Out of the way of later runs, and kept for whoever wants to see it."""
    try:
        file.replace(file.with_name(DAMAGED))
    except OSError as error:
        raise files.cannot(file, error) from error
    say(f"warning: {file} is damaged ({why}): set aside as {DAMAGED}")
