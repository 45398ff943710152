"""Who is asking: a bearer token to a user."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.api.access.tokens import verify
from sandbox.api.storage.store import Store
from sandbox.base.kinds import KindInfo, the_kind

SERVICE_ACCOUNT = the_kind("v1", "ServiceAccount")
POD = the_kind("v1", "Pod")


@dataclass(frozen=True)
class User:
    """A name and the groups that RBAC subjects can name."""

    name: str
    groups: tuple[str, ...]
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)

    def info(self) -> dict[str, object]:
        """authentication.k8s.io/v1 UserInfo."""
        info = {"username": self.name, "uid": self.uid, "groups": list(self.groups), "extra": self.extra}
        return {key: value for key, value in info.items() if value}


ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))


def impersonated(name: str, groups: Sequence[str]) -> User:
    """A user as Impersonate-User and Impersonate-Group name it; a ServiceAccount brings its own groups."""
    if not groups and name.startswith("system:serviceaccount:") and name.count(":") == 3:
        groups = _groups(name.split(":")[2])
    return User(name, tuple(dict.fromkeys([*groups, "system:authenticated"])))


def _groups(namespace: str) -> tuple[str, ...]:
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")


class Authenticator:
    """Knows the admin's token and this cluster's ServiceAccount tokens."""

    def __init__(self, store: Store, admin_token: str, key: bytes) -> None:
        self._store = store
        self._admin_token = admin_token.encode()
        self._key = key

    def authenticate(self, authorization: str) -> User | None:
        """The user behind an Authorization header; None when it is missing or not accepted (401)."""
        scheme, _, token = authorization.partition(" ")
        return self.user(token.strip()) if scheme.lower() == "bearer" else None

    def user(self, token: str) -> User | None:
        """The user behind a token; a ServiceAccount's is void once the account (or its pod) is gone."""
        if hmac.compare_digest(token.encode(errors="surrogateescape"), self._admin_token):
            return ADMIN
        claims = verify(self._key, token, time.time())
        if claims is None:
            return None
        reference = claims["kubernetes.io"]
        namespace, account = reference["namespace"], reference["serviceaccount"]
        if not self._exists(SERVICE_ACCOUNT, namespace, account):
            return None
        if "pod" in reference and not self._exists(POD, namespace, reference["pod"]):
            return None
        return User(claims["sub"], _groups(namespace), account["uid"])

    def _exists(self, info: KindInfo, namespace: str, reference: dict[str, str]) -> bool:
        entry = self._store.get(info, namespace, reference["name"])
        return entry is not None and reference["uid"] in ("", entry.object["metadata"]["uid"])
