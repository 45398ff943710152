"""One object that was applied, judged: its row of the table, and what holds for every kind."""

from __future__ import annotations

from toolkit.cluster.diagnosis import progress
from toolkit.cluster.diagnosis.finding import Cause, Finding, fatal, waiting
from toolkit.cluster.diagnosis.kinds import table
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, State, View, pending, unjudged
from toolkit.objects.fields import mapping, name, number, uid
from toolkit.settings.judging import NOTHING, Judging

BY_WISH = "it is not to be judged: so its annotation or apps.toml says"


def applied(obj: Json, judging: Judging = NOTHING) -> Applied:
    """From the API server's answer to the apply."""
    generation = number(obj, "metadata", "generation")
    return Applied(table.kind_of(obj), name(obj), uid(obj), generation, obj, judging)


def view(each: Applied, around: Around) -> View:
    """Where it stands now; a change by somebody else is fatal to this verdict."""
    if each.judging.judge is False:
        return unjudged(BY_WISH)
    rule = table.rule_of(each.kind)
    unseen = [kind for kind in (each.kind, *rule.needs) if not around.sees(kind)]
    if unseen:
        return unjudged(f"objects of kind {unseen[0]} may not be read here")
    live = around.named(each.kind, each.name)
    if each.kind in progress.AWAITED:  # they tell by themselves what somebody else has done to them
        return rule.judge(each, live or {}, around) if live else _gone(each, around)
    changed = _changed(each, live)
    if live is None or changed:
        return pending("", *changed)
    return rule.judge(each, live, around)


def _gone(each: Applied, around: Around) -> View:
    found = progress.Awaited.of(each.object).findings(None, [], [], around.events)
    done = all(finding.severity == "waiting" for finding in found)
    return View(State.GOOD if done else State.WAITING, "gone", found)


def _changed(each: Applied, live: Json | None) -> list[Finding]:
    """What somebody else has done to it."""
    if live is None:
        return [fatal(Cause.CREATION, each.shown, "was deleted by somebody while it was rolled out")]
    if uid(live) != each.uid:
        anew = "was deleted and made anew by somebody while it was rolled out"
        return [fatal(Cause.CREATION, each.shown, anew)]
    if number(live, "metadata", "generation") < each.generation:
        return [waiting(Cause.STARTING, each.shown, "the watch has not shown the new generation yet")]
    template = mapping(each.object, "spec", "template")
    if each.kind in table.RUNNING and template != mapping(live, "spec", "template"):
        return [fatal(Cause.CREATION, each.shown, "was changed by somebody else while it was rolled out")]
    return []
