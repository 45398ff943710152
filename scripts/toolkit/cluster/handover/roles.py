"""The least Role per namespace with which an app's stages work, and who gets it, as objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from toolkit.cluster.access import reach
from toolkit.cluster.access.rights import Right, of_restart, of_suites, together
from toolkit.cluster.handover.rendering import rendered, values
from toolkit.cluster.preflight import demands, permissions
from toolkit.cluster.preflight.references import gathering
from toolkit.cluster.release import provision
from toolkit.objects.fields import text
from toolkit.objects.resources import BUILT_IN, Resource
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster, Place, Where

Json = dict[str, Any]
_RBAC = "rbac.authorization.k8s.io"
_SHARED = "form-builder-deployer"


class Granted:
    """What one app's credentials must be allowed in the places that were asked for.

    Raises Misused when its templates cannot be rendered.
    """

    def __init__(self, config: Config, cluster: Cluster, app: App, places: Sequence[Place]) -> None:
        self.cluster = cluster
        self.app = app
        self.rights: dict[str, list[Right]] = {}
        self.guessed: dict[str, str] = {}
        self._holders: dict[str, list[Where]] = {}
        self._homes: dict[tuple[str, ...], Where] = {}
        for place in places:
            for space in app.spaces_in(place):
                self._of_space(config, place, space)
            for where in reach.wheres(config, app, place):
                self._homes.setdefault(cluster.credential(where), where)
                self._holders.setdefault(where.namespace, []).append(where)

    def _of_space(self, config: Config, place: Place, space: str) -> None:
        environment, home = place.environment.name, self.app.namespace_in(space)
        found = rendered(self.app, space, environment)
        fixtures = provision.described(self.app, values(self.app, space, environment))
        asked = demands.of(config, self.app, place, space, fixtures)
        needed = [*gathering.references(found, home), *asked.references]
        own = permissions.needed(self._resources(found), found, needed, home)
        self.rights.setdefault(home, []).extend([*own, *of_restart(self.app)])
        for namespace, rights in of_suites(config, self.app, environment, space).items():
            self.rights.setdefault(namespace, []).extend(rights)

    def _resources(self, found: Iterable[Json]) -> list[Resource]:
        """Where the kinds of these objects live; the plural of a custom one is what most are called."""
        kinds = dict.fromkeys((text(obj, "apiVersion"), text(obj, "kind")) for obj in found)
        return [BUILT_IN.get(each) or self._guess(*each) for each in kinds]

    def _guess(self, api_version: str, kind: str) -> Resource:
        name = kind.lower()
        plural = name[:-1] + "ies" if name.endswith("y") else name + ("es" if name[-1] in "sx" else "s")
        self.guessed[kind] = plural
        return Resource(api_version, kind, plural)

    def holder(self, where: Where) -> tuple[str, str]:
        """Namespace and name of the ServiceAccount whose token a variable holds."""
        token = self.cluster.token.env if self.cluster.token else ""
        home = self._homes[self.cluster.credential(where)]
        return home.namespace, f"fb-{where.app}-deployer" if "{APP}" in token else _SHARED

    def tokens(self) -> list[tuple[str, str, str]]:
        """(namespace, ServiceAccount, the variable that its token goes into), each once."""
        ref = self.cluster.token
        found = [
            (*self.holder(where), ref.name(where) if ref else "")
            for wheres in self._holders.values()
            for where in wheres
        ]
        return list(dict.fromkeys(found))

    def objects(self) -> list[Json]:
        """ServiceAccounts, Roles and RoleBindings, by namespace."""
        accounts = [_obj("v1", "ServiceAccount", namespace, name) for namespace, name, _ in self.tokens()]
        name = f"fb-{self.app.name}-deployer"
        bound: list[Json] = []
        for namespace, rights in self.rights.items():
            subjects = dict.fromkeys(map(self.holder, self._holders[namespace]))
            bound.append({**_obj(f"{_RBAC}/v1", "Role", namespace, name), "rules": rules(rights)})
            bound.append(
                {
                    **_obj(f"{_RBAC}/v1", "RoleBinding", namespace, name),
                    "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
                    "subjects": [
                        {"kind": "ServiceAccount", "name": account, "namespace": home}
                        for home, account in subjects
                    ],
                }
            )
        return [
            *{(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in accounts}.values(),
            *bound,
        ]


def rules(rights: Iterable[Right]) -> list[Json]:
    """Rights as the rules of a Role: few, and in an order that does not change."""
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for right in together(rights):
        verbs.setdefault((right.group, right.resource, right.name), []).extend(right.verbs)
    named: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), each in verbs.items():
        named.setdefault((group, resource, tuple(_in_order(each))), []).append(name)
    rows: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (group, resource, few), names in named.items():
        rows.setdefault((group, few, tuple(sorted(names))), []).append(resource)
    ordered = sorted(rows.items(), key=lambda row: (row[0][0], row[1], row[0]))
    return [_rule(*key, sorted(resources)) for key, resources in ordered]


def _rule(group: str, verbs: Sequence[str], names: Sequence[str], resources: Sequence[str]) -> Json:
    rule: Json = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    return rule if "" in names else {**rule, "resourceNames": list(names)}


_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "bind")


def _in_order(verbs: Iterable[str]) -> list[str]:
    order = {verb: place for place, verb in enumerate(_VERBS)}
    return sorted(dict.fromkeys(verbs), key=lambda verb: (order.get(verb, len(order)), verb))


def _obj(api_version: str, kind: str, namespace: str, name: str) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
