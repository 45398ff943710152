"""Runs one probe or lifecycle handler: httpGet, tcpSocket, exec, sleep. Each says what it saw in the
kubelet's words."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

Object = dict[str, Any]
REDIRECTS = 10
OUTPUT_BYTES = 10 * 1024  # of an exec probe: kubelet's maxReadLength
BODY_BYTES = 10 * 1024


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
        async with (
            asyncio.timeout(timeout),
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False, force_close=True)) as session,
        ):
            for _ in range(REDIRECTS):
                async with session.get(url, headers=headers, allow_redirects=False) as answer:
                    await answer.content.read(BODY_BYTES)
                    aim = urljoin(url, answer.headers.get("Location", ""))
                    if not 300 <= answer.status < 400 or not answer.headers.get("Location"):
                        return _judged(answer.status)
                    if urlsplit(aim).hostname != urlsplit(url).hostname:
                        return Answer(True, f"Probe terminated redirects, Response body: {answer.status}")
                    url = aim
            return Answer(False, f'Get "{url}": stopped after {REDIRECTS} redirects')
    except TimeoutError:
        waited = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return Answer(False, f'Get "{url}": {waited}')
    except aiohttp.ClientConnectorError as error:
        return Answer(False, f'Get "{url}": {dial_words(host, port, error.os_error)}')
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError):
        return Answer(False, f'Get "{url}": EOF')
    except (aiohttp.ClientError, OSError) as error:
        return Answer(False, f'Get "{url}": {str(error) or type(error).__name__}')


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
