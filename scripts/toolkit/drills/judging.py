"""Whether a drill came out as it must, by the pipeline's record and what was seen from outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from toolkit.base.outcome import Kind
from toolkit.drills.cases import Drill, LookAlike
from toolkit.drills.witness import Answers
from toolkit.runs import undoing

Json = dict[str, Any]
NOTHING: Mapping[str, Any] = {}


class Seen(NamedTuple):
    """All that is known of one deployment of a drill.

    good is the version before it, new the one that was broken; proof the text of all files of evidence,
    summary the path of its first page; alert the text that would have been sent; seconds from the first
    write (where nothing was written from the stage's start), and since_sign from the API's first sign of it,
    to the verdict; touched whether the Deployment was changed; sign_seen whether the API showed the sign;
    kubectl what that said of the same rollout ("" that it is done, None that it was not asked).
    """

    outcome: str
    stages: Sequence[Mapping[str, Any]]
    answers: Answers
    good: str
    new: str
    space: str
    proof: str = ""
    summary: str = ""
    alert: str = ""
    seconds: float | None = None
    since_sign: float | None = None
    touched: bool = True
    sign_seen: bool = True
    kubectl: str | None = None


def decisive(stages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The stage that did not pass first; {} when all did."""
    return next((each for each in stages if each.get("outcome") not in ("passed", "not run")), NOTHING)


def rollback(seen: Seen) -> undoing.Result | None:
    """How going back ended; None when nothing did."""
    return next(iter(undoing.results(seen.stages)), None)


def problems_of(drill: Drill, seen: Seen) -> list[str]:
    """What is wrong with how a broken version was dealt with, a sentence each; [] when nothing is."""
    wrong: list[str] = []
    if drill.outcome is Kind.PASSED:
        if seen.outcome != Kind.PASSED.value:
            wrong.append(f"it had to pass and {_ended(seen)}")
        return wrong + _served(seen, {seen.good, seen.new}, last=seen.new)
    if seen.outcome != drill.outcome.value:
        wrong.append(f"the run had to end as {drill.outcome.value}, and {_ended(seen)}")
    wrong += _verdict(drill, seen)
    wrong += _rollback(drill, seen)
    if not seen.alert:
        wrong.append("there is no alert")
    elif seen.good not in seen.alert and drill.goes_back:
        wrong.append(f"the alert does not say that {seen.good} is back")
    may_answer = {seen.good, seen.new} if drill.serves or drill.stage != "deploy" else {seen.good}
    return wrong + _served(seen, may_answer, last=seen.good)


def problems_of_look_alike(look_alike: LookAlike, seen: Seen) -> list[str]:
    """What is wrong with how it dealt with a version that only looked broken; [] when nothing is."""
    wrong = []
    if seen.outcome != Kind.PASSED.value:
        also = "; kubectl calls it rolled out" if seen.kubectl == "" else ""
        wrong.append(f"a false alarm: {_ended(seen)}{also}")
        return wrong
    if seen.kubectl:
        wrong.append(f"kubectl does not call it rolled out: {seen.kubectl}")
    if look_alike.change.during and not seen.sign_seen:
        wrong.append("the API never showed what this looks like")
    return wrong + _served(seen, {seen.good, seen.new}, last=seen.new)


def _ended(seen: Seen) -> str:
    stage = decisive(seen.stages)
    return f"ended as {seen.outcome}: {stage.get('reason', '')}" if stage else f"ended as {seen.outcome}"


def _verdict(drill: Drill, seen: Seen) -> list[str]:
    stage = decisive(seen.stages)
    wrong = []
    if stage.get("name") != drill.stage:
        wrong.append(f"{drill.stage} had to say so, and {stage.get('name', 'no stage')} did")
    reason = str(stage.get("reason", ""))
    details = (stage.get("details") or NOTHING).get(seen.space) or NOTHING
    if drill.cause and details.get("cause") != drill.cause:
        wrong.append(f'the cause had to be "{drill.cause}" and is "{details.get("cause", "")}": {reason}')
    wrong += [f'the verdict does not say "{word}": {reason}' for word in drill.words if word not in reason]
    told = "\n".join([reason, *map(str, stage.get("evidence") or ()), seen.proof])
    wrong += [f'the evidence does not hold "{line}"' for line in drill.evidence if line not in told]
    if not stage.get("remedy"):
        wrong.append("there is no remedy")
    return wrong


def _rollback(drill: Drill, seen: Seen) -> list[str]:
    back = rollback(seen)
    if drill.untouched:
        return ["preflight had to refuse it and it was changed"] if seen.touched or back else []
    wrong = [] if seen.summary else ["there are no files of evidence"]
    if back is None:
        return [*wrong, "nothing was rolled back"]
    if not back.passed or back.to != seen.good or not back.verified:
        wrong.append(f"it had to go back to {seen.good}, verified: {back.clause}")
    return wrong


def _served(seen: Seen, may_answer: set[str], last: str) -> list[str]:
    answers = seen.answers
    wrong = []
    if answers.failures:
        first = answers.failures[0]
        wrong.append(f"{len(answers.failures)} of {answers.asked} requests failed, first after {first}")
    strangers = sorted(set(answers.versions) - may_answer)
    if strangers:
        wrong.append(f"{', '.join(strangers)} answered, where only {', '.join(sorted(may_answer))} may")
    if answers.last != last:
        wrong.append(f'in the end "{answers.last}" answers and not {last}')
    return wrong
