"""The preflight of a whole deployment: every app in every space, all problems at once, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.base.outcome import Outcome
from toolkit.base.spaces import Space, side_by_side
from toolkit.cluster import preflight
from toolkit.cluster.access import reach
from toolkit.cluster.access.rights import ALWAYS, Right, of_restart, of_suites, together
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.preflight import demands
from toolkit.cluster.preflight.demands import Demands
from toolkit.cluster.release import provision
from toolkit.deploying import change, in_space
from toolkit.deploying.in_space import Options
from toolkit.images import having
from toolkit.objects import manifests
from toolkit.objects.resources import is_a
from toolkit.settings.model import App
from toolkit.settings.request import Request

Json = dict[str, Any]
Built = Mapping[str, Mapping[str, str]]


def look(request: Request, tasks: Sequence[tuple[App, str]], built: Built, options: Options) -> Outcome:
    """Passed, or what would go wrong with the apps in the spaces that these tasks name.

    What is only likely to go wrong is said, and kept in the outcome's details.
    """
    known = having.Known(request.cluster, request.root, request.say)
    named = {
        space if app.name == request.app.name else f"{space} {app.name}": (app, space) for app, space in tasks
    }

    def one(task: Space) -> Outcome:
        app, space = named[task.name]
        connection = in_space.connected(request, app, Space(space, task.say, task.stop))
        if app.restart:
            return preflight.outcome(_restarting(request, connection, app, space, task, known, built))
        others = [other for other, where in tasks if where == space and other.name != app.name]
        coming = _coming(request, connection, app, space, others, built)
        given = in_space.values(request, app, space, built[app.name], connection)
        problems = preflight.check(
            connection,
            app,
            given.namespace,
            manifests.render(app, given),
            coming=coming,
            images=known,
            suites=_of_suites(request, app, space).get(given.namespace, ()),
            demands=_demands(request, app, space, given),
            force=options.take_over,
            say=task.say,
        )
        problems += _lacking_elsewhere(request, app, space, task)
        for each in preflight.warnings(problems):
            task.say(f"warning: {each.line} ({each.remedy})")
        return preflight.outcome(problems)

    return side_by_side(list(named), one, request.say)


def _restarting(
    request: Request,
    connection: Connection,
    app: App,
    space: str,
    task: Space,
    known: having.Known,
    built: Built,
) -> list[preflight.Problem]:
    """What stands in the way of changing workloads that are there: rights, images, and what there is."""
    given = in_space.values(request, app, space, built[app.name], connection)
    if barred := preflight.protected(request.cluster, given.namespace):
        return [barred]
    wanted = [*ALWAYS, *of_restart(app), *_of_suites(request, app, space).get(given.namespace, ())]
    problems = preflight.granted(connection, given.namespace, together(wanted), task.say)
    role = app.restart.image if app.restart else ""
    missing = known([given.images[role]] if role else [])
    problems += [
        preflight.Problem("", f"image {image}: {why}", "build and push it: make build")
        for image, why in missing.items()
        if why
    ]
    if not any(each.is_certain for each in problems):
        change.wanted(connection, app, given)
    return [*problems, *_lacking_elsewhere(request, app, space, task)]


def _of_suites(request: Request, app: App, space: str) -> Mapping[str, Sequence[Right]]:
    """What the suites need that come after the deployment; those of what is deployed along do not run."""
    if app.name != request.app.name:
        return {}
    return of_suites(request.config, app, request.environment, space)


def _lacking_elsewhere(request: Request, app: App, space: str, task: Space) -> list[preflight.Problem]:
    """What its suites may not do in the namespaces that they look into, with the credentials for those.
    Raises Misused where there is none."""
    found: list[preflight.Problem] = []
    if request.cluster.provision or request.place is None:
        return found
    needed = _of_suites(request, app, space)
    for where in reach.wheres(request.config, app, request.place._replace(spaces=(space,))):
        if where.namespace != app.namespace_in(space) and (rights := needed.get(where.namespace)):
            connection = connect(request.cluster, where, request.root)
            found += preflight.granted(connection, where.namespace, rights, task.say)
    return found


def _demands(request: Request, app: App, space: str, given: manifests.Values) -> Demands:
    """What must be there and nobody brings, on a cluster that we do not provision."""
    if request.cluster.provision or request.place is None:
        return demands.NONE
    return demands.of(request.config, app, request.place, space, provision.described(app, given))


def _coming(
    request: Request, connection: Connection, app: App, space: str, others: Sequence[App], built: Built
) -> list[Json]:
    """What will be there before the app's own objects: its fixtures, and what it needs is deployed first."""
    if not request.cluster.provision:
        return []
    found = provision.coming(
        connection, app, in_space.values(request, app, space, built[app.name], connection)
    )
    needed = request.config.needs_of(app)
    for other in [each for each in others if each in needed]:
        given = in_space.values(request, other, space, built[other.name], connection)
        theirs = provision.coming(connection, other, given) + manifests.render(other, given)
        # What is wrong with theirs is said for the app that is deployed; others only lean on their addresses.
        found += theirs if app.name == request.app.name else [obj for obj in theirs if is_a(obj, "Service")]
    return found
