"""The API server as a whole: opens the state, listens on two ports, stops cleanly."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from sandbox.api.access.authentication import Authenticator
from sandbox.api.access.certificates import Certificates, certificates
from sandbox.api.access.rbac import StoredRoles
from sandbox.api.access.tokens import signing_key
from sandbox.api.admission.addresses import ClusterAddresses
from sandbox.api.admission.chain import SERVICE, Admission
from sandbox.api.calls.call import Cluster
from sandbox.api.calls.proxy import LARGEST_HEADER, client_session
from sandbox.api.defaults.strategies import prepare_create
from sandbox.api.routes import LARGEST_BODY, handler
from sandbox.api.storage import bootstrap, retention
from sandbox.api.storage.database import Database, StateError
from sandbox.api.storage.store import Store
from sandbox.api.writing.definitions import Definitions
from sandbox.api.writing.writes import Registry, timestamp
from sandbox.base.kinds import the_kind

log = logging.getLogger(__name__)


class AddressTaken(StateError):
    """Somebody else listens on the address and port that this sandbox wants."""


class Server:
    """The Kubernetes API of one sandbox.

    `history` is how many changes watches and pages can go back, and `history_seconds` how long;
    `bookmark_seconds` how often a watch that asks for bookmarks gets one.
    """

    def __init__(
        self, *, history: int = 5000, history_seconds: float = 300.0, bookmark_seconds: float = 60.0
    ) -> None:
        self._history = history
        self._history_seconds = history_seconds
        self._bookmark_seconds = bookmark_seconds
        self._runner: web.AppRunner | None = None
        self._cluster: Cluster | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._certificates: Certificates | None = None

    @property
    def authority(self) -> bytes:
        """The CA certificate in PEM, for kubeconfigs; after start."""
        if self._certificates is None:
            raise RuntimeError("the server is not started")
        return self._certificates.authority

    async def start(
        self, state: Path, address: str, tls_port: int = 6443, plain_port: int = 8001, *, token: str
    ) -> None:
        """Serves https://address:tls_port and http://address:plain_port from the state directory.

        `token` is the administrator's bearer token. Raises StateError (DamagedDatabase, DatabaseInUse,
        AddressTaken) with a sentence for a person; nothing is left running then.
        """
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = Store(Database(state / "cluster.db"), self._history, self._history_seconds)
        try:
            self._certificates = certificates(state / "ca", address)
            key = signing_key(state / "ca")
            addresses = ClusterAddresses(address)
            admission = Admission(store, addresses, key, self._certificates.authority)
            self._cluster = Cluster(
                store=store,
                registry=Registry(store, admission),
                authenticator=Authenticator(store, token, key),
                roles=StoredRoles(store),
                key=key,
                token=token,
                bookmark_seconds=self._bookmark_seconds,
                session=client_session(),
            )
            _bootstrap(store, addresses, self._certificates.authority)
            Definitions(store)
            ports = {tls_port: self._certificates.context, plain_port: None}
            await self._listen(self._cluster, address, ports)
        except BaseException:
            await self.stop()
            store.close()
            raise
        # The schemas come from a large package: loaded aside, so that readiness does not wait for it.
        self._tasks = [
            asyncio.create_task(asyncio.to_thread(_warm_up)),
            asyncio.create_task(retention.sweep(store)),
        ]

    async def _listen(
        self, cluster: Cluster, address: str, ports: Mapping[int, ssl.SSLContext | None]
    ) -> None:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:(?s:.*)}", handler(cluster))
        # Cancelling the handler of a client that has gone is what ends an idle watch.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=2.0,
            handle_signals=False,
            max_line_size=LARGEST_HEADER,
            max_field_size=LARGEST_HEADER,
        )
        await self._runner.setup()
        for port, context in ports.items():
            try:
                await web.TCPSite(self._runner, address, port, ssl_context=context, backlog=512).start()
            except OSError as error:
                why = os.strerror(error.errno) if error.errno else str(error)
                raise AddressTaken(f"Cannot listen on {address}:{port}: {why}.") from None

    async def stop(self) -> None:
        """Ends every watch, finishes what is being answered, closes the database. Safe to call twice."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        cluster, self._cluster = self._cluster, None
        if cluster is None:
            return
        cluster.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        await cluster.session.close()
        cluster.store.close()


def _warm_up() -> None:
    from sandbox.api.types import schema

    schema.type_of("apps/v1", "Deployment").fields  # noqa: B018


def _bootstrap(store: Store, addresses: ClusterAddresses, authority: bytes) -> None:
    """Creates what every cluster has, and moves the Services of a sandbox that was moved to another block."""
    ca = {
        "metadata": {"name": "kube-root-ca.crt", "namespace": "kube-public"},
        "data": {"ca.crt": authority.decode()},
    }
    for obj in [*bootstrap.objects(), {"apiVersion": "v1", "kind": "ConfigMap", **ca}]:
        info = the_kind(obj["apiVersion"], obj["kind"])
        metadata = obj["metadata"]
        present = store.get(info, metadata.get("namespace", ""), metadata["name"])
        if present is None:
            prepare_create(info, obj, uid=str(uuid.uuid4()), now=timestamp(time.time()))
            store.put(info, obj)
        elif info.kind == "ConfigMap" and present.object.get("data") != obj["data"]:
            store.put(info, {**present.copy(), "data": obj["data"]})
    for entry in store.entries(SERVICE):
        spec = entry.object.get("spec") or {}
        if spec.get("clusterIP") not in (None, "", "None") and spec["clusterIP"] not in addresses:
            moved = entry.copy()
            del moved["spec"]["clusterIP"]
            addresses.assign(moved, (other.object for other in store.entries(SERVICE)))
            store.put(SERVICE, moved)
