"""gRPC probes against a server that speaks HTTP/2 as gRPC does."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection

from sandbox.node.probes import grpc
from sandbox.node.probes.handlers import Target, run
from tests.sandbox.local import Sandbox
from tests.sandbox.node.pods import app, event, pod, ready, start

Headers = list[tuple[str, str]]
Answer = tuple[bytes, Headers]  # message and trailers; no message: an answer of trailers only


def status(number: int) -> Answer:
    """A HealthCheckResponse."""
    body = bytes([0x08, number]) if number else b""
    return bytes([0, 0, 0, 0, len(body)]) + body, [("grpc-status", "0")]


def refusal(code: int, message: str) -> Answer:
    """An error of gRPC."""
    return b"", [("grpc-status", str(code)), ("grpc-message", message)]


async def _serve(
    answer: Callable[[str, bytes], Answer], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    path, body = "", b""
    with contextlib.suppress(ConnectionError):
        writer.write(connection.data_to_send())
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, events.RequestReceived):
                    path = {str(k): str(v) for k, v in event.headers or ()}[":path"]
                elif isinstance(event, events.DataReceived):
                    body += event.data or b""
                elif isinstance(event, events.StreamEnded):
                    message, trailers = answer(path, body)
                    head: Headers = [(":status", "200"), ("content-type", "application/grpc")]
                    stream = event.stream_id or 1
                    if message:
                        connection.send_headers(stream, head)
                        connection.send_data(stream, message)
                        connection.send_headers(stream, trailers, end_stream=True)
                    else:
                        connection.send_headers(stream, head + trailers, end_stream=True)
            writer.write(connection.data_to_send())
    writer.close()


@asynccontextmanager
async def serving(
    answer: Callable[[str, bytes], Answer], host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """A health service; the port it listens on."""
    server = await asyncio.start_server(lambda r, w: _serve(answer, r, w), host, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


def probe(answer: Callable[[str, bytes], Answer], **wanted: Any) -> tuple[bool, str]:
    """What a probe of such a service says."""

    async def look() -> tuple[bool, str]:
        async with serving(answer) as port:
            handler = {"grpc": {"port": port, **wanted}}
            seen = await run(handler, Target("127.0.0.1", {}), 5.0)
            return seen.success, seen.output

    return asyncio.run(look())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(1), (True, "service healthy")),
        (status(0), (False, 'service unhealthy (responded with "UNKNOWN")')),
        (status(2), (False, 'service unhealthy (responded with "NOT_SERVING")')),
        (status(3), (False, 'service unhealthy (responded with "SERVICE_UNKNOWN")')),
        (
            refusal(5, "unknown service%21"),
            (False, "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service!"),
        ),
        (
            refusal(12, "unknown method"),
            (
                False,
                "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
                "unknown method",
            ),
        ),
    ],
)
def test_what_the_service_answers_is_what_the_probe_says(answer: Answer, said: tuple[bool, str]) -> None:
    assert probe(lambda path, body: answer) == said


@pytest.mark.parametrize("service", ["", "shop", "x" * 200])
def test_the_service_is_asked_for_by_name(service: str) -> None:
    asked: list[tuple[str, bytes]] = []

    def answer(path: str, body: bytes) -> Answer:
        asked.append((path, body))
        return status(1)

    assert probe(answer, service=service)[0]
    [(path, body)] = asked
    assert path == "/grpc.health.v1.Health/Check" and body == grpc.message(service)
    assert body.endswith(service.encode())


def test_nobody_listens() -> None:
    good, said = asyncio.run(grpc.check("127.0.0.1", 1, "", 1.0))
    assert not good
    assert said == 'timeout: failed to connect service "127.0.0.1:1" within 1s: context deadline exceeded'


def test_a_server_that_is_silent_or_speaks_something_else() -> None:
    async def meet(first: bytes, timeout: float) -> tuple[bool, str]:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(first)
            with contextlib.suppress(asyncio.CancelledError):
                await reader.read()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            return await grpc.check("127.0.0.1", server.sockets[0].getsockname()[1], "", timeout)

    for first in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        good, said = asyncio.run(meet(first, 0.3))
        assert not good and said.startswith("timeout: failed to connect service")
    settings = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # HTTP/2, but no answer
    assert asyncio.run(meet(settings, 0.3)) == (False, "timeout: health rpc did not complete within 0.3s")


@contextlib.contextmanager
def beside(host: str, port: int, answer: Callable[[str, bytes], Answer]) -> Iterator[None]:
    """A health service on a pod's own address, in a thread."""
    loop, up = asyncio.new_event_loop(), threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        async with serving(answer, host, port):
            up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert up.wait(30)
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)


def test_a_pod_is_ready_once_its_health_service_says_so(
    sandbox: Sandbox, namespace: str, tiny_image: str
) -> None:
    wanted = {"grpc": {"port": 50051, "service": "shop"}, "periodSeconds": 1, "failureThreshold": 1}
    path = start(sandbox, namespace, pod("shop", tiny_image, readinessProbe=wanted))
    running = sandbox.wait(path, lambda obj: "running" in (app(obj).get("state") or {}))
    assert not ready(running)
    with beside(running["status"]["podIP"], 50051, lambda path, body: status(1)):
        sandbox.wait(path, ready)
    sandbox.wait(path, lambda obj: not ready(obj))
    event(sandbox, path, "Unhealthy", "Readiness probe failed: timeout: failed to connect service")
