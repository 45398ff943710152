"""Nobody grants more than they have: what is asked of who writes a role, or binds one. Pure, given the roles.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from sandbox.api.access.authentication import User
from sandbox.api.access.authorization import Attributes, Roles, Rule, allowed, rules_for

GROUP = "rbac.authorization.k8s.io"
_PLURALS = {"Role": "roles", "ClusterRole": "clusterroles"}
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_FIELDS = (
    ("apiGroups", "APIGroups"),
    ("resources", "Resources"),
    ("nonResourceURLs", "NonResourceURLs"),
    ("resourceNames", "ResourceNames"),
    ("verbs", "Verbs"),
)
# What the garbage collector and server-side apply write: no grant.
_HOUSEKEEPING = ("ownerReferences", "finalizers", "managedFields", "resourceVersion", "generation")


class Escalation(Exception):
    """Somebody would grant what they have not; in the words of the real server."""


class NoSuchRole(Exception):
    """A role that is to be bound is not there."""


class Known(Roles, Protocol):
    """Roles of which it is known whether they are there."""

    def exists(self, kind: str, namespace: str, name: str) -> bool:
        """Whether there is such a Role or ClusterRole."""
        ...


def concerns(group: str, kind: str) -> bool:
    """Whether writing a kind of object may grant something."""
    return group == GROUP and (kind in _PLURALS or kind in _BINDINGS)


def check(
    user: User, new: Mapping[str, Any], old: Mapping[str, Any] | None, namespace: str, roles: Known
) -> None:
    """Raises Escalation or NoSuchRole unless the user may write this role or binding."""
    if "system:masters" in user.groups or (old is not None and _same(new, old)):
        return
    kind, name = str(new.get("kind")), str((new.get("metadata") or {}).get("name") or "")
    if kind in _PLURALS:
        if not allowed(user, Attributes("escalate", GROUP, _PLURALS[kind], "", namespace, name), roles):
            _confirm(user, new.get("rules") or (), namespace, roles)
        return
    reference = new.get("roleRef") or {}
    kind, name = str(reference.get("kind")), str(reference.get("name"))
    if kind not in _PLURALS or allowed(
        user, Attributes("bind", GROUP, _PLURALS[kind], "", namespace, name), roles
    ):
        return
    if not roles.exists(kind, namespace, name):
        raise NoSuchRole(name)
    _confirm(user, roles.rules(kind, namespace if kind == "Role" else "", name), namespace, roles)


def _confirm(user: User, wanted: Iterable[Rule], namespace: str, roles: Roles) -> None:
    own = list(rules_for(user, namespace, roles))
    missing = [rule for rule in _apart(wanted) if not any(_covers(each, rule) for each in own)]
    if missing:
        lines = "\n".join(sorted(map(_shown, _together(missing))))
        groups = _quoted(user.groups)
        what = "is attempting to grant RBAC permissions not currently held"
        raise Escalation(f'user "{user.name}" (groups={groups}) {what}:\n{lines}')


def _same(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    return _plain(new) == _plain(old)


def _plain(obj: Mapping[str, Any]) -> dict[str, Any]:
    metadata = obj.get("metadata") or {}
    kept = {key: value for key, value in metadata.items() if key not in _HOUSEKEEPING}
    return {**obj, "metadata": kept}


def _apart(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Rules of one verb on one resource, or one address, each."""
    for rule in rules:
        for verb in rule.get("verbs") or ():
            yield from (
                {"nonResourceURLs": [url], "verbs": [verb]} for url in rule.get("nonResourceURLs") or ()
            )
            for group in rule.get("apiGroups") or ():
                for resource in rule.get("resources") or ():
                    one = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                    names = rule.get("resourceNames") or ()
                    yield from ({**one, "resourceNames": [name]} for name in names)
                    if not names:
                        yield one


def _together(rules: Iterable[Rule]) -> list[Rule]:
    """The verbs of one resource in one rule; addresses stay apart."""
    found: dict[str, dict[str, Any]] = {}
    for rule in rules:
        about = {key: value for key, value in rule.items() if key != "verbs"}
        key = json.dumps(rule if "nonResourceURLs" in rule else about, sort_keys=True)
        found.setdefault(key, {**about, "verbs": []})["verbs"] += rule["verbs"]
    return list(found.values())


def _covers(own: Rule, wanted: Rule) -> bool:
    """Whether a rule allows all that another one, taken apart, does."""
    names, theirs = own.get("resourceNames") or (), wanted.get("resourceNames") or ()
    return (
        _has(own.get("verbs"), wanted["verbs"])
        and _has(own.get("apiGroups"), wanted.get("apiGroups"))
        and all(_reaches(own, each) for each in wanted.get("resources") or ())
        and all(_leads(own, each) for each in wanted.get("nonResourceURLs") or ())
        and (not names or (bool(theirs) and set(theirs) <= set(names)))
    )


def _has(own: Iterable[str] | None, wanted: Iterable[str] | None) -> bool:
    own = list(own or ())
    return "*" in own or set(wanted or ()) <= set(own)


def _reaches(own: Rule, resource: str) -> bool:
    resources = own.get("resources") or ()
    _, slash, subresource = resource.partition("/")
    return "*" in resources or resource in resources or bool(slash and f"*/{subresource}" in resources)


def _leads(own: Rule, path: str) -> bool:
    return any(
        each == path or (each.endswith("*") and path.startswith(each.rstrip("*")))
        for each in own.get("nonResourceURLs") or ()
    )


def _shown(rule: Rule) -> str:
    return "{" + ", ".join(f"{word}:{_quoted(rule[key])}" for key, word in _FIELDS if rule.get(key)) + "}"


def _quoted(words: Iterable[str]) -> str:
    return "[" + " ".join(json.dumps(word, ensure_ascii=False) for word in words) + "]"
