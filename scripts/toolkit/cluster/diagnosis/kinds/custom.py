"""Custom resources: by their conditions, as kstatus reads them, or by a rule of apps.toml.

https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus: observedGeneration, Ready, Reconciling,
Stalled. What shows nothing of the kind is done once it was observed, or is not judged.
"""

from __future__ import annotations

from toolkit.cluster.diagnosis.container_diagnosis import short
from toolkit.cluster.diagnosis.finding import Cause, Finding, suspicious, waiting
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, View, good, pending, unjudged
from toolkit.objects.fields import at, mapping, number, objects, text
from toolkit.settings.said.judging import Clause

# A controller that does not tell which generation it means may still show what it made of the one before.
SETTLES = 5.0
FAILED_PATIENCE = 5.0
UNSURE_PATIENCE = 30.0
_DONE = ("Ready", "Available")
_FAILED = ("Failed", "Stalled")
# Reasons of Progressing=True that stay when all is done (apps/v1, and controllers that follow it).
_ARRIVED = frozenset({"NewReplicaSetAvailable", "Completed", "Complete", "AsExpected"})


def custom(applied: Applied, live: Json, _around: Around) -> View:
    """What its controller says of the generation that was applied."""
    status = mapping(live, "status")
    seen = status.get("observedGeneration")
    generation = number(live, "metadata", "generation")
    if seen is not None and number(status, "observedGeneration") < generation:
        return pending("not observed yet", _waits(applied, "its controller has not seen this generation yet"))
    settles = [] if seen is not None or not status else [_waits(applied, "may still be as it was", SETTLES)]
    current = {
        text(each, "type"): each
        for each in objects(status, "conditions")
        if number(each, "observedGeneration", default=generation) >= generation
    }
    if applied.judging.done or applied.judging.failed:
        return _by_rule(applied, live, current, settles)
    failed = next((each for word in _FAILED if _is(each := current.get(word, {}))), None)
    if failed is not None:
        return pending(f"{text(failed, 'type')}", _failed(applied, _words(failed), settles))
    if not status:
        looked = _waits(applied, "no controller has looked at it yet", SETTLES)
        return unjudged("it has no status: no controller has looked at it", looked)
    if _is(current.get("Reconciling", {})):
        return pending("reconciling", _waits(applied, _words(current["Reconciling"])))
    return _by_conditions(applied, current, settles, bool(objects(status, "conditions")))


def _by_conditions(
    applied: Applied, current: dict[str, Json], settles: list[Finding], has_some: bool
) -> View:
    progressing = current.get("Progressing", {})
    if text(progressing, "reason") == "ProgressDeadlineExceeded":
        return pending("gave up", _failed(applied, _words(progressing), settles))
    for word in _DONE:
        if word not in current:
            continue
        if not _is(current[word]):
            return pending(f"{word}={text(current[word], 'status')}", _waits(applied, _words(current[word])))
        if word == "Available" and _is(progressing) and text(progressing, "reason") not in _ARRIVED:
            return pending("progressing", _waits(applied, _words(progressing)))
        return good(word, *settles)
    if progressing:
        if _is(progressing) and text(progressing, "reason") not in _ARRIVED:
            return pending("progressing", _waits(applied, _words(progressing)))
        return good("has made its progress", *settles)
    if current:
        known = ", ".join(sorted(current))
        return unjudged(f"nothing here knows what its conditions mean ({known}): give it a rule", *settles)
    if has_some:
        return pending("not observed yet", _waits(applied, "its conditions are about an older generation"))
    return good("was observed, and has no conditions", *settles)


def _by_rule(applied: Applied, live: Json, current: dict[str, Json], settles: list[Finding]) -> View:
    done, failed = applied.judging.done, applied.judging.failed
    if failed and (shown := _holds(failed, live, current)):
        return pending(shown, _failed(applied, f"{shown} ({failed.words} is called failed)", settles))
    if done is None:
        return good(f"does not show {failed.words}" if failed else "applied", *settles)
    if shown := _holds(done, live, current):
        return good(shown, *settles)
    return pending(
        f"{done.words} is awaited",
        _waits(applied, f"{done.words} is not so yet: {_now(done, live, current)}"),
    )


def _holds(clause: Clause, live: Json, current: dict[str, Json]) -> str:
    """What makes the clause true, "" when it is not."""
    if clause.condition:
        found = current.get(clause.condition, {})
        status = text(found, "status")
        return (_words(found) if status in clause.values else "") if status else ""
    value = _value(live, clause)
    return f"{'.'.join(clause.path)} is {value}" if value in clause.values else ""


def _now(clause: Clause, live: Json, current: dict[str, Json]) -> str:
    if clause.condition:
        found = current.get(clause.condition)
        return _words(found) if found else "there is no such condition"
    return f"it is {_value(live, clause) or 'not there'}"


def _value(live: Json, clause: Clause) -> str:
    found = at(live, *(int(step) if step.isdigit() else step for step in clause.path))
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) if isinstance(found, str | int | float) else ""


def _is(found: Json) -> bool:
    return text(found, "status") == "True"


def _words(found: Json) -> str:
    """A condition as a clause: Ready=False (Issuing): the certificate is being issued."""
    head = f"{text(found, 'type')}={text(found, 'status')}"
    reason, said = text(found, "reason"), short(text(found, "message"))
    return f"{head}{f' ({reason})' if reason else ''}{f': {said}' if said else ''}"


def _waits(applied: Applied, said: str, settles: float = 0.0) -> Finding:
    return waiting(Cause.RESOURCE if not settles else Cause.STARTING, applied.shown, said, settles=settles)


def _failed(applied: Applied, said: str, unsure: list[Finding]) -> Finding:
    patience = UNSURE_PATIENCE if unsure else FAILED_PATIENCE
    return suspicious(Cause.RESOURCE, applied.shown, said, patience=patience)
