"""The stored role objects as authorization.py wants them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.api.access.authorization import Rule
from sandbox.api.storage.store import Store
from sandbox.base.kinds import by_kind, the_kind

_GROUP = "rbac.authorization.k8s.io/v1"


class StoredRoles:
    """Roles and bindings, read from the store at every question: a change holds at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def bindings(self, namespace: str) -> Iterable[dict[str, Any]]:
        """RoleBindings of a namespace; ClusterRoleBindings for ""."""
        info = the_kind(_GROUP, "RoleBinding" if namespace else "ClusterRoleBinding")
        return [entry.object for entry in self._store.entries(info, namespace)]

    def exists(self, kind: str, namespace: str, name: str) -> bool:
        """Whether there is such a Role or ClusterRole."""
        info = the_kind(_GROUP, kind)
        return self._store.get(info, namespace if kind == "Role" else "", name) is not None

    def rules(self, kind: str, namespace: str, name: str) -> list[Rule]:
        """The rules of a Role or ClusterRole; empty when it does not exist."""
        info = by_kind(_GROUP, kind)
        if info is None:
            return []
        entry = self._store.get(info, namespace if kind == "Role" else "", name)
        return list(entry.object.get("rules") or ()) if entry else []
