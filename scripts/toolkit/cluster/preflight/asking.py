"""Whether a deployment can work, asked before anything is written: all that is known to be wrong, at once.

Nothing here changes the cluster: objects are read, and written only as dry runs. The questions go side by
side: first about the namespace, then about each object, then about the pods that would be made.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from toolkit.base.outcome import Kind, Misused
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.preflight import growth, headroom, lookup, permissions, references
from toolkit.cluster.preflight.dryrun import DryRun, Tried
from toolkit.cluster.preflight.growth import Roll
from toolkit.cluster.preflight.problem import Problem, distinct
from toolkit.cluster.preflight.references import Found
from toolkit.cluster.release.scaling import autoscaled
from toolkit.objects.fields import text
from toolkit.objects.resources import Resource
from toolkit.settings.model import App, Cluster

Json = dict[str, Any]
Missing = Callable[[Iterable[str]], Mapping[str, str]]
Say = Callable[[str], None]

WORKERS = 8


def protected(cluster: Cluster, namespace: str) -> Problem | None:
    """Why apps.toml lets no deployment into a namespace, if so; asks nobody."""
    where = f"clusters.{cluster.name}.protected"
    for pattern in cluster.protected:
        if fnmatch.fnmatchcase(namespace, pattern):
            why = f'{where} in apps.toml names "{pattern}"'
            return lookup.barred(namespace, why, f"take it out of {where}")
    return None


def check(
    connection: Connection,
    app: App,
    namespace: str,
    found: Sequence[Json],
    *,
    coming: Sequence[Json] = (),
    images: Missing,
    force: bool = False,
    say: Say = lambda _: None,
) -> list[Problem]:
    """All problems of applying the objects `found` to a namespace, roots first; [] when none is known.

    coming: fixtures that will be created before them, where they are absent. images(references) answers with
    {reference: why it cannot be had}. With force, what belongs to other managers is taken over. say gets a
    line for each thing that could not be asked, which is no problem. Raises Failed when the cluster does not
    answer or refuses the credential.
    """
    barred = protected(connection.cluster, namespace)
    if barred:
        return [barred]
    used = references.images(found)
    fixtures = [obj for obj in coming if text(obj, "metadata", "namespace") == namespace]
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="preflight") as pool:
        pulled = pool.submit(images, list(used))
        scaled = pool.submit(autoscaled, connection, namespace, found)
        homeless = lookup.namespace(connection, namespace)
        problems = [homeless] if homeless else []
        if not homeless:
            dry = DryRun(connection, app.name, scaled=scaled.result(), force=force, say=say)
            problems = list(_Inside(connection, namespace, dry, pool).problems(found, fixtures))
        return distinct([*problems, *_not_pulled(used, pulled.result())])


def _not_pulled(used: Mapping[str, Sequence[str]], why: Mapping[str, str]) -> Iterator[Problem]:
    remedy = "build and push it (`make build`), or correct its name in the manifests"
    for image, users in used.items():
        if why.get(image):
            yield Problem(users[0], f"image {image}: {why[image]}", remedy)


class _Inside:
    """What is asked of a namespace that is there, and what the answers mean together."""

    def __init__(self, connection: Connection, namespace: str, dry: DryRun, pool: ThreadPoolExecutor) -> None:
        self.connection = connection
        self.namespace = namespace
        self.dry = dry
        self.pool = pool

    def problems(self, found: Sequence[Json], fixtures: Sequence[Json]) -> Iterator[Problem]:
        """Every problem, roots first."""
        quotas = self.pool.submit(lookup.listed, self.connection, self.namespace, "ResourceQuota")
        limits = self.pool.submit(lookup.listed, self.connection, self.namespace, "LimitRange")
        applying = [self.pool.submit(self.dry.apply, obj) for obj in found]
        creating = [self.pool.submit(self.dry.create, obj) for obj in fixtures]
        needed = references.references(found)
        elsewhere = self._elsewhere(needed, [*found, *fixtures])
        denied = self._denied(found, fixtures)
        applied, created = [each.result() for each in applying], [each.result() for each in creating]
        tried = [*applied, *created]
        if any(each.is_homeless for each in tried):
            yield lookup.missing_namespace(self.connection, self.namespace)
            return
        rolls = [
            Roll(each.made, each.live) for each in applied if each.made and growth.template_of(each.made)
        ]
        pods = self.pool.map(
            self._pod, [roll for roll in rolls if roll.is_renewed and text(roll.wanted, "kind") != "Pod"]
        )
        new = [(_counted(each.resource), each.obj) for each in tried if each.is_new and each.resource]
        short = self._short(quotas.result() or [], rolls, new, limits.result() or [])
        yield from _refused(tried, denied, short)
        yield from denied.values()
        yield from references.unmet(needed, elsewhere | _keys(applied, created), self.namespace)
        yield from _refused(list(pods), denied, short)
        yield from short

    def _short(
        self, quotas: list[Json], rolls: list[Roll], new: list[headroom.Counted], limits: list[Json]
    ) -> list[Problem]:
        """What the quotas have no room for; the pods are counted only when it matters which of them stay."""
        if not headroom.lacking(quotas, rolls, new, limits):
            return []
        pods = lookup.listed(self.connection, self.namespace, "Pod")
        return headroom.lacking(quotas, rolls, new, limits, pods)

    def _elsewhere(
        self, needed: Sequence[references.Reference], ours: Sequence[Json]
    ) -> dict[Found, frozenset[str] | None]:
        """What the pods need that this deployment does not bring."""
        mine = {_named(obj) for obj in ours}
        wanted = dict.fromkeys(each.found for each in needed if each.found not in mine)
        there: dict[Found, frozenset[str] | None] = {}
        for each in self.pool.map(self._look, wanted):
            there.update(each)
        return there

    def _look(self, found: Found) -> Mapping[Found, frozenset[str] | None]:
        return lookup.keys(self.connection, self.namespace, found, self.dry.say)

    def _pod(self, roll: Roll) -> Tried:
        tried = self.dry.pod(roll.wanted, growth.template_of(roll.wanted))
        grown = growth.of(roll)
        # Where old pods go before new ones come, those take the room that these have.
        return tried if not tried.is_short or (grown and grown.at_once) else Tried(roll.wanted)

    def _denied(self, found: Sequence[Json], fixtures: Sequence[Json]) -> dict[permissions.Which, Problem]:
        wanted = permissions.needed(self._served(found), self._served(fixtures))
        return permissions.lacking(self.connection, self.namespace, wanted, self.pool, self.dry.say)

    def _served(self, found: Sequence[Json]) -> list[Resource]:
        """The resources of these objects; what the cluster does not serve is left to the dry run."""
        kinds = dict.fromkeys((text(obj, "apiVersion"), text(obj, "kind")) for obj in found)
        resources = []
        for api_version, kind in kinds:
            try:
                resources.append(self.connection.resource(api_version, kind))
            except Misused:
                continue
        return resources


def _refused(
    tried: Sequence[Tried], denied: Mapping[permissions.Which, Problem], short: Sequence[Problem]
) -> list[Problem]:
    """What is wrong with single objects, other people's first; not again what permissions or quotas say."""
    found = [
        problem
        for each in tried
        if not (each.is_short and short)
        and not (each.is_denied and each.resource and permissions.which_of(each.resource) in denied)
        for problem in each.problems
    ]
    return sorted(found, key=lambda problem: problem.kind is not Kind.REFUSED)


def _keys(applied: Sequence[Tried], fixtures: Sequence[Tried]) -> dict[Found, frozenset[str] | None]:
    """What this deployment brings, with its keys. A fixture that is there already stays as it is."""
    known: dict[Found, frozenset[str] | None] = {
        _named(each.obj): references.keys_of(each.live or each.obj) for each in fixtures
    }
    for each in applied:
        there = references.keys_of(each.made or each.live)
        known[_named(each.obj)] = there | references.keys_of(each.obj)
    return known


def _named(obj: Json) -> Found:
    return text(obj, "kind"), text(obj, "metadata", "name")


def _counted(resource: Resource) -> str:
    """A kind as a quota counts it: "secrets", "deployments.apps"."""
    group, plural = permissions.which_of(resource)
    return f"{plural}.{group}" if group else plural
