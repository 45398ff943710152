"""What is asked of a namespace that is there, and what the answers mean together.

The questions go side by side: about each object, about what they refer to, about the pods that would be made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from toolkit.base.outcome import Kind, Misused
from toolkit.cluster.access.rights import Right
from toolkit.cluster.access.rules import Deed, allows
from toolkit.cluster.api.allowed import own_rules
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.preflight import databases, lookup, permissions
from toolkit.cluster.preflight.demands import NONE, Demands
from toolkit.cluster.preflight.dryrun import DryRun, Tried
from toolkit.cluster.preflight.quota import headroom
from toolkit.cluster.preflight.quota.growth import Roll, of
from toolkit.cluster.preflight.references import gathering, selectors
from toolkit.cluster.preflight.references.makers import Makers
from toolkit.cluster.preflight.references.reference import Reference
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.cluster.release import ordering
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, shown, text
from toolkit.objects.pods import is_idle, template_of
from toolkit.objects.resources import BUILT_IN, WIDE, WIDE_REMEDY, Key, Resource, is_a, key_of, key_to
from toolkit.settings.model import App

Json = dict[str, Any]
_ROOM = ("ResourceQuota", "LimitRange")
_VALUES = ("data", "stringData", "binaryData")


class Inside:
    """The questions about one app's objects in one namespace."""

    def __init__(
        self,
        connection: Connection,
        app: App,
        namespace: str,
        dry: DryRun,
        pool: ThreadPoolExecutor,
        suites: Sequence[Right] = (),
        demands: Demands = NONE,
    ) -> None:
        self.connection = connection
        self.app = app
        self.namespace = namespace
        self.dry = dry
        self.pool = pool
        self.suites = suites
        self.demands = demands

    def problems(self, found: Sequence[Json], coming: Sequence[Json]) -> Iterator[Problem]:
        """Every problem, roots first. What belongs to the whole cluster is refused, and asked no more."""
        wide = [obj for obj in found if self._is_wide(obj)]
        yield from (Problem(shown(obj), WIDE, WIDE_REMEDY, Kind.REFUSED) for obj in wide)
        found = [obj for obj in found if obj not in wide]
        fixtures = [obj for obj in coming if text(obj, "metadata", "namespace") == self.namespace]
        quotas = self.pool.submit(lookup.listed, self.connection, self.namespace, "ResourceQuota")
        limits = self.pool.submit(lookup.listed, self.connection, self.namespace, "LimitRange")
        applying = [self.pool.submit(self.dry.apply, obj) for obj in found]
        creating = [self.pool.submit(self.dry.create, obj) for obj in fixtures]
        needed = [*gathering.references(found, self.namespace), *self.demands.references]
        elsewhere = self._elsewhere(needed, [*found, *coming])
        served = self._served(found)
        wanted = permissions.needed(
            served, found, needed, self.namespace, fixtures=self._served(fixtures), suites=self.suites
        )
        refused = permissions.lacking(self.connection, self.namespace, wanted, self.pool, self.dry.say)
        applied, created = [each.result() for each in applying], [each.result() for each in creating]
        tried = [*applied, *created]
        if any(each.is_homeless for each in tried):
            yield lookup.missing_namespace(self.connection, self.namespace)
            return
        new_kinds = {permissions.which_of(each.resource) for each in tried if each.resource and not each.live}
        denied = permissions.problems(self.connection, self.namespace, refused, new_kinds.__contains__)
        if unforeseen := permissions.unforeseen(self.connection, self.namespace, refused):
            self.dry.say(unforeseen)
        rolls = [Roll(each.made, each.live) for each in applied if each.made and template_of(each.made)]
        renewed = [roll for roll in rolls if roll.is_renewed and not is_a(roll.wanted, "Pod")]
        pods = [*self.pool.map(self._pod, renewed)]
        new = [(_counted(each.resource), each.obj) for each in tried if each.is_new and each.resource]
        # A quota or limits among the objects are there before the pods are.
        rooms = [
            _renewed(kind, there.result() or [], applied)
            for kind, there in zip(_ROOM, (quotas, limits), strict=True)
        ]
        short = self._short(rooms[0], rolls, new, rooms[1])
        unbound = {_bound_by(each.obj, self.namespace) for each in applied if each.is_unbound}
        elsewhere |= {key: None for key in unbound if elsewhere.get(key) is None}
        ours = {
            text(each.obj, "metadata", "name") for each in applied if is_a(each.obj, "Role") and each.made
        }
        granted = permissions.granting(
            self.connection, self.namespace, refused, ours & {key.name for key in unbound}
        )
        unmet = self._unmet(
            needed, elsewhere | self._ours(applied, created, coming), applied, [*found, *coming]
        )
        if any(is_a(obj, *_ROOM) for obj in found):
            pods = [_unsure(each) for each in pods if not each.is_short]
        certainly = {which for which, rows in denied.items() if any(row.is_certain for row in rows)}
        yield from _refused(tried, certainly, short)
        yield from (problem for rows in denied.values() for problem in rows)
        yield from granted
        yield from unmet
        yield from databases.problems(found, elsewhere, self.namespace)
        yield from self._alone(found, coming)
        yield from _refused(pods, certainly, short)
        yield from short

    def _is_wide(self, obj: Json) -> bool:
        try:
            return ordering.is_wide(self.connection, obj)
        except Misused:
            return False  # not served: the dry run says so

    def _short(
        self, quotas: list[Json], rolls: list[Roll], new: list[headroom.Counted], limits: list[Json]
    ) -> list[Problem]:
        """What the quotas have no room for; the pods are counted only when it matters which of them stay."""
        if not headroom.lacking(quotas, rolls, new, limits):
            return []
        pods = lookup.listed(self.connection, self.namespace, "Pod")
        return headroom.lacking(quotas, rolls, new, limits, pods)

    def _elsewhere(self, needed: Sequence[Reference], ours: Sequence[Json]) -> dict[Key, Json | None]:
        """What the objects need that this deployment does not bring."""
        mine = {key_of(obj, self.namespace) for obj in ours} | {key_of(obj) for obj in ours}
        wanted: dict[Key, bool] = {}
        for each in needed:
            if each.to not in mine:
                wanted[each.to] = wanted.get(each.to, False) or each.is_certain
        there: dict[Key, Json | None] = {}
        for key in self._out_of_sight(wanted):
            del wanted[key]
        for answer in self.pool.map(lambda row: self._look(*row), wanted.items()):
            there.update(answer)
        return there

    def _out_of_sight(self, wanted: Iterable[Key]) -> list[Key]:
        """What is in namespaces that the credential may not look into; one line for each of these says so."""
        elsewhere: dict[str, list[Key]] = {}
        for key in wanted:
            if key.namespace not in ("", self.namespace):
                elsewhere.setdefault(key.namespace, []).append(key)
        hidden: list[Key] = []
        for namespace, keys in elsewhere.items():
            own = own_rules(self.connection, namespace)
            unseen = [key for key in keys if own.is_whole and not allows(own.rules, _reading(key))]
            hidden += unseen
            if unseen:
                names = ", ".join(key.shown for key in unseen)
                self.dry.say(
                    f"{namespace} may not be looked into: whether {names} are there could not be asked"
                )
        return hidden

    def _look(self, key: Key, is_certain: bool) -> Mapping[Key, Json | None]:
        """What could not be asked is said of what nothing works without."""
        return lookup.there(self.connection, key, self.dry.say if is_certain else lambda _: None)

    def _ours(
        self, applied: Sequence[Tried], fixtures: Sequence[Tried], coming: Sequence[Json]
    ) -> dict[Key, Json | None]:
        """What this deployment brings. A fixture that is there already stays as it is."""
        known: dict[Key, Json | None] = {key_of(obj): obj for obj in coming}
        known |= {key_of(each.obj, self.namespace): each.live or each.obj for each in fixtures}
        for each in applied:
            there = each.made or each.live or {}
            values = {part: {**mapping(there, part), **mapping(each.obj, part)} for part in _VALUES}
            known[key_of(each.obj, self.namespace)] = {**each.obj, **there, **values}
        return known

    def _unmet(
        self,
        needed: Sequence[Reference],
        there: Mapping[Key, Json | None],
        applied: Sequence[Tried],
        ours: Sequence[Json],
    ) -> list[Problem]:
        """What leads nowhere. Of a claim that has its volume the class does not matter any more."""
        settled = {shown(each.obj) for each in applied if _has_volumes(each.live, text(each.obj, "kind"))}
        matters = [each for each in needed if each.to.kind != "StorageClass" or each.by not in settled]
        unserved = [each.obj for each in applied if each.resource is None and each.problems]
        makers = Makers(obj for obj in ours if obj not in unserved)
        return gathering.unmet(matters, there, makers, self.demands.remedies)

    def _alone(self, found: Sequence[Json], coming: Sequence[Json]) -> list[Problem]:
        """What chooses no pods. Those that this app has now may go with the change; custom kinds make any."""
        alone = selectors.lonely(found, [*found, *coming])
        pods = lookup.listed(self.connection, self.namespace, "Pod") if alone else []
        if pods is None or (alone and Makers(found).are_unknown):
            alone, pods = [], []
        group = manifests.group_of(self.app.name)
        others = [pod for pod in pods if text(pod, "metadata", "labels", manifests.APP_GROUP) != group]
        return selectors.problems(found, alone, others, self.app.service_in(self.connection.space))

    def _pod(self, roll: Roll) -> Tried:
        tried = self.dry.pod(roll.wanted)
        if is_idle(roll.wanted):
            tried = _unsure(tried)
        grown = of(roll, least=True)
        # Where old pods go before new ones come, those take the room that these have.
        return tried if not tried.is_short or (grown and grown.at_once) else Tried(roll.wanted)

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
    tried: Sequence[Tried], denied: Collection[permissions.Which], short: Sequence[Problem]
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


def _reading(key: Key) -> Deed:
    plural = next(
        (each.plural for each in BUILT_IN.values() if each.kind == key.kind), key.kind.lower() + "s"
    )
    return Deed("get", key.group, plural, key.name)


def _bound_by(binding: Json, namespace: str) -> Key:
    key = key_to(mapping(binding, "roleRef"), namespace)
    return key if key.kind == "Role" else key._replace(namespace="")


def _unsure(tried: Tried) -> Tried:
    return replace(tried, problems=tuple(each._replace(is_certain=False) for each in tried.problems))


def _renewed(kind: str, there: Sequence[Json], applied: Sequence[Tried]) -> list[Json]:
    """The objects of a kind that there are, as they will be once these are applied."""
    mine = {
        text(each.obj, "metadata", "name"): {**each.obj, "status": mapping(each.live, "status")}
        for each in applied
        if is_a(each.obj, kind)
    }
    return [*(obj for obj in there if text(obj, "metadata", "name") not in mine), *mine.values()]


def _has_volumes(live: Json | None, kind: str) -> bool:
    return live is not None and (kind == "StatefulSet" or text(live, "status", "phase") == "Bound")


def _counted(resource: Resource) -> str:
    """A kind as a quota counts it: "secrets", "deployments.apps"."""
    group, plural = permissions.which_of(resource)
    return f"{plural}.{group}" if group else plural
