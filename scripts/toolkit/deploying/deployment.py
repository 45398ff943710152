"""Deploying an app to the spaces of an environment, with what it needs where the cluster provisions.

Everything up to the preflight only reads (a namespace that we provision is made first): whatever can be known
to be wrong is said, all of it at once, before anything is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.base.outcome import Failed, Outcome, PipelineError, Refused, TimedOut, worst
from toolkit.base.spaces import Space, side_by_side
from toolkit.cluster import preflight
from toolkit.cluster.release import provision
from toolkit.deploying import foresight, holding, in_space, recovery, turns
from toolkit.deploying.foresight import Built
from toolkit.deploying.in_space import Options
from toolkit.images import building
from toolkit.objects import manifests
from toolkit.rules import policy
from toolkit.settings.model import App
from toolkit.settings.request import Request

# In the details of an outcome: nothing is left for the pipeline's rollback stage to undo.
SETTLED = "settled"


def deploy(request: Request, options: Options) -> Outcome:
    """Deploy the request's app to its spaces, and recover in all of them when it fails in one, where the
    environment asks for it.

    Raises Misused or Refused, before anything was written, for an app without code, a template that has an
    error, or a version that is held.
    """
    try:
        outcome = _deploy(request, options)
    except (Failed, TimedOut) as error:
        outcome = error.outcome
    return outcome if outcome.passed else outcome._replace(details={**outcome.details, SETTLED: True})


def _deploy(request: Request, options: Options) -> Outcome:
    app = request.app
    needs = levels(request) if request.cluster.provision else []
    everyone = [app, *(need for level in needs for need in level)]
    for each in everyone:
        check(request, each)
        for line in () if each.restart else manifests.notes(each):
            request.say(line)
    absent, stopped = _look_around(request, everyone[1:])
    if stopped and (_is_automatic(request) or set(request.spaces) <= set(stopped)):
        return worst(stopped.values())
    wanted = {name for name, _ in absent}
    policy.along(request, [need for need in everyone[1:] if need.name in wanted])
    built = _build(request, [app, *(need for need in everyone[1:] if need.name in wanted)])
    going = [
        (need, space)
        for need in everyone[1:]
        for space in homes(request, need)
        if (need.name, space) in absent
    ]
    left = [space for space in request.spaces if space not in stopped]
    with turns.taken(request, left, options.turn_wait) as turn:
        outcome = _in_turn(request, options, left, stopped, needs, going, built)
        turn.goes_on = outcome.passed
    return outcome


def _in_turn(
    request: Request,
    options: Options,
    left: list[str],
    stopped: dict[str, Outcome],
    needs: list[list[App]],
    going: list[tuple[App, str]],
    built: Built,
) -> Outcome:
    """Deploy to the spaces that are left, now that it is our turn in them."""
    app = request.app
    holding.refuse(request, left, built[app.name], options)
    foreseen = Outcome()
    if options.preflight:
        tasks = [
            *((app, space) for space in left),
            *((need, space) for need, space in going if space not in stopped),
        ]
        foreseen = foresight.look(request, tasks, built, options)
        if not foreseen.passed:
            return foreseen
    for level in needs:
        of_level = [(need, space) for need, space in going if need in level and space not in stopped]
        stopped |= _collaborators(request, of_level, built, options)
    outcomes: dict[str, Outcome] = {}

    def one(space: Space) -> Outcome:
        outcomes[space.name] = in_space.deploy(request, app, space, built[app.name], options)
        return outcomes[space.name]

    left = [space for space in left if space not in stopped]
    together = worst([*stopped.values(), side_by_side(left, one, request.say)])
    went_well = [space for space in left if space in outcomes and outcomes[space].passed]
    together = together._replace(details=_with(foreseen.details, together.details))
    if together.passed or not _is_automatic(request) or not went_well:
        return together
    return _follow_suit(request, went_well, together)


def _with(foreseen: Mapping[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    """The details of a deployment, space by space, with what was foreseen there."""
    both = {**foreseen, **details}
    return {
        space: {**foreseen[space], **said} if isinstance(said, Mapping) and space in foreseen else said
        for space, said in both.items()
    }


def _is_automatic(request: Request) -> bool:
    return request.place is not None and request.policy.rollback == "auto"


def _follow_suit(request: Request, spaces: Sequence[str], failed: Outcome) -> Outcome:
    """Undo the release where it went well too: one environment, one version."""

    def one(space: Space) -> Outcome:
        why = f"it failed elsewhere: {failed.reason}"
        return recovery.undo(request, space, why, hold=not failed.is_inconclusive)

    back = side_by_side(spaces, one, request.say)
    evidence = failed.evidence if back.passed else (*failed.evidence, *back.evidence)
    remedy = failed.remedy if back.passed else "\n".join(filter(None, (back.remedy, failed.remedy)))
    reason = f"{failed.reason}; {back.reason}" if back.reason else failed.reason
    return Outcome(failed.kind, reason, remedy, evidence, {**failed.details, **back.details})


def check(request: Request, app: App) -> None:
    """Raises Misused when the app has no code or its templates cannot be rendered for one of the spaces,
    Refused when its namespace there is protected: it must not even be made."""
    app.require_code()
    nobody = {role: f"not-built-yet/{role}@sha256:{'0' * 64}" for role in app.images}
    for space in homes(request, app):
        if barred := preflight.protected(request.cluster, app.namespace_in(space)):
            raise Refused(f"{barred.object}: {barred.sentence}", remedy=barred.remedy)
        given = in_space.values(request, app, space, nobody)
        if app.restart:
            continue  # what there is to change only the cluster knows
        with contextlib.suppress(manifests.NeedsCluster):  # the preflight, which asks the cluster, tells
            manifests.render(app, given)
        if request.cluster.provision:
            provision.check(app, given)


def levels(request: Request) -> list[list[App]]:
    """What the app needs in this environment, directly or not, in order; a level goes side by side.

    Apps that do not go to the environment, or have no code yet, are left out.
    """
    depth: dict[str, int] = {}

    def visit(app: App) -> int:
        if app.name not in depth:
            depth[app.name] = 1 + max((visit(each) for each in _needs(request, app)), default=0)
        return depth[app.name]

    top = visit(request.app)
    found = [[request.config.app(name) for name in depth if depth[name] == level] for level in range(1, top)]
    return [level for level in found if level]


def _needs(request: Request, app: App) -> list[App]:
    named = [request.config.app(name) for name in app.needs]
    return [each for each in named if not each.pending and homes(request, each)]


def homes(request: Request, app: App) -> tuple[str, ...]:
    """The spaces in which a deployment of the request's app concerns this app."""
    if request.place is None or app.name == request.app.name:
        return request.spaces
    return app.homes(request.place)


def _look_around(request: Request, needs: Sequence[App]) -> tuple[set[tuple[str, str]], dict[str, Outcome]]:
    """Reach every space: the (app, space) pairs of needs that are absent, and the spaces out of reach."""
    absent: set[tuple[str, str]] = set()
    stopped: dict[str, Outcome] = {}

    def look(space: Space) -> Outcome:
        try:
            if space.name in request.spaces:
                in_space.connected(request, request.app, space)
            for app in needs:
                if space.name in homes(request, app):
                    connection = in_space.connected(request, app, space)
                    if not provision.is_deployed(connection, app, space.name):
                        absent.add((app.name, space.name))
        except Failed as error:
            stopped.update(dict.fromkeys(_touched(request, space.name), error.outcome))
        return Outcome()

    everywhere = [*request.spaces, *(space for need in needs for space in homes(request, need))]
    outcome = side_by_side(list(dict.fromkeys(everywhere)), look, request.say)
    if not outcome.passed:  # misused: no credential, for instance
        stopped = dict.fromkeys(request.spaces, outcome)
    return absent, stopped


def _touched(request: Request, space: str) -> tuple[str, ...]:
    """Which spaces of the request cannot be deployed to when something is wrong in a space."""
    return (space,) if space in request.spaces else (space, *request.spaces)


def _build(request: Request, apps: Sequence[App]) -> Built:
    """The images of these apps, built side by side. Raises what a build raised."""
    built: dict[str, Mapping[str, str]] = {}
    errors: dict[str, PipelineError] = {}

    def one(task: Space) -> Outcome:
        app = request.config.app(task.name)
        try:
            built[app.name] = building.build(request, app)
        except PipelineError as error:
            errors[app.name] = error
        return Outcome()

    side_by_side([app.name for app in apps], one, request.say)
    for error in errors.values():
        raise error
    return built


def _collaborators(
    request: Request, going: Sequence[tuple[App, str]], built: Built, options: Options
) -> dict[str, Outcome]:
    """Deploy apps that are absent, each to its space; the outcomes of the spaces where that failed."""
    failed: dict[str, Outcome] = {}
    tasks = {f"{app.name} {space}": (app, space) for app, space in going}

    def one(task: Space) -> Outcome:
        app, name = tasks[task.name]
        space = Space(name, task.say, task.stop)
        try:
            found = in_space.deploy(request, app, space, built[app.name], options, unless_deployed=True)
        except PipelineError as error:
            found = error.outcome
        if not found.passed:
            reason = f"{name}: {app.name}, which {request.app.name} needs: {found.reason}"
            told = Outcome(found.kind, reason, found.remedy, found.evidence)
            failed.update(dict.fromkeys(_touched(request, name), told))
        return found

    side_by_side(sorted(tasks), one, request.say)
    return failed
