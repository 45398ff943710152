"""One request with all that its handler needs, and the answers it can give."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.api.access import escalation
from sandbox.api.access.audit import Audit
from sandbox.api.access.authentication import Authenticator, User
from sandbox.api.access.rbac import StoredRoles
from sandbox.api.calls.paths import Target
from sandbox.api.calls.views import View
from sandbox.api.storage.store import Object, Store, encode
from sandbox.api.wire.negotiation import Form, form_of
from sandbox.api.wire.status import bad_request, forbidden, not_found
from sandbox.api.writing import decoding
from sandbox.api.writing.writes import Options, Registry
from sandbox.base.kinds import KindInfo

_OPTIONS = {"POST": "CreateOptions", "PATCH": "PatchOptions"}


@dataclass
class Cluster:
    """What all requests share. `token` is the admin's: the API shows it to the node when it fetches logs."""

    store: Store
    registry: Registry
    authenticator: Authenticator
    roles: StoredRoles
    key: bytes
    token: str
    bookmark_seconds: float
    session: aiohttp.ClientSession
    audit: Audit = field(default_factory=Audit.wanted)
    stopping: bool = False
    watches: set[asyncio.Event] = field(default_factory=set)

    def stop(self) -> None:
        """Ends every stream; what is answered at once still is."""
        self.stopping = True
        for wake in self.watches:
            wake.set()


@dataclass(frozen=True)
class Call:
    """One authenticated and authorized request for a resource."""

    cluster: Cluster
    request: web.Request
    user: User
    target: Target
    view: View | None = None

    @property
    def query(self) -> Mapping[str, str]:
        """The first value of each query parameter."""
        return self.request.query

    @property
    def form(self) -> Form:
        """Object, table or metadata, as the Accept header asks; 406 when none of them."""
        return form_of(self.request.headers.get("Accept", ""))

    def flag(self, name: str) -> bool:
        """A boolean query parameter; 400 when it is neither."""
        text = self.query.get(name, "").lower()
        if text not in ("", "0", "false", "1", "true"):
            raise bad_request(f'{name}: "{text}" is neither true nor false')
        return text in ("1", "true")

    def number(self, name: str) -> int | None:
        """A whole, non-negative query parameter; None when absent, 400 when it is not one."""
        text = self.query.get(name, "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            raise bad_request(f'{name}: Invalid value: "{text}": must be a non-negative number')
        return int(text)

    async def body(self, accepted: Iterable[str] = decoding.ACCEPTED) -> Any:
        """The parsed body, as it came: of a patch it is no object, which `view` could turn."""
        return decoding.parse(
            await self.request.read(), self.request.headers.get("Content-Type", ""), accepted
        )

    async def object(self) -> Any:
        """The parsed body of a write, in the version that is kept."""
        body = await self.body()
        return self.view.inward(body) if self.view else body

    def options(self) -> Options:
        """How to write. The manager is the client's name, as upstream takes it from the User-Agent."""
        agent = self.request.headers.get("User-Agent", "").split("/")[0]
        agent = "".join(character for character in agent if character.isprintable())[:128] or "unknown"
        kind = _OPTIONS.get(self.request.method, "UpdateOptions")
        force = self.flag("force") if "force" in self.query else None
        return Options(
            manager=self.query.get("fieldManager") or agent,
            dry_run=decoding.dry_run(self.request.query.getall("dryRun", []), kind),
            field_validation=decoding.field_validation(self.query, kind),
            force=force,
            guard=self._guard,
        )

    def _guard(self, info: KindInfo, namespace: str, new: Object, old: Object | None) -> None:
        """Nobody grants more than they have: 403; and nothing that is not there: 404."""
        if not escalation.concerns(info.group, info.kind):
            return
        try:
            escalation.check(self.user, new, old, namespace, self.cluster.roles)
        except escalation.Escalation as error:
            raise forbidden(info, new["metadata"].get("name", ""), str(error)) from None
        except escalation.NoSuchRole:
            # Upstream tells of whatever is not there as if it were the object that is written.
            raise not_found(info, new["metadata"].get("name", "")) from None


def answer(body: Any, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
    """A JSON answer; `body` is bytes that are JSON, or anything that can be. Warnings as RFC 7234 headers."""
    data = body if isinstance(body, bytes) else encode(body)
    response = web.Response(body=data, status=status, content_type="application/json")
    for text in warnings:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response
