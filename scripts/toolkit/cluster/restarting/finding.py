"""The workloads that a restart is about, found by their labels, and what is to become of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.base.outcome import Failed, Misused
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.diagnosis import progress
from toolkit.cluster.release import releases
from toolkit.cluster.release.releases import Release
from toolkit.cluster.restarting import partials
from toolkit.cluster.standing import ill
from toolkit.objects.fields import at, name
from toolkit.objects.manifests import Values
from toolkit.objects.resources import Key, built_in, key_of
from toolkit.settings.apps.restarts import Restart
from toolkit.settings.model import App

Json = dict[str, Any]


def live(connection: Connection, restart: Restart, namespace: str) -> list[Json]:
    """The workloads that carry the labels and are not on their way out, by kind and name."""
    found: list[Json] = []
    for kind in restart.kinds:
        path = built_in(kind).path(namespace)
        items = connection.list(path, labelSelector=restart.selector)["items"]
        there = [{**each, "kind": kind} for each in items if not at(each, "metadata", "deletionTimestamp")]
        found += sorted(there, key=name)
    return found


def wanted(connection: Connection, app: App, given: Values) -> list[Json]:
    """A partial object for each workload. Raises Failed for none, Misused for misfits."""
    restart = app.restart
    assert restart is not None  # noqa: S101
    found, wrong = [], []
    image = given.images[restart.image] if restart.image else ""
    for obj in live(connection, restart, given.namespace):
        try:
            made = partials.partial(obj, restart, image, given.version)
            found.append(made if progress.stands(obj) else partials.annotated(made, ill.MARK, "true"))
        except Misused as error:
            wrong.append(error.reason)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise Misused(
            f"{wrong[0]}{more}",
            remedy=f"set `container`, or narrow `selector`, in `restart` of [apps.{app.name}] in apps.toml",
            evidence=wrong,
        )
    if not found:
        kinds = ", ".join(restart.kinds)
        named = ",".join(restart.kinds).lower()
        raise Failed(
            f"{given.namespace} has no {kinds} with {restart.selector}: there is nothing to restart",
            remedy=f"kubectl --namespace {given.namespace} get {named} --show-labels",
        )
    return _remembered(connection, app, given.namespace, found)


def _remembered(connection: Connection, app: App, namespace: str, found: list[Json]) -> list[Json]:
    """The same release again keeps what was before it: what it has set itself is not that."""
    current = releases.current(connection, namespace, app.name)
    if current is None or current.content != releases.content_of(found):
        return found
    kept = releases.objects_of(connection, namespace, app.name, current) or []
    was = {key_of(each): partials.before(each) for each in kept}
    return [
        partials.remembering(each, was.get(key_of(each)) or partials.before(each))
        if partials.before(each) == partials.state(each, each)
        else each
        for each in found
    ]


def going_back(
    connection: Connection,
    app: App,
    namespace: str,
    known: Sequence[Release],
    undoing: Release,
    target: Release,
) -> list[Json]:
    """What undoes all releases after the target: what still has what they set gets back what it had.
    What its maker has changed since is left alone, as is what was never touched."""
    ids = [each.id for each in known]
    first, last = ids.index(undoing.id), ids.index(target.id) if target.id in ids else len(ids)
    was: dict[Key, dict[str, str]] = {}
    set_: dict[Key, list[Json]] = {}
    for release in known[first:last]:
        for each in releases.objects_of(connection, namespace, app.name, release) or []:
            set_.setdefault(key_of(each), []).append(each)
            was[key_of(each)] = partials.before(each) or was.get(key_of(each), {})
    restart = app.restart
    assert restart is not None  # noqa: S101
    found = []
    for obj in live(connection, restart, namespace):
        key = key_of({**obj, "apiVersion": "apps/v1"}, namespace)
        mine = next((each for each in set_.get(key, []) if partials.is_there(obj, each)), None)
        if mine and was[key] and was[key] != partials.state(obj, mine):
            found.append(partials.back(obj, mine, was[key]))
    return found
