"""Runs one probe or lifecycle handler: httpGet, tcpSocket, grpc, exec, sleep. Each says what it saw in the
kubelet's words."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from sandbox.node.probes import grpc

Object = dict[str, Any]
REDIRECTS = 10
OUTPUT_BYTES = 10 * 1024  # of an exec probe: kubelet's maxReadLength
BODY_BYTES = 10 * 1024
HEADER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """Whether it worked, and what to say about it."""

    success: bool
    output: str = ""


@dataclass(frozen=True)
class Target:
    """The container that is probed: its address, ports by name, environment and directory (for exec)."""

    ip: str
    ports: Mapping[str, int]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    resolve: Callable[[str], str] | None = None  # the file behind a command's name


async def run(handler: Object, target: Target, timeout: float) -> Answer:
    """Run ``handler`` (a probe, or a lifecycle hook); never raises for what the container does."""
    try:
        if "httpGet" in handler:
            return await _http(handler["httpGet"], target, timeout)
        if "tcpSocket" in handler:
            return await _tcp(handler["tcpSocket"], target, timeout)
        if "grpc" in handler:
            wanted = handler["grpc"]
            port = port_of(wanted.get("port"), {})
            return Answer(*await grpc.check(target.ip, port, wanted.get("service") or "", timeout))
        if "exec" in handler:
            return await _exec(handler["exec"].get("command") or [], target, timeout)
        if "sleep" in handler:
            await asyncio.sleep(min(float(handler["sleep"].get("seconds", 0)), timeout))
            return Answer(True)
    except ValueError as error:
        return Answer(False, str(error))
    kind = next((key for key in handler if isinstance(handler[key], dict)), "nothing")
    return Answer(False, f"{kind}: this kind of probe is not supported by the sandbox")


def port_of(port: Any, ports: Mapping[str, int]) -> int:
    """A number, a name of one of the container's ports, or a number written as text. Raises ValueError."""
    number = ports.get(port, port) if isinstance(port, str) else port
    try:
        number = int(number)
    except (TypeError, ValueError):
        raise ValueError(f"couldn't find port: {port}") from None
    if not 0 < number < 65536:
        raise ValueError(f"invalid port number: {number}")
    return number


async def _http(wanted: Object, target: Target, timeout: float) -> Answer:
    scheme = (wanted.get("scheme") or "HTTP").lower()
    host, port = wanted.get("host") or target.ip, port_of(wanted.get("port"), target.ports)
    location = wanted.get("path") or "/"
    url = f"{scheme}://{host}:{port}{'' if location.startswith('/') else '/'}{location}"
    headers = {"User-Agent": "kube-probe/1.32", "Accept": "*/*", "Connection": "close"}
    headers |= {one["name"]: one.get("value", "") for one in wanted.get("httpHeaders") or ()}
    try:
        async with asyncio.timeout(timeout):
            for _ in range(REDIRECTS):
                status, location = await _get(url, headers)
                if not 300 <= status < 400 or not location:
                    return _judged(status)
                aim = urljoin(url, location)
                if urlsplit(aim).hostname != urlsplit(url).hostname:
                    return Answer(True, "Probe terminated redirects")
                url = aim
        return Answer(False, f'Get "{url}": stopped after {REDIRECTS} redirects')
    except TimeoutError:
        waited = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return Answer(False, f'Get "{url}": {waited}')
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return Answer(False, f'Get "{url}": EOF')
    except (ConnectionResetError, BrokenPipeError):
        return Answer(False, f'Get "{url}": read: connection reset by peer')
    except OSError as error:
        parts = urlsplit(url)
        return Answer(False, f'Get "{url}": {dial_words(parts.hostname or host, parts.port or port, error)}')


async def _get(url: str, headers: Mapping[str, str]) -> tuple[int, str]:
    """(status, Location) of one GET: a probe needs no more of HTTP, and a client library costs much more."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    context = _unverified() if secure else None  # kubelet: probes do not check certificates
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context, limit=HEADER_BYTES)
    try:
        asked = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"GET {asked or '/'} HTTP/1.1"]
        if not any(name.lower() == "host" for name in headers):
            lines.append(f"Host: {parts.hostname}:{port}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        await reader.read(BODY_BYTES)  # most answers end here, and the server need not see a reset
        words = first.split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
            raise ValueError(f'Get "{url}": malformed HTTP response "{first[:100]}"')
        given = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in rest if line}
        return int(words[1]), given.get("location", "")
    finally:
        writer.close()


@functools.cache
def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _judged(status: int) -> Answer:
    if 200 <= status < 400:
        return Answer(True)
    return Answer(False, f"HTTP probe failed with statuscode: {status}")


def dial_words(host: str, port: int, error: OSError | None) -> str:
    """Go's sentence for a connection that was not made."""
    word = os.strerror(error.errno).lower() if error is not None and error.errno else "connection refused"
    return f"dial tcp {host}:{port}: connect: {word}"


async def _tcp(wanted: Object, target: Target, timeout: float) -> Answer:
    host, port = wanted.get("host") or target.ip, port_of(wanted.get("port"), target.ports)
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
    except TimeoutError:
        return Answer(False, f"dial tcp {host}:{port}: i/o timeout")
    except OSError as error:
        return Answer(False, dial_words(host, port, error))
    return Answer(True)


async def _exec(command: list[str], target: Target, timeout: float) -> Answer:
    if not command:
        return Answer(False, "no command")
    try:
        file = target.resolve(command[0]) if target.resolve else command[0]
        process = await asyncio.create_subprocess_exec(
            file, *command[1:], env=dict(target.env), cwd=target.cwd, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except Exception as error:  # not found, not executable, directory gone: all are the command's failure
        return Answer(False, str(error))
    assert process.stdout  # noqa: S101 - for the type checker
    output = b""
    try:
        async with asyncio.timeout(timeout):
            while data := await process.stdout.read(4096):
                output = (output + data)[:OUTPUT_BYTES]
            await process.wait()
    except TimeoutError:
        return Answer(False, f'command "{" ".join(command)}" timed out')
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return Answer(process.returncode == 0, output.decode("utf-8", "replace").rstrip("\n"))
