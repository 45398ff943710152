"""Deploying one app to one space: lock, fixtures, record, apply in order, verdict, recovery."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolkit.base.outcome import Interrupted, Misused, Outcome, PipelineError
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.api.errors import ApiError, Unreachable
from toolkit.cluster.diagnosis import pods
from toolkit.cluster.release import lock, ordering, provision, prune, releases
from toolkit.cluster.release.releases import Release
from toolkit.cluster.serving import capabilities
from toolkit.cluster.standing import adoption, configuration
from toolkit.cluster.verdict.rollout import Verdict
from toolkit.deploying import backing_off, change, recovery, settling
from toolkit.deploying.site import Site
from toolkit.objects import manifests
from toolkit.settings import needed
from toolkit.settings.model import App
from toolkit.settings.request import Request, version

Json = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """How to deploy: seconds to wait for the lock, and for our turn; whether to take over fields of other
    managers, to deploy a version that is held, to restart pods that need not, and to look before anything is
    written; how many seconds new pods must last after they are ready."""

    lock_wait: float = 300.0
    take_over: bool = False
    insist: bool = False
    restarting: bool = False
    preflight: bool = True
    settle: float = 5.0
    turn_wait: float = 600.0


def deploy(
    request: Request,
    app: App,
    space: Space,
    built: Mapping[str, str],
    options: Options,
    *,
    unless_deployed: bool = False,
) -> Outcome:
    """Deploy one app to one space, under its lock; a release that fails is recovered from under it too."""
    connection = connected(request, app, space)
    given = values(request, app, space.name, built, connection)
    found = change.wanted(connection, app, given)
    who = request.source.author or lock.somebody()
    with lock.held(
        connection, given.namespace, app.name, run=request.run, who=who, space=space, wait=options.lock_wait
    ) as held:
        if unless_deployed and provision.is_deployed(connection, app, space.name):
            return Outcome(reason=f"{app.name} is there")
        site = Site(request, app, space, connection, held)
        _tell_what_was_cut_short(site)
        if app.restart:  # what was there before the lock was ours may be another's work by now
            found = change.wanted(connection, app, given)
        ordering.check_kinds(connection, found)
        if request.cluster.provision and not app.restart:
            provision.fixtures(connection, app, given, space)
        if not app.restart:
            found = configuration.with_stamps(connection, given.namespace, found, space.say)
        _take_note(site, request, found)
        if options.take_over and not app.restart and (taken := adoption.take_over(connection, found)):
            space.say(f"taken over from kubectl or Helm, field by field: {', '.join(taken)}")
        there = change.pods_there(site.connection, app, given.namespace)
        was = backing_off.before(connection, there, found)
        made = _release(request, app, built, who, pods.counts(there))
        before = releases.current(connection, given.namespace, app.name)
        release = releases.begin(connection, given.namespace, app.name, made, found)
        if release.unkept:
            space.say(f"warning: {release.version} cannot be gone back to later: {release.unkept}")
        space.say(f"applying {len(found)} objects of {app.name} {given.version} to {given.namespace}")
        return _go(site, release, before, found, options, was, is_known=release.id != made.id)


def _go(
    site: Site,
    release: Release,
    before: Release | None,
    found: Sequence[Json],
    options: Options,
    was: backing_off.Before,
    *,
    is_known: bool,
) -> Outcome:
    """From the first write to the end, whatever that is. is_known: the very same thing is there already."""
    connection, namespace, app, space = site.connection, site.namespace, site.app, site.space
    try:
        verdict = change.put(
            connection,
            app,
            namespace,
            found,
            space,
            site.held,
            force=options.take_over,
            restarting=options.restarting,
            was=was,
        )
        if verdict.outcome.passed and app.name == site.request.app.name:
            outcome = settling.settle(site, verdict, dict(release.restarts), found, options.settle)
            verdict = replace(verdict, outcome=outcome)
    except Interrupted:
        with contextlib.suppress(PipelineError):
            releases.finish(connection, namespace, app.name, release.id, releases.CUT_SHORT)
        raise
    except PipelineError as error:
        with contextlib.suppress(ApiError, Unreachable):  # what is left to do asks again before it writes
            site.held.assure()  # whoever has the lock now decides what becomes of this
        if error.unchanged and (before is None or before.state == releases.DEPLOYED):
            space.say(f"{error.kind}: {error.reason}")
            return recovery.after_refusal(site, release, before, error.outcome)
        verdict = Verdict(error.outcome, {})
    if not verdict.outcome.passed:
        space.say(f"{verdict.outcome.kind}: {verdict.outcome.reason}")
        return recovery.after_failure(site, release, verdict.outcome, verdict.scene)
    gone = (
        []
        if is_known or app.restart
        else prune.prune(
            connection, prune.leftovers(connection, namespace, app.name, found, space.say), space
        )
    )
    releases.finish(connection, namespace, app.name, release.id, releases.DEPLOYED, restarts=verdict.restarts)
    reason = f"{app.name} {release.version} {verdict.outcome.reason}"
    pruned = {"pruned": gone} if gone else {}
    details = {**verdict.outcome.details, "images": dict(release.images), **pruned}
    return verdict.outcome._replace(reason=reason, details=details)


def _take_note(site: Site, request: Request, wanted: Sequence[Json]) -> None:
    """What serves before the first release can be gone back to, though it was never verified."""
    connection, namespace, app = site.connection, site.namespace, site.app
    if releases.current(connection, namespace, app.name) is not None:
        return
    if app.restart:  # each goes back to what it was, which is written beside what is to become of it
        found, who = list(wanted), "somebody else"
        images: Mapping[str, str] = {}
    else:
        found, who = adoption.found_there(connection, app.name, wanted)
        images = adoption.images(found)
    if not found:
        return
    made = replace(
        _release(request, app, images, who, {}),
        version=adoption.VERSION,
        commit="",
        branch="",
    )
    made = replace(made, id=releases.new_id(made.version, made.at), run="")
    releases.adopt(connection, namespace, app.name, made, found)
    site.space.say(f"what runs there (by {who}) is on record as {made.version}: it can be gone back to")


def _tell_what_was_cut_short(site: Site) -> None:
    """The lock is ours, so a deployment that is on record as going on was killed."""
    before = releases.current(site.connection, site.namespace, site.app.name)
    if before is None or before.state not in (releases.DEPLOYING, releases.CUT_SHORT):
        return
    what = f"rollback to {before.version}" if before.back_from else f"deployment of {before.version}"
    run = f" in run {before.run}" if before.run else ""
    site.space.say(f"the {what} by {before.by}{run} was cut short: going on from what is there")


_connections: dict[tuple[str, ...], Connection] = {}


def connected(request: Request, app: App, space: Space) -> Connection:
    """A connection to a space; the app's namespace is made where the cluster provisions.

    A process asks once: each connection costs a handshake and questions of its own.
    """
    namespace = app.namespace_in(space.name)
    where = app.where(space.name)
    key = (str(request.root), request.cluster.name, namespace, *request.cluster.credential(where))
    if key not in _connections:
        if request.cluster.provision:
            connection = connect(request.cluster, where, request.root)
            provision.namespace(connection, namespace, space)
        else:
            connection = connect(request.cluster, where, request.root, namespace=namespace)
        _connections[key] = connection
    return _connections[key]


def values(
    request: Request,
    app: App,
    space: str,
    built: Mapping[str, str],
    connection: Connection | None = None,
) -> manifests.Values:
    """What the app's templates may say in a space; what the cluster is, where there is a connection to it.

    Raises Misused when an image was not built.
    """
    if app.images and set(app.images) - set(built):
        raise Misused(f"{app.name}: no image was built for {', '.join(sorted(set(app.images) - set(built)))}")
    source = request.source_of(app)
    return manifests.values(
        app,
        space,
        request.environment,
        built,
        version=version(source),
        commit=source.commit,
        provision=request.cluster.provision,
        **(
            {"capabilities": capabilities.of(connection)}
            if connection and manifests.asks_cluster(app)
            else {}
        ),
    )


def _release(
    request: Request, app: App, built: Mapping[str, str], who: str, baseline: Mapping[str, int]
) -> Release:
    at, source = releases.now(), request.source_of(app)
    return Release(
        id=releases.new_id(version(source), at),
        version=version(source),
        commit=source.commit,
        branch=source.branch,
        by=who,
        at=at,
        run=request.run,
        images=dict(built),
        needed=_needed(request, app),
        restarts=baseline,
    )


def _needed(request: Request, app: App) -> tuple[str, ...]:
    assert request.place is not None  # noqa: S101
    return needed.checks(app, request.place.environment)
