"""gRPC probes: one call of grpc.health.v1.Health/Check over HTTP/2 without TLS, told in the kubelet's words.

h2 speaks HTTP/2; of gRPC a health check needs five bytes before the message and a status after it, and
of protobuf one field. Source: grpc's PROTOCOL-HTTP2.md and health/v1/health.proto; the words: pkg/probe/grpc.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from h2.connection import H2Connection

PATH = "/grpc.health.v1.Health/Check"
STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_CODES = (
    *("OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"),
    *(
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
    ),
    *("Internal", "Unavailable", "DataLoss", "Unauthenticated"),
)
_UNIMPLEMENTED = "this server does not implement the grpc health protocol (grpc.health.v1.Health)"
_ENOUGH = 64 * 1024  # bytes of an answer: a health status takes seven


@dataclass
class _Reply:
    """What has come back so far."""

    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""
    met: bool = False  # the server has shown that it speaks HTTP/2
    over: bool = False
    error: str = ""


async def check(host: str, port: int, service: str, timeout: float) -> tuple[bool, str]:
    """(whether the service says SERVING, what to say about it); never raises for what the server does."""
    within = f"{timeout:g}s"
    reply = _Reply()
    refused = f'timeout: failed to connect service "{host}:{port}" within {within}: context deadline exceeded'
    try:
        async with asyncio.timeout(timeout):
            try:
                reader, writer = await asyncio.open_connection(host, port)
            except OSError:
                return False, refused  # a kubelet tries again until the time is up, and says the same
            try:
                await _call(reader, writer, f"{host}:{port}", service, reply)
                return _judged(reply) if reply.met else (False, refused)
            finally:
                writer.close()
    except TimeoutError:
        return False, f"timeout: health rpc did not complete within {within}" if reply.met else refused
    except OSError as error:
        why = f"rpc error: code = Unavailable desc = connection error: {error}"
        return False, f"error: health rpc probe failed: {why}"


async def _call(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, authority: str, service: str, reply: _Reply
) -> None:
    """Ask, and note what comes back until it is over."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.exceptions import ProtocolError

    connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    headers = [(":method", "POST"), (":scheme", "http"), (":path", PATH), (":authority", authority)]
    headers += [("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", "kube-probe/1.32")]
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, headers)
    connection.send_data(stream, message(service), end_stream=True)
    while True:
        writer.write(connection.data_to_send())
        await writer.drain()
        if reply.over:
            return
        chunk = await reader.read(_ENOUGH)
        if not chunk:
            reply.error = "rpc error: code = Unavailable desc = error reading from server: EOF"
            return
        try:
            for event in connection.receive_data(chunk):
                _note(connection, event, reply)
        except ProtocolError as error:
            reply.error = f"rpc error: code = Unavailable desc = connection error: {error}"
            return


def message(service: str) -> bytes:
    """A HealthCheckRequest with the prefix of gRPC: not compressed, and how long."""
    name = service.encode()
    length = bytes([len(name)]) if len(name) < 128 else bytes([len(name) & 127 | 128, len(name) >> 7])
    body = b"\x0a" + length + name if name else b""
    return struct.pack(">BI", 0, len(body)) + body


def _note(connection: H2Connection, event: Any, reply: _Reply) -> None:
    from h2 import events

    if isinstance(event, events.ResponseReceived | events.TrailersReceived):
        reply.headers |= {str(name): str(value) for name, value in event.headers or ()}
    elif isinstance(event, events.DataReceived):
        reply.data += event.data or b""
        connection.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
    elif isinstance(event, events.RemoteSettingsChanged):
        reply.met = True
    elif isinstance(event, events.StreamEnded):
        reply.over = True
    elif isinstance(event, events.StreamReset | events.ConnectionTerminated):
        reply.over = True
        reply.error = f"rpc error: code = Unavailable desc = the stream was closed: {event.error_code}"


def _judged(reply: _Reply) -> tuple[bool, str]:
    if reply.error:
        return False, f"error: health rpc probe failed: {reply.error}"
    code, said = reply.headers.get("grpc-status", ""), unquote(reply.headers.get("grpc-message", ""))
    if not code and reply.headers.get(":status") != "200":
        told = f"unexpected HTTP status code received from server: {reply.headers.get(':status')}"
        return False, f"error: health rpc probe failed: rpc error: code = Unknown desc = {told}"
    number = int(code) if code.isdigit() and int(code) < len(_CODES) else 2
    if _CODES[number] == "Unimplemented":
        return False, f"error: {_UNIMPLEMENTED}: {said}"
    if number:
        return False, f"error: health rpc probe failed: rpc error: code = {_CODES[number]} desc = {said}"
    status = answered(reply.data)
    if status == "SERVING":
        return True, "service healthy"
    return False, f'service unhealthy (responded with "{status}")'


def answered(data: bytes) -> str:
    """The status of a HealthCheckResponse; UNKNOWN is its zero, which protobuf leaves out."""
    body = data[5:]
    number = body[1] if len(body) > 1 and body[0] == 0x08 else 0
    return STATUSES[number] if number < len(STATUSES) else str(number)
