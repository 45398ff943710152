"""How a whole run ended, told from how its stages ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.base.outcome import Outcome, worst
from toolkit.pipeline.plan import Plan, Stage
from toolkit.runs import undoing
from toolkit.runs.record import as_json


def of_run(plan: Plan, ended: Mapping[str, Outcome], stopped: Outcome | None, what: str) -> Outcome:
    """The outcome of a run: of its gravest stage, which is named in details["stage"].

    `ended` has the stages that ended, in that order; `stopped` why the run was interrupted; `what` the app
    and version for a sentence. A release that failed stays failed when it was rolled back, and says both;
    where going back did not work, that comes first.
    """
    if stopped:
        return stopped._replace(remedy="\n".join(filter(None, (stopped.remedy, _left_behind(plan, ended)))))
    if all(outcome.passed for outcome in ended.values()):
        return Outcome(reason=_success(plan, what))
    undoers = [stage for stage in plan.stages if stage.undoes]
    release = {id: each for id, each in ended.items() if id not in {stage.id for stage in undoers}}
    kind = worst(release.values()).kind
    first, said = next((id, outcome) for id, outcome in release.items() if outcome.kind is kind)
    others = [id for id, each in release.items() if not each.passed and id != first]
    also = f" (and {', '.join(others)} did not pass)" if others else ""
    made = Outcome(kind, f"{first}: {said.reason}{also}", said.remedy, said.evidence, {"stage": first})
    for stage in undoers:
        made = _with_rollback(made, stage, plan, ended)
    return made._replace(kind=worst([made, *ended.values()]).kind)


def _with_rollback(made: Outcome, stage: Stage, plan: Plan, ended: Mapping[str, Outcome]) -> Outcome:
    """With what going back came to in one environment."""
    entries = [
        {"id": id, "name": plan.stage(id).name, **as_json(ended[id])}
        for id in (*stage.undoes, stage.id)
        if id in ended
    ]
    found = undoing.results(entries)
    if not found:
        return made
    if undoing.worked(found):
        # A deploy stage that went back itself has said so.
        said = all(f"rolled back to {each.to}" in made.reason for each in found)
        return made if said else made._replace(reason=f"{made.reason}; {undoing.words(found)}")
    urgent = undoing.state(found)
    if all(each.passed or each.reason in made.reason for each in found):  # it has said why, too
        alarms = dict.fromkeys(each.alarm for each in found if each.alarm)
        urgent = f"{' and '.join(alarms)}: {undoing.LOOK_NOW}"
    reason = f"{stage.environment}: {urgent}; {made.reason}"
    undone = ended.get(stage.id)
    if undone is None or undone.passed:
        return made._replace(reason=reason)
    return Outcome(
        made.kind,
        reason,
        "\n".join(filter(None, (undone.remedy, made.remedy))),
        (*undone.evidence, *made.evidence),
        {"stage": stage.id},
    )


def _left_behind(plan: Plan, ended: Mapping[str, Outcome]) -> str:
    """What to do about an environment in which an interrupted run leaves a release that is not verified."""
    for stage in plan.stages:
        begun = [id for id in stage.undoes if id in ended]
        if begun and not all(id in ended and ended[id].passed for id in stage.undoes):
            back = f"make rollback APP={plan.app} ENV={stage.environment}"
            return (
                f"{stage.environment} may serve what is not verified yet:"
                f" make pipeline APP={plan.app} goes on, {back} goes back"
            )
    return ""


def _success(plan: Plan, what: str) -> str:
    reached = [stage.environment for stage in plan.stages if stage.environment]
    return f"{what} is verified in {reached[-1]}" if reached else f"{what} passed every check"
