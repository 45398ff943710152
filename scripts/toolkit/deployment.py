"""Deploying an app to the spaces of an environment: its needs, then lock, apply, verdict, release record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit import images, manifests
from toolkit.cluster import lock, provision, releases, rollout
from toolkit.cluster.apply import apply, autoscaled, phases
from toolkit.cluster.connection import Connection, connect
from toolkit.cluster.releases import Release
from toolkit.model import App
from toolkit.outcome import Failed, Misused, Outcome, PipelineError, worst
from toolkit.request import Request, version
from toolkit.spaces import Space, side_by_side

Json = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """How to deploy: seconds to wait for the lock, and whether to take over fields of other managers."""

    lock_wait: float = 300.0
    force: bool = False


def deploy(request: Request, options: Options) -> Outcome:
    """Deploy the request's app to its spaces, with what it needs where the cluster provisions.

    Nothing is started before every template was rendered. One space's failure lets the others finish.
    """
    app = request.app
    needs = levels(request) if request.cluster.provision else []
    for each in (app, *(need for level in needs for need in level)):
        check(request, each)
    built = images.build(app, request.cluster, request.source, request.say, root=request.root)
    stopped: dict[str, Outcome] = {}
    for level in needs:
        stopped |= _collaborators(request, level, options, [s for s in request.spaces if s not in stopped])
    going = [space for space in request.spaces if space not in stopped]

    def one(space: Space) -> Outcome:
        return to_space(request, app, space, built, options)

    outcome = side_by_side(going, one, request.say) if going else Outcome()
    return worst([*stopped.values(), outcome])


def check(request: Request, app: App) -> None:
    """Raises Misused when the app has no code or its templates cannot be rendered for one of the spaces."""
    app.require_code()
    nobody = {role: f"not-built-yet/{role}@sha256:{'0' * 64}" for role in app.images}
    for space in request.spaces:
        manifests.render(app, _values(request, app, space, nobody))


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


def to_space(
    request: Request,
    app: App,
    space: Space,
    built: Mapping[str, str],
    options: Options,
    *,
    unless_deployed: bool = False,
) -> Outcome:
    """Deploy one app to one space, under its lock, and record the release once it is rolled out."""
    given = _values(request, app, space.name, built)
    found = manifests.render(app, given)
    connection = connected(request, app, space)
    who = request.source.author or lock.somebody()
    with lock.held(
        connection, given.namespace, app.name, run=request.run, who=who, space=space, wait=options.lock_wait
    ) as held:
        if unless_deployed and provision.is_deployed(connection, app, space.name):
            return Outcome(reason=f"{app.name} is there")
        if request.cluster.provision:
            provision.fixtures(connection, app, given, space)
        space.say(f"applying {len(found)} objects of {app.name} {given.version} to {given.namespace}")
        verdict = apply_and_follow(connection, app, given.namespace, found, space, held, force=options.force)
        if verdict.outcome.passed:
            release = _release(request, app, built, who, verdict.restarts)
            releases.record(connection, given.namespace, app.name, release, found)
        return verdict.outcome


def apply_and_follow(
    connection: Connection,
    app: App,
    namespace: str,
    found: Sequence[Json],
    space: Space,
    held: lock.Held,
    *,
    force: bool,
) -> rollout.Verdict:
    """Apply in order and wait for the verdict; Jobs (migrations) must complete before the workloads go."""
    scaled = autoscaled(connection, namespace, found)
    selector = f"{manifests.APP_GROUP}={manifests.group_of(app.name)}"
    early, jobs, rest = phases(found)
    apply(connection, early, force=force)
    for group in (jobs, rest):
        if not group:
            continue
        space.check()
        held.check()
        applied = apply(connection, group, scaled=scaled, force=force)
        verdict = rollout.follow(
            connection, namespace, selector, applied, space, deadline=app.deadline, held=held.check
        )
        if not verdict.outcome.passed:
            return verdict
    if not jobs and not rest:
        raise Failed(f"{app.name}: its manifests hold no workload", remedy="there is nothing to roll out")
    return verdict


def connected(request: Request, app: App, space: Space) -> Connection:
    """A connection to a space; the app's namespace is made where the cluster provisions."""
    namespace = app.namespace_in(space.name)
    if not request.cluster.provision:
        return connect(request.cluster, space.name, request.root, namespace=namespace)
    connection = connect(request.cluster, space.name, request.root)
    provision.namespace(connection, namespace, space)
    return connection


def _needs(request: Request, app: App) -> list[App]:
    assert request.place is not None  # noqa: S101 - deploy requires a place
    named = [request.config.app(name) for name in app.needs]
    return [each for each in named if not each.pending and each.spaces_in(request.place)]


def _collaborators(
    request: Request, level: Sequence[App], options: Options, spaces: Sequence[str]
) -> dict[str, Outcome]:
    """Deploy what is absent of a level; the outcomes of the spaces where something failed."""
    assert request.place is not None  # noqa: S101
    failed: dict[str, Outcome] = {}
    wanted: dict[str, tuple[App, str]] = {}

    def absent(space: Space) -> Outcome:
        for app in level:
            if request.place and space.name in app.spaces_in(request.place):
                connection = connected(request, app, space)
                if not provision.is_deployed(connection, app, space.name):
                    wanted[f"{app.name} {space.name}"] = (app, space.name)
        return Outcome()

    outcome = side_by_side(spaces, absent, request.say)
    if not outcome.passed:
        return dict.fromkeys(spaces, outcome)
    built = {
        app.name: images.build(app, request.cluster, request.source, request.say, root=request.root)
        for app in level
        if any(app is each for each, _ in wanted.values())
    }

    def one(task: Space) -> Outcome:
        app, name = wanted[task.name]
        space = Space(name, task.say, task.stop)
        try:
            found = to_space(request, app, space, built[app.name], options, unless_deployed=True)
        except PipelineError as error:
            found = error.outcome
        if not found.passed:
            reason = f"{name}: {app.name}, which it needs: {found.reason}"
            failed[name] = Outcome(found.kind, reason, found.remedy, found.evidence)
        return found

    side_by_side(sorted(wanted), one, request.say)
    return failed


def _values(request: Request, app: App, space: str, built: Mapping[str, str]) -> manifests.Values:
    if app.images and set(app.images) - set(built):
        raise Misused(f"{app.name}: no image was built for {', '.join(sorted(set(app.images) - set(built)))}")
    return manifests.values(
        app,
        space,
        request.environment,
        built,
        version=version(request.source),
        commit=request.source.commit,
        provision=request.cluster.provision,
        run=request.run,
    )


def _release(
    request: Request, app: App, built: Mapping[str, str], who: str, restarts: Mapping[str, int]
) -> Release:
    at = releases.now()
    return Release(
        id=f"{version(request.source)}-{at.replace(':', '').lower()}",
        version=version(request.source),
        commit=request.source.commit,
        branch=request.source.branch,
        by=who,
        at=at,
        run=request.run,
        images=dict(built),
        needed=needed_checks(request, app),
        restarts=dict(restarts),
    )


def needed_checks(request: Request, app: App) -> tuple[str, ...]:
    """Which checks make a release of this app verified in this environment."""
    assert request.place is not None  # noqa: S101
    environment = request.place.environment
    suite = app.suites.get("smoke")
    smoke = suite is not None and (not suite.environments or environment.name in suite.environments)
    return ("healthcheck", *(["smoke"] if smoke else []), *(["watch"] if environment.soak else []))
