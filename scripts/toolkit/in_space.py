"""Deploying one app to one space: lock, fixtures, apply in order, verdict, release record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit import manifests
from toolkit.cluster import lock, provision, releases, rollout
from toolkit.cluster.apply import apply, autoscaled, phases
from toolkit.cluster.connection import Connection, connect
from toolkit.cluster.releases import Release
from toolkit.model import App
from toolkit.outcome import Failed, Misused, Outcome
from toolkit.request import Request, version
from toolkit.spaces import Space

Json = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """How to deploy: seconds to wait for the lock, and whether to take over fields of other managers."""

    lock_wait: float = 300.0
    force: bool = False


def deploy(
    request: Request,
    app: App,
    space: Space,
    built: Mapping[str, str],
    options: Options,
    *,
    unless_deployed: bool = False,
) -> Outcome:
    """Deploy one app to one space, under its lock, and record the release once it is rolled out."""
    given = values(request, app, space.name, built)
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
        if not verdict.outcome.passed:
            return verdict.outcome
        release = _release(request, app, built, who, verdict.restarts)
        releases.record(connection, given.namespace, app.name, release, found)
        reason = f"{app.name} {given.version} {verdict.outcome.reason}"
        return verdict.outcome._replace(reason=reason, details={"images": dict(built)})


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


def values(request: Request, app: App, space: str, built: Mapping[str, str]) -> manifests.Values:
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
