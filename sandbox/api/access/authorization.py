"""Role-based access control: may this user do that? Pure, given the role objects.

Rules: https://kubernetes.io/docs/reference/access-authn-authz/rbac/. Left out: aggregationRule (write the
rules out). That nobody grants more than they have is in escalation.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.api.access.authentication import User

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Attributes:
    """What somebody wants to do; `path` alone for a URL that is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """ "pods" or "pods/log"."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Roles(Protocol):
    """Where the role objects come from."""

    def bindings(self, namespace: str) -> Iterable[Mapping[str, Any]]:
        """RoleBindings of a namespace; ClusterRoleBindings for ""."""
        ...

    def rules(self, kind: str, namespace: str, name: str) -> list[Rule]:
        """The rules of a Role or ClusterRole; empty when it does not exist."""
        ...


def rules_for(user: User, namespace: str, roles: Roles) -> Iterator[Rule]:
    """Every rule that holds for the user in a namespace ("" for cluster-wide requests)."""
    for binding in roles.bindings(""):
        if _names(binding, user, ""):
            yield from roles.rules("ClusterRole", "", binding["roleRef"]["name"])
    if namespace:
        for binding in roles.bindings(namespace):
            if _names(binding, user, namespace):
                reference = binding["roleRef"]
                yield from roles.rules(reference["kind"], namespace, reference["name"])


def allowed(user: User, wanted: Attributes, roles: Roles) -> bool:
    """Whether any rule allows it; system:masters may do everything."""
    if "system:masters" in user.groups:
        return True
    return any(_allows(rule, wanted) for rule in rules_for(user, wanted.namespace, roles))


def refusal(user: User, wanted: Attributes) -> str:
    """Why not, in the words of the real server."""
    if wanted.path:
        return f'User "{user.name}" cannot {wanted.verb} path "{wanted.path}"'
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    what = f'cannot {wanted.verb} resource "{wanted.full_resource}" in API group "{wanted.group}"'
    return f'User "{user.name}" {what} {where}'


def _names(binding: Mapping[str, Any], user: User, namespace: str) -> bool:
    for subject in binding.get("subjects") or ():
        kind, name = subject["kind"], subject["name"]
        if kind == "User" and name == user.name:
            return True
        if kind == "Group" and name in user.groups:
            return True
        if kind == "ServiceAccount":
            account = f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
            if account == user.name:
                return True
    return False


def _allows(rule: Rule, wanted: Attributes) -> bool:
    if not _has(rule.get("verbs"), wanted.verb):
        return False
    if wanted.path:
        return any(_path_matches(pattern, wanted.path) for pattern in rule.get("nonResourceURLs") or ())
    if not _has(rule.get("apiGroups"), wanted.group):
        return False
    resources = rule.get("resources") or ()
    if not _has(resources, wanted.full_resource) and f"*/{wanted.subresource}" not in resources:
        return False
    names = rule.get("resourceNames") or ()
    return not names or wanted.name in names


def _has(values: Iterable[str] | None, value: str) -> bool:
    values = values or ()
    return "*" in values or value in values


def _path_matches(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
