"""One drill in one lane: break it, let the pipeline deal with it, look from outside, judge."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Kind
from toolkit.ci.origin import Source
from toolkit.drills import judging
from toolkit.drills.cases import AFTER_STAGE, STAGES, Action, Change, Drill, LookAlike
from toolkit.drills.judging import Seen
from toolkit.drills.lane import Do, Lane
from toolkit.drills.programs import Ended
from toolkit.drills.witness import Answers, Eyes, Probe
from toolkit.objects.fields import number, text
from toolkit.runs.record import HOME
from toolkit.settings.request import version

LATE_ANSWER_SECONDS = 10.0
WATCH_SECONDS = "4s"
Tick = Callable[[Mapping[str, float]], None]


class Result(NamedTuple):
    """How a drill or a look-alike came out; problems are sentences, none when it is as it must be."""

    name: str
    title: str
    look_alike: bool
    seen: Seen
    problems: list[str]
    log: Path

    @property
    def ok(self) -> bool:
        """Whether it is as it must be."""
        return not self.problems


def drill(lane: Lane, case: Drill, patience: float) -> Result:
    """Break a deployment in this way. patience: the factor by which suspicious causes are called sooner."""
    lane.restore()

    def go(source: Source, tick: Tick) -> list[Ended]:
        preflight = case.change.preflight
        return [lane.run("pipeline", source=source, preflight=preflight, patience=patience, tick=tick)]

    seen, log = _observed(lane, case.change, case.title, case.sign, go, back=case.outcome is not Kind.PASSED)
    result = Result(case.name, case.title, False, seen, judging.problems_of(case, seen), log)
    if seen.outcome == Kind.PASSED.value:
        lane.verified(case.change, case.title, seen.new)
    else:
        lane.serves = seen.answers.last
    return result


def look_alike(lane: Lane, case: Drill) -> Result:
    """Deploy what only looks like it, with the patience of every day, and check it as far as it says."""
    it: LookAlike = case.look_alike
    stages = STAGES[: STAGES.index(it.stage) + 1]

    def go(source: Source, tick: Tick) -> list[Ended]:
        done: list[Ended] = []
        passed: dict[str, float] = {}
        for stage in stages:
            words = [*lane.place, *(["--for", WATCH_SECONDS] if stage == "watch" else [])]
            ended = lane.run(
                stage,
                *words,
                source=source,
                preflight=it.change.preflight,
                patience=1,
                tick=lambda moments: tick({**passed, **moments}),
            )
            done.append(ended)
            if ended.code != 0:
                break
            passed[f"{AFTER_STAGE}{stage}"] = time.monotonic()
        return done

    sign = it.change.during[0].when if it.change.during else ""
    seen, log = _observed(lane, it.change, it.title, sign, go, back=False, workload=it.kubectl)
    lane.serves = seen.answers.last
    return Result(case.name, it.title, True, seen, judging.problems_of_look_alike(it, seen), log)


def _observed(
    lane: Lane,
    change: Change,
    title: str,
    sign: str,
    go: Callable[[Source, Tick], list[Ended]],
    *,
    back: bool,
    workload: str = "",
) -> tuple[Seen, Path]:
    """Make a change, run commands, and gather what was seen meanwhile."""
    before = number(lane.deployment(), "metadata", "generation")
    serves, app = lane.serves, lane.app
    probe = Probe(lane.connection, lane.namespace, app.service_in(lane.space), app.port)
    with Eyes(lane.connection, lane.namespace) as eyes, lane.changed(change, title) as (source, do), probe:
        eyes.arm(source.commit)
        pending = _Pending(change.during, eyes, do)
        beside = None if back else lane.second_opinion(workload)
        asks_at = f"{workload.partition('/')[0] or 'Deployment'} applied"

        def tick(moments: Mapping[str, float]) -> None:
            pending(moments)
            if beside is not None and eyes.when(asks_at):
                beside.ask()

        ended = go(source, tick)
        expected = serves if back else version(source)
        answers = _settled(probe, expected)
        verdict = ended[-1].moments.get("verdict")
        seen_sign = eyes.when(sign) if sign else None
        started = eyes.applied
        touched = number(lane.deployment(), "metadata", "generation") != before
    last = ended[-1]
    stages = [stage for each in ended for stage in each.record.get("stages", ())]
    summaries = sorted(last.folder.rglob("summary.md"))
    sign_seen = seen_sign is not None or sign.startswith(AFTER_STAGE)
    seen = Seen(
        outcome=str(last.record.get("outcome", f"exit code {last.code} without a record")),
        stages=stages,
        answers=answers,
        good=serves,
        new=version(source),
        space=lane.space,
        proof=_proof(last.folder),
        summary=str(summaries[0]) if summaries else "",
        alert=_alert(lane, last),
        seconds=verdict - started if verdict and started else judging.decisive(stages).get("seconds"),
        since_sign=verdict - seen_sign if verdict and seen_sign else None,
        touched=touched,
        sign_seen=sign_seen,
        kubectl=beside.said() if beside is not None else None,
    )
    return seen, last.folder


class _Pending:
    """Does each action of a change once its time has come."""

    def __init__(self, actions: tuple[Action, ...], eyes: Eyes, do: Do) -> None:
        self._left = list(actions)
        self._eyes, self._do = eyes, do

    def __call__(self, moments: Mapping[str, float]) -> None:
        for action in list(self._left):
            due = (
                action.when in moments
                if action.when.startswith(AFTER_STAGE)
                else self._eyes.when(action.when)
            )
            if due:
                self._left.remove(action)
                self._do(action, self._eyes)


def _settled(probe: Probe, expected: str) -> Answers:
    """The answers once the expected version answers; pods that are about to go may do so for a moment."""
    until = time.monotonic() + LATE_ANSWER_SECONDS
    asked = probe.answers.asked
    while time.monotonic() < until:
        answers = probe.answers
        if answers.last == expected and answers.asked > asked:
            return answers
        time.sleep(0.05)
    return probe.answers


def _proof(run: Path) -> str:
    """The text of all files of evidence of a run."""
    found = []
    for file in sorted(run.glob("stages/*/evidence/**/*")):
        if file.is_file():
            found.append(file.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(found)


def _alert(lane: Lane, ended: Ended) -> str:
    """The text of the run's alert as it waits to be sent, "" when there is none."""
    file = lane.workshop.folder / HOME / "alerts" / "waiting" / f"{ended.folder.name}.json"
    try:
        return text(json.loads(file.read_text(encoding="utf-8")), "message", "plain")
    except (OSError, ValueError):
        return ""
