"""One change of an app in a space: objects applied in order, and the verdict on what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.diagnosis.finding import PROGRESS_SECONDS
from toolkit.cluster.release import lock
from toolkit.cluster.release.apply import apply, restart
from toolkit.cluster.release.ordering import phases
from toolkit.cluster.release.releases import Release
from toolkit.cluster.release.scaling import autoscaled
from toolkit.cluster.restarting import finding
from toolkit.cluster.restarting.rolling import Waves
from toolkit.cluster.standing import configuration
from toolkit.cluster.verdict import result, rollout
from toolkit.cluster.verdict.patience import scale
from toolkit.cluster.verdict.result import Row
from toolkit.deploying import backing_off
from toolkit.objects import manifests
from toolkit.objects.fields import number
from toolkit.objects.resources import built_in, is_a
from toolkit.settings.model import App
from toolkit.settings.said.judging import NOTHING, Judging

Json = dict[str, Any]


def pods_there(connection: Connection, app: App, namespace: str) -> list[Json]:
    """The app's pods as they are."""
    return list(
        connection.list(built_in("Pod").path(namespace), labelSelector=manifests.selector_of(app))["items"]
    )


def progress_seconds(found: Sequence[Json]) -> float:
    """The longest time that one of these Deployments may be without progress; 0 where there is none."""
    given = [
        number(obj, "spec", "progressDeadlineSeconds", default=int(PROGRESS_SECONDS))
        for obj in found
        if is_a(obj, "Deployment")
    ]
    return float(max(given, default=0))


def put(
    connection: Connection,
    app: App,
    namespace: str,
    found: Sequence[Json],
    space: Space,
    held: lock.Held,
    *,
    force: bool = False,
    restarting: bool = False,
    returning: bool = False,
    was: backing_off.Before = backing_off.NOBODY,
) -> rollout.Verdict:
    """Apply in order and wait for the verdict; Jobs (migrations) must complete before the workloads go.

    force takes over fields of other managers; restarting makes the pods anew even if nothing changed;
    returning is to what served before: it has all the time that its workloads give their progress. was tells
    of pods in back-off: those of a workload that does not change are made anew.
    Its details name every object. Raises Failed when an object is refused or the lock is lost.
    """
    early, jobs, rest = phases(found)
    if app.restart:
        factor = max(1.0, scale()) if returning else None
        waves = Waves(connection, app, namespace, space, held, returning=returning, factor=factor)
        verdict = waves.roll(found, app.deadline)
        return _with_objects(verdict, verdict.rows, space)
    scaled = autoscaled(connection, namespace, found)
    idle: dict[str, str] = {}
    done = apply(connection, early, force=force, idle=idle)
    told: tuple[Row, ...] = ()
    for group in (jobs, rest):
        if group is jobs and not jobs:
            continue
        space.check()
        held.assure()
        applied = apply(connection, group, scaled=scaled, force=force, before=done, idle=idle)
        done += applied
        if restarting and group is rest:
            applied = restart(connection, applied)
        else:
            applied = backing_off.again(connection, applied, was, space)
        verdict = rollout.follow(
            connection,
            namespace,
            manifests.selector_of(app),
            applied if group is jobs else [*done[: len(early)], *applied],
            space,
            deadline=max(app.deadline, progress_seconds(found)) if returning else app.deadline,
            held=held.check,
            judging=_judging(app, idle),
            factor=max(1.0, scale()) if returning else None,
        )
        told += verdict.rows
        if not verdict.outcome.passed:
            break
    if group is jobs:  # they failed, and nothing came after them
        told += tuple(result.left_out(early, rest))
    return _with_objects(verdict, told, space)


def _judging(app: App, idle: Mapping[str, str]) -> dict[str, Judging]:
    """What apps.toml says, and of what nothing acts on the API server."""
    said = {name: Judging(idle=words) for name, words in idle.items()}
    return {**said, **{name: wish.over(said.get(name, NOTHING)) for name, wish in app.judge.items()}}


def _with_objects(verdict: rollout.Verdict, told: Sequence[Row], space: Space) -> rollout.Verdict:
    """The verdict with what became of each object, which is said, too."""
    for line in result.lines(told):
        space.say(line)
    details = {**verdict.outcome.details, result.OBJECTS: [row.json for row in told]}
    return replace(verdict, outcome=verdict.outcome._replace(details=details), rows=tuple(told))


def wanted(connection: Connection, app: App, given: manifests.Values) -> list[Json]:
    """The objects that a release is made of: those of the manifests, or what a restart makes of what it
    finds. Raises Misused for what cannot be rendered, Failed where there is nothing to restart."""
    return finding.wanted(connection, app, given) if app.restart else manifests.render(app, given)


def before(
    connection: Connection,
    app: App,
    namespace: str,
    kept: Sequence[Json],
    way: tuple[Sequence[Release], Release, Release],
) -> list[Json]:
    """The objects that put a release back: those that are kept of it, their pods told what they will read; of
    a restart what each workload was before. way: all releases, what is undone, what is put back."""
    if app.restart:
        return finding.going_back(connection, app, namespace, *way)
    return configuration.with_stamps(connection, namespace, kept)
