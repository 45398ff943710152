"""The daemon: API, controllers and node in one process, which know each other only through the API."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sandbox.base.files import write_atomically
from sandbox.node.network.addresses import host
from sandbox.state import SandboxError, State, started_at

FIRST_BLOCK, LAST_BLOCK = 2, 254  # 127.0 and 127.1 belong to everyone, 127.255 ends in a broadcast
TLS_PORT, PLAIN_PORT, NODE_PORT = 6443, 8001, 10250
READY_SECONDS = 30.0
STATE_CHECK_SECONDS = 2.0
log = logging.getLogger("sandbox")


def blocks(root: Path, preferred: int | None) -> Iterator[int]:
    """The address blocks to try: the one in use before, the one that the path hashes to, and those after
    it."""
    if preferred is not None and FIRST_BLOCK <= preferred <= LAST_BLOCK:
        yield preferred
    span = LAST_BLOCK - FIRST_BLOCK + 1
    first = int.from_bytes(hashlib.sha256(str(root).encode()).digest()[:4]) % span
    for step in range(span):
        yield FIRST_BLOCK + (first + step) % span


def inhabited(table: str) -> set[int]:
    """The blocks in which something listens, from /proc/net/tcp: a daemon that was killed leaves its pods.

    Addresses are there as four bytes in this machine's order, in hexadecimal (proc_pid_net(5)); 0A is LISTEN.
    """
    rows = [line.split() for line in table.splitlines()[1:]]
    addresses = [row[1].partition(":")[0] for row in rows if len(row) > 3 and row[3] == "0A"]
    numbers = [
        bytes.fromhex(each)[::-1] if sys.byteorder == "little" else bytes.fromhex(each) for each in addresses
    ]
    return {number[1] for number in numbers if number[0] == 127}


def serve(state: State, report: Callable[[dict[str, Any]], None]) -> int:
    """Run until SIGTERM, SIGINT or the end of the state directory. ``report`` hears {"ready": ...} or
    {"error": ...}.

    Returns the exit code.
    """
    level = os.environ.get("SANDBOX_LOG", "INFO").upper()
    logging.basicConfig(
        level=level if level in logging.getLevelNamesMapping() else "INFO", stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )  # fmt: skip
    state.create()
    with (state.root / "daemon.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report({"error": f"another daemon already runs on {state.root}"})
            return 1
        try:
            asyncio.run(_Running(state, report).run())
        except SandboxError as error:
            log.error("%s", error)
            report({"error": str(error)})
            return error.code
        except Exception as error:
            log.exception("the sandbox failed")
            report(
                {
                    "error": f"the sandbox failed: {error or type(error).__name__}; details are in "
                    f"{state.log}. `python -m sandbox reset` starts afresh"
                }
            )
            return 1
    return 0


class _Running:
    """One run of the daemon."""

    def __init__(self, state: State, report: Callable[[dict[str, Any]], None]) -> None:
        self.state, self.report = state, report
        self.stop = asyncio.Event()
        self.token = _token(state)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        async with contextlib.AsyncExitStack() as stack:
            block = await self._api(stack)
            plain = f"http://{host(block)}:{PLAIN_PORT}"
            controllers = await self._controllers(stack, plain)
            node = await self._node(stack, plain, block)
            await self._until_ready(controllers, node)
            details = self._note(block, plain, node.port)
            log.info("ready: %s", details["server"])
            self.report({"ready": details})
            await self._until_stopped()
            log.info("stopping")
        if self.state.root.is_dir():
            self.state.note.unlink(missing_ok=True)

    async def _api(self, stack: contextlib.AsyncExitStack) -> int:
        """Start the API in the first block that is free; returns the block."""
        from sandbox.api.server import AddressTaken, Server
        from sandbox.api.storage.database import StateError

        taken = ""
        last, others = _last_block(self.state), inhabited(_listeners())
        for block in blocks(self.state.root, last):
            if block != last and block in others:
                taken = taken or f"in 127.{block} pods of another sandbox run."
                continue
            server = Server()
            try:
                await server.start(self.state.root, host(block), TLS_PORT, PLAIN_PORT, token=self.token)
            except AddressTaken as error:
                taken = taken or str(error)
                continue
            except StateError as error:
                raise SandboxError(str(error)) from error
            stack.push_async_callback(server.stop)
            self.authority = server.authority
            return block
        raise SandboxError(
            f"no address block is free for the sandbox; the first one tried said: {taken} A program that "
            f"listens on every address takes port {TLS_PORT} or {PLAIN_PORT}: find it with `ss -tlnp` and "
            "stop it"
        )

    async def _controllers(self, stack: contextlib.AsyncExitStack, plain: str) -> asyncio.Event:
        from sandbox.controllers import manager

        ready = asyncio.Event()

        async def keep() -> None:
            while True:
                try:
                    await manager.run(plain, self.token, ready=ready)
                except Exception:
                    log.exception("the controllers failed; they start again")
                await asyncio.sleep(1)

        stack.push_async_callback(_cancel, asyncio.create_task(keep()))
        return ready

    async def _node(self, stack: contextlib.AsyncExitStack, plain: str, block: int) -> Any:
        from sandbox.node.agent import Node
        from sandbox.node.timing.slowness import Slowness

        given = os.environ.get("SANDBOX_BACKOFF_SCALE") or "1"
        try:
            scale = float(given)
        except ValueError:
            raise SandboxError(f"SANDBOX_BACKOFF_SCALE is {given!r}, which is not a number", 2) from None
        given = os.environ.get("SANDBOX_SLOWNESS") or ""
        try:
            slowness = Slowness.of(given)
        except ValueError:
            told = 'is neither a factor nor "random", with or without :<seed>'
            raise SandboxError(f"SANDBOX_SLOWNESS is {given!r}, which {told}", 2) from None
        if slowness:
            log.info("a slow node: SANDBOX_SLOWNESS=%s", slowness)
        api = (host(block), TLS_PORT)
        node = Node(
            plain, self.token, self.state.root, block, api=api, port=NODE_PORT, scale=scale, slowness=slowness
        )
        try:
            await node.start()
        except OSError as error:
            raise SandboxError(
                f"cannot listen on {host(block)}:{NODE_PORT} for container logs: {error.strerror or error}; "
                "find the program that does with `ss -tlnp` and stop it"
            ) from error

        async def stop() -> None:
            await node.stop(pods=True)

        stack.push_async_callback(stop)
        return node

    async def _until_ready(self, controllers: asyncio.Event, node: Any) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                await controllers.wait()
                await node.registered.wait()
        except TimeoutError:
            what = "the node" if controllers.is_set() else "the controllers"
            raise SandboxError(
                f"{what} did not become ready within {READY_SECONDS:.0f} s; see {self.state.log}", 4
            ) from None

    def _note(self, block: int, plain: str, node_port: int) -> dict[str, Any]:
        from sandbox import kubeconfig

        server = f"https://{host(block)}:{TLS_PORT}"
        write_atomically(
            self.state.kubeconfig, kubeconfig.text(server, self.authority, self.token), mode=0o600
        )
        details = {
            "pid": os.getpid(),
            "started": started_at(os.getpid()),
            "block": block,
            "server": server,
            "plain": plain,
            "node": f"http://{host(block)}:{node_port}",
            "kubeconfig": str(self.state.kubeconfig),
            "since": time.time(),
        }
        write_atomically(self.state.root / "block", str(block))
        write_atomically(self.state.note, json.dumps(details, indent=2))
        return details

    async def _until_stopped(self) -> None:
        """Until a signal comes, or the state directory is no longer the one we run on."""
        inode = self.state.note.stat().st_ino
        while not self.stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STATE_CHECK_SECONDS):
                    await self.stop.wait()
            try:
                same = self.state.note.stat().st_ino == inode
            except OSError:
                same = False
            if not same and not self.stop.is_set():
                log.warning("%s is gone: stopping", self.state.note)
                return


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _token(state: State) -> str:
    """The administrator's token, made once."""
    try:
        token = state.token.read_text().strip()
    except OSError:
        token = ""
    if not token:
        token = secrets.token_urlsafe(32)
        write_atomically(state.token, token, mode=0o600)
    return token


def _listeners() -> str:
    try:
        return Path("/proc/net/tcp").read_text()
    except OSError:
        return ""


def _last_block(state: State) -> int | None:
    try:
        return int((state.root / "block").read_text())
    except (OSError, ValueError):
        return None
