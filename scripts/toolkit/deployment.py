"""Deploying an app to the spaces of an environment, with what it needs where the cluster provisions.

Early steps only read: every template is rendered and every space reached before anything is built or written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolkit import images, in_space, manifests
from toolkit.cluster import provision
from toolkit.in_space import Options
from toolkit.model import App
from toolkit.outcome import Failed, Outcome, PipelineError, worst
from toolkit.request import Request
from toolkit.spaces import Space, side_by_side

Built = Mapping[str, Mapping[str, str]]


def deploy(request: Request, options: Options) -> Outcome:
    """Deploy the request's app to its spaces. One space's failure lets the others finish.

    Raises Misused, before anything was started, for an app without code or a template that has an error.
    """
    app = request.app
    needs = levels(request) if request.cluster.provision else []
    for each in (app, *(need for level in needs for need in level)):
        check(request, each)
    absent, stopped = _look_around(request, [need for level in needs for need in level])
    if len(stopped) == len(request.spaces):
        return worst(stopped.values())
    wanted = {name for name, _ in absent}
    built = _build(request, [app, *(need for level in needs for need in level if need.name in wanted)])
    for level in needs:
        going = [
            (need, space)
            for need in level
            for space in request.spaces
            if (need.name, space) in absent and space not in stopped
        ]
        stopped |= _collaborators(request, going, built, options)

    def one(space: Space) -> Outcome:
        return in_space.deploy(request, app, space, built[app.name], options)

    left = [space for space in request.spaces if space not in stopped]
    return worst([*stopped.values(), side_by_side(left, one, request.say)])


def check(request: Request, app: App) -> None:
    """Raises Misused when the app has no code or its templates cannot be rendered for one of the spaces."""
    app.require_code()
    nobody = {role: f"not-built-yet/{role}@sha256:{'0' * 64}" for role in app.images}
    for space in request.spaces:
        given = in_space.values(request, app, space, nobody)
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
    return [each for each in named if not each.pending and request.place and each.spaces_in(request.place)]


def _look_around(request: Request, needs: Sequence[App]) -> tuple[set[tuple[str, str]], dict[str, Outcome]]:
    """Reach every space: the (app, space) pairs of needs that are absent, and the spaces out of reach."""
    absent: set[tuple[str, str]] = set()
    stopped: dict[str, Outcome] = {}

    def look(space: Space) -> Outcome:
        try:
            in_space.connected(request, request.app, space)
            for app in needs:
                if request.place and space.name in app.spaces_in(request.place):
                    connection = in_space.connected(request, app, space)
                    if not provision.is_deployed(connection, app, space.name):
                        absent.add((app.name, space.name))
        except Failed as error:
            stopped[space.name] = error.outcome
        return Outcome()

    outcome = side_by_side(request.spaces, look, request.say)
    if not outcome.passed:  # misused: no credential, for instance
        stopped = dict.fromkeys(request.spaces, outcome)
    return absent, stopped


def _build(request: Request, apps: Sequence[App]) -> Built:
    """The images of these apps, built side by side. Raises what a build raised."""
    built: dict[str, Mapping[str, str]] = {}
    errors: dict[str, PipelineError] = {}

    def one(task: Space) -> Outcome:
        app = request.config.app(task.name)
        try:
            built[app.name] = images.build(
                app, request.cluster, request.source, request.say, root=request.root
            )
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
            failed[name] = Outcome(found.kind, reason, found.remedy, found.evidence)
        return found

    side_by_side(sorted(tasks), one, request.say)
    return failed
