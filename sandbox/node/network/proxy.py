"""The Service proxy: what connects to a Service's cluster IP reaches one of its ready pods.

As kube-proxy, it knows what Endpoints say and nothing else: a pod that leaves gets new connections until the
endpoints controller has taken note, and a connection that a pod refuses is lost, not tried at another one
(packet filters decide before the pod is asked). So what loses requests in a cluster loses them here.
A port is open while its Service has ready endpoints: a client of a Service without any is refused at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.base.client import Informer, key_of

Object = dict[str, Any]
Address = tuple[str, int]
CONNECT_SECONDS = 5.0
RETRY_SECONDS = 2.0
BUFFER = 1 << 16
log = logging.getLogger(__name__)


def wanted_listeners(service: Object, node_ip: str) -> dict[Address, Object]:
    """Where a Service is to be reached: cluster IP and port, and the node's address for a node port. TCP
    only."""
    spec = service["spec"]
    ip = spec.get("clusterIP")
    found: dict[Address, Object] = {}
    if spec.get("type") == "ExternalName" or service["metadata"].get("deletionTimestamp"):
        return found
    for port in spec.get("ports") or ():
        if (port.get("protocol") or "TCP") != "TCP":
            continue
        if ip and ip != "None":
            found[(ip, port["port"])] = port
        if port.get("nodePort"):
            found[(node_ip, port["nodePort"])] = port
    return found


def ready_addresses(endpoints: Object | None, port: Object) -> list[Address]:
    """The ready addresses behind one port of a Service."""
    found: list[Address] = []
    for subset in (endpoints or {}).get("subsets") or ():
        for target in subset.get("ports") or ():
            if (target.get("name") or "") == (port.get("name") or "") and (
                target.get("protocol") or "TCP"
            ) == "TCP":
                found += [(one["ip"], target["port"]) for one in subset.get("addresses") or ()]
    return found


@dataclass
class Listener:
    """One open port. ``backends`` is looked up for each connection."""

    address: Address
    backends: Callable[[], list[Address]]
    server: asyncio.Server | None = None
    turn: int = 0
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self.server = await asyncio.start_server(self._accept, *self.address, backlog=1024)

    async def close(self) -> None:
        """Stop listening; connections that exist go on."""
        if self.server is not None:
            self.server.close()
            self.server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        backends = self.backends()
        if not backends:
            abort(writer)
            return
        self.turn += 1
        host, port = backends[self.turn % len(backends)]
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                there = await asyncio.open_connection(host, port, limit=BUFFER)
        except (OSError, TimeoutError):
            abort(writer)
            return
        await join((reader, writer), there)


async def join(
    here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Copy both ways until both sides are done; the end of one direction is passed on, the other stays
    open."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(here[0], there[1]))
            group.create_task(_pump(there[0], here[1]))
    except* (OSError, RuntimeError):  # a reset on one side is a reset on the other
        abort(here[1])
        abort(there[1])
    finally:
        here[1].close()
        there[1].close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(BUFFER):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def abort(writer: asyncio.StreamWriter) -> None:
    """Close with a reset, which a client sees as an error instead of an empty answer."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxy:
    """Follows Services and Endpoints and keeps the right ports open."""

    def __init__(self, services: Informer, endpoints: Informer, node_ip: str) -> None:
        self._services, self._endpoints, self._node_ip = services, endpoints, node_ip
        self._open: dict[Address, Listener] = {}
        self._taken: dict[Address, str] = {}
        self._dirty = asyncio.Event()
        services.subscribe(lambda *_: self._dirty.set())
        endpoints.subscribe(lambda *_: self._dirty.set())

    async def run(self) -> None:
        """Follow for ever; a port that is taken by another program is tried again."""
        await self._services.synced.wait()
        await self._endpoints.synced.wait()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if self._taken else None):
                    await self._dirty.wait()
            self._dirty.clear()
            await self._settle()

    async def _settle(self) -> None:
        wanted: dict[Address, Callable[[], list[Address]]] = {}
        for service in self._services.items.values():
            for address, port in wanted_listeners(service, self._node_ip).items():
                backends = self._backends(service, port)
                if backends():
                    wanted[address] = backends
        for address in self._open.keys() - wanted.keys():
            await self._open.pop(address).close()
        self._taken = {}
        for address, backends in wanted.items():
            if address in self._open:
                self._open[address].backends = backends
                continue
            listener = Listener(address, backends)
            try:
                await listener.open()
            except OSError as error:
                self._taken[address] = error.strerror or str(error)
                log.warning("cannot listen on %s:%s: %s", *address, error.strerror)
                continue
            self._open[address] = listener

    def _backends(self, service: Object, port: Object) -> Callable[[], list[Address]]:
        key = key_of(service)
        return lambda: ready_addresses(self._endpoints.items.get(key), port)

    async def close(self) -> None:
        """Close every port."""
        for listener in self._open.values():
            await listener.close()
        self._open.clear()
