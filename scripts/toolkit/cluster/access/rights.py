"""What an app's credentials must be allowed, a row a right: `make role` prints it, the preflight asks. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from toolkit.cluster.access import reach
from toolkit.cluster.access.rules import Deed, beyond
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.resources import Key, Resource, built_in, group_of, is_a, is_own_group
from toolkit.settings.config import Config
from toolkit.settings.model import App

Json = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"


class Right(NamedTuple):
    """Verbs on a resource ("pods/log") of an API group; name: on that object only.

    spared: what a deployment goes without where it is not granted, as the rest of a sentence; "" for what
    nothing works without. is_foresight: that only less is known beforehand. is_of_manifests: what is needed
    to apply an object, which may be there already. grants: the Role among the objects that grants the same.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    name: str = ""
    spared: str = ""
    is_foresight: bool = False
    is_of_manifests: bool = False
    grants: str = ""

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """A question for each verb."""
        return tuple(Deed(verb, self.group, self.resource, self.name) for verb in self.verbs)


_SEES_LESS = "less is seen of what runs there"
_PROTECTED = "whether the namespace is protected, or on its way out, is not seen"
_ROOM = "what quotas and limits have room for is not foreseen"
_LARGE = "the parts of large releases are not tidied up"
_REFERRED = "whether it is there is not foreseen"
_SENDS = "its suites may only read"

# What every app's stages do in its namespace, whatever its manifests are.
ALWAYS: tuple[Right, ...] = (
    Right("", "pods", ("get", "list", "watch")),
    Right("", "namespaces", ("get",), "", _PROTECTED, True),
    Right("", "pods", ("create",), "", "whether its pods would be admitted is not foreseen", True),
    Right("", "pods/log", ("get",), spared="verdicts come without the last words of a container"),
    Right("", "pods/proxy", ("get",)),
    Right("", "services/proxy", ("get",)),
    Right("", "services", ("get",)),
    Right("", "events", ("list", "watch")),
    Right("apps", "replicasets", ("list", "watch")),
    Right("coordination.k8s.io", "leases", ("get", "create", "update", "delete")),
    Right("", "configmaps", ("get", "create", "update")),
    Right("", "configmaps", ("list", "delete"), "", _LARGE, True),
    Right("apps", "deployments", ("list",), "", _SEES_LESS, True),
    Right("apps", "statefulsets", ("list",), "", _SEES_LESS, True),
    Right("apps", "daemonsets", ("list",), "", _SEES_LESS, True),
    Right("batch", "jobs", ("list",), "", _SEES_LESS, True),
    Right(
        "discovery.k8s.io", "endpointslices", ("list",), "", "who stands behind a Service is not seen", True
    ),
    Right("", "services", ("list",), "", _SEES_LESS, True),
    Right("", "resourcequotas", ("list",), "", _ROOM, True),
    Right("", "limitranges", ("list",), "", _ROOM, True),
    Right("autoscaling", "horizontalpodautoscalers", ("list",), "", "autoscalers are not seen", True),
)
# Of each kind that the manifests have.
_APPLIED = ("create", "patch")
_ASKED = ("get", "list", "delete")
_FOLLOWED = ("Deployment", "StatefulSet", "DaemonSet", "Job")
# Nothing is followed of these after they were applied.
_DATA = (
    *("ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "NetworkPolicy"),
    *("ResourceQuota", "LimitRange", "Lease", "Endpoints", "EndpointSlice"),
)


def of_manifests(resources: Iterable[Resource]) -> Iterator[Right]:
    """What is done to the kinds of an app's own objects: applied, followed, and taken out again."""
    for each in resources:
        where = group_of(each.api_version), each.plural
        followed = each.kind in _FOLLOWED
        yield Right(*where, _APPLIED, is_of_manifests=True)
        if followed:
            yield Right(*where, ("get", "list", "watch"))
        elif not (is_own_group(where[0]) and each.kind in _DATA):
            yield Right(*where, ("watch",), "", f"what becomes of its {each.plural} is not seen", True)
        less = "what is another's is not seen, and what left the templates stays"
        yield Right(*where, tuple(verb for verb in _ASKED if not followed or verb == "delete"), spared=less)


def of_restart(app: App) -> Iterator[Right]:
    """What is done to workloads that somebody else made, where an app is a restart of these."""
    for kind in app.restart.kinds if app.restart else ():
        each = built_in(kind)
        yield Right(group_of(each.api_version), each.plural, ("get", "list", "watch", "patch"))


def of_fixtures(resources: Iterable[Resource]) -> Iterator[Right]:
    """What is done to the kinds of the fixtures of a cluster that is provisioned."""
    return (Right(group_of(each.api_version), each.plural, ("get", "create")) for each in resources)


def of_references(keys: Iterable[Key], namespace: str) -> Iterator[Right]:
    """What objects refer to by name and do not bring along: that it is there is looked at."""
    for key in keys:
        if key.namespace == namespace and (resource := _known(key)):
            yield Right(key.group, resource.plural, ("get",), key.name, _REFERRED, True)


def of_roles(found: Iterable[Json]) -> Iterator[Right]:
    """Nobody may grant more than they have: what the Roles among the objects grant, and the leave to bind
    those that are not among them."""
    known = list(found)
    roles = [obj for obj in known if is_a(obj, "Role")]
    own = {text(obj, "metadata", "name") for obj in roles}
    for role in roles:
        for deed in beyond([], objects(role, "rules")):
            if not deed.path:
                name = text(role, "metadata", "name")
                yield Right(deed.group, deed.resource, (deed.verb,), deed.name, grants=name)
    for binding in known:
        to = mapping(binding, "roleRef")
        kind, name = text(to, "kind"), text(to, "name")
        if is_a(binding, "RoleBinding") and name and not (kind == "Role" and name in own):
            yield Right(
                RBAC, built_in(kind).plural if kind in ("Role", "ClusterRole") else "", ("bind",), name
            )


def of_suites(config: Config, app: App, environment: str, space: str) -> dict[str, list[Right]]:
    """What the suites of an app need, by namespace: Secrets to tell them, and the way to the apps that they
    talk to."""
    found: dict[str, list[Right]] = {}
    for secret in reach.told(app, environment, space):
        found.setdefault(secret.namespace, []).append(Right("", "secrets", ("get",), secret.secret))
    for each in reach.spoken(config, app, environment, space):
        rights = found.setdefault(each.app.namespace_in(each.space), [])
        service = each.app.service_in(each.space)
        rights.append(Right("", "services", ("get",), service))
        if each.sends:
            port = "" if each.beside else f"{service}:{each.app.port}"
            rights.append(Right("", "services/proxy", ("get",), port))
            sends = ("create", "update", "patch", "delete")
            rights.append(Right("", "services/proxy", sends, port, spared=_SENDS))
    return found


def together(rights: Iterable[Right]) -> list[Right]:
    """Each verb once: not for one object where it is for all, not as spared where it is needed."""
    best: dict[Deed, Right] = {}
    for right in rights:
        for deed in right.deeds:
            before = best.get(deed)
            if before is None or _weight(right) > _weight(before):
                best[deed] = right
    whole = {deed for deed in best if not deed.name}
    merged: dict[Right, list[str]] = {}
    for deed, right in best.items():
        everywhere = deed._replace(name="")
        if deed.name and everywhere in whole and _weight(best[everywhere]) >= _weight(right):
            continue
        merged.setdefault(right._replace(verbs=()), []).append(deed.verb)
    return [right._replace(verbs=tuple(dict.fromkeys(verbs))) for right, verbs in merged.items()]


def _weight(right: Right) -> int:
    """How much depends on it: less is known, less is done, an object is not made, nothing works."""
    if right.spared:
        return 0 if right.is_foresight else 1
    return 2 if right.is_of_manifests or right.grants else 3


def _known(key: Key) -> Resource | None:
    try:
        found = built_in(key.kind)
    except KeyError:
        return None
    return found if found.namespaced and group_of(found.api_version) == key.group else None
