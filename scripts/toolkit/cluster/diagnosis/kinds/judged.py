"""One object that was applied, judged: its row of the table, and what holds for every kind."""

from __future__ import annotations

from toolkit.cluster.diagnosis import progress, rolling
from toolkit.cluster.diagnosis.finding import Cause, Finding, fatal, waiting
from toolkit.cluster.diagnosis.kinds import arrived, table
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, State, View, good, pending, unjudged
from toolkit.objects.fields import mapping, name, number, text, uid
from toolkit.settings.said.judging import NOTHING, Judging

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
    if live is None:
        return _gone(each, around, None)
    if each.kind not in progress.AWAITED:  # those tell by themselves what somebody else has done to them
        if uid(live) == each.uid and mapping(live, "metadata").get("deletionTimestamp"):
            return _gone(each, around, live)
        if changed := _changed(each, live):
            return pending("", *changed)
    found = rule.judge(each, live, around)
    if each.judging.idle and found.state is State.UNJUDGED:
        return unjudged(each.judging.idle)  # nobody will look: there is nothing to wait for
    return found._replace(findings=arrived.awaited(found.findings, around))


def _gone(each: Applied, around: Around, live: Json | None) -> View:
    """It is not there any more, or about to go: by its own life, or by somebody's hand."""
    last = live or around.last(each.kind, each.name) or {}
    if each.kind == "Pod" and text(last, "status", "phase") == "Succeeded":
        return good("it had ended as it should before it went")
    known = {"metadata": {"name": each.name}, **last, "kind": each.kind}
    found = rolling.gone(known, around.events.get(each.uid, []), around.space)
    return pending("is gone", found) if found else good("it had ended as it should before it went")


def _changed(each: Applied, live: Json) -> list[Finding]:
    """What somebody else has done to it."""
    if uid(live) != each.uid:
        anew = "was deleted and made anew by somebody while it was rolled out"
        return [fatal(Cause.TAKEN_AWAY, each.shown, anew)]
    if number(live, "metadata", "generation") < each.generation:
        return [waiting(Cause.STARTING, each.shown, "the watch has not shown the new generation yet")]
    if each.kind in table.RUNNING and not rolling.is_ours(live, mapping(each.object, "spec", "template")):
        return [rolling.superseded({**live, "kind": each.kind})]
    return []
