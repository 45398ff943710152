"""Which run an alert is about, and its record completed by what only CI and apps.toml know."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.alerting.outbox import STARTED, Outbox
from toolkit.base import console
from toolkit.base.outcome import Misused
from toolkit.base.redaction import redact
from toolkit.reporting import summary
from toolkit.runs import closing, record
from toolkit.settings import needed
from toolkit.settings.config import Config
from toolkit.settings.model import App
from toolkit.settings.request import Request

OUTCOME = "PIPELINE_OUTCOME"
"""Set by a CI system that runs one job per stage: how the job that died without a record ended."""

Run = dict[str, Any]


def chosen(
    config: Config, app: str, run: str, about: Callable[[], Run], environ: Mapping[str, str] = os.environ
) -> Run:
    """The record of `run`, or of the app's latest; Misused when there is none.

    Where CI starts the stages as jobs of their own, each leaves a run of one stage: those of the same commit
    and branch are told as one. `about` says what is known of a run that left nothing at all.
    """
    config.app(app)  # Misused, with the nearest name, where there is none
    own = [each for each in record.runs(config.root) if each.get("app") == app]
    found = next((each for each in own if each.get("run") == run), None) if run else latest(own)
    said = environ.get(OUTCOME, "")
    if not found and said in summary.MARKS:
        found = {"run": f"{app}-{int(time.time())}", "app": app, "stages": [], **about()}
    if not found:
        what = f"{app} has no run {run}" if run else f"{app} has no run yet"
        raise Misused(what, remedy=f"make pipeline APP={app}, or `make status` to see the runs")
    found = _whole(config, found)
    if said in summary.MARKS and summary.outcome(found) == "passed" != said:
        reason = f"CI says that a job ended as {said} without leaving a record: open the job"
        ended = {"id": "ci", "name": "a CI job", "outcome": said, "reason": reason}
        found = found | {"stages": [*found.get("stages", []), ended], "outcome": said}
    return {key: _masked(value) for key, value in found.items()}


def of_dead_runs(request: Request) -> list[Run]:
    """Close the records of runs that were killed; those that could not send their alert, oldest first."""
    closed = reversed(closing.settle(request.root, console.say))
    return [
        {key: _masked(value) for key, value in _whole(request.config, each).items()}
        for each in closed
        if each["app"] in request.config.apps
    ]


def kept(root: Path, run: str) -> None:
    """Note in a run's record that its alert is in the outbox. Raises CannotWrite."""
    folder = root / record.HOME / "runs" / run
    data = record.read_json(folder / "run.json")
    if isinstance(data, dict):
        record.Record(folder, data | {"alerted": True}).save()


def goes_on(root: Path, run: Run) -> bool:
    """Whether a run has not ended yet."""
    if run.get("outcome") != record.RUNNING:
        return False
    return closing.running(run, root / record.HOME / "runs" / str(run["run"]))


def listed(box: Outbox) -> list[str]:
    """Every alert whose fate is open, in lines for a person."""
    lines = []
    waiting = [name for name in box.waiting() if not name.endswith(STARTED)]
    if waiting:
        lines.append("waiting, tried again by the next run or `make alert`:")
    for name in waiting:
        lines.append(f"  {name}: {box.state(name).get('why') or 'not tried yet'}")
    if aside := box.aside():
        lines.append("set aside, because they were refused:")
    for name in aside:
        state = box.state(name)
        lines.append(f"  {name}: {state.get('why') or 'refused'}")
        lines.append(f"    fix: {state.get('remedy') or 'look at its file'}; make alert AGAIN={name}")
    return lines


def no_such(word: str, box: Outbox) -> Misused:
    """AGAIN= names nothing that was refused."""
    known = ", ".join(box.aside()) or "none"
    return Misused(f"AGAIN={word}: no such alert was set aside", remedy=f"set aside are: {known}")


def _needed(config: Config, app: App) -> Run:
    """What a version must pass in each environment, and where, before it counts as verified there."""
    return {
        environment.name: {
            "checks": needed.checks(app, environment),
            "spaces": app.spaces_in(environment.everywhere),
        }
        for environment in config.environments.values()
        if app.goes_to(environment.name)
    }


def latest(own: Sequence[Run]) -> Run | None:
    """The latest of one app's runs (newest first): a whole one, or the stages started one by one."""
    if not own or not _single(own[0]):
        return own[0] if own else None
    same = [each for each in own if all(each.get(key) == own[0].get(key) for key in ("commit", "branch"))]
    return summary.combine([each for each in same if _single(each)])


def _whole(config: Config, run: Run) -> Run:
    """With the environments that its app goes to, and what a version must pass there."""
    app = config.app(run["app"])
    run = {"needed": _needed(config, app), **run}
    if "environments" in run:
        return run
    return {**run, "environments": [name for name in config.environments if app.goes_to(name)]}


def _masked(value: Any) -> Any:
    """Without secrets, even those that were none when the record was written."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _masked(each) for key, each in value.items()}
    return [_masked(each) for each in value] if isinstance(value, list) else value


def _single(run: Run) -> bool:
    return len(run.get("stages") or []) == 1
