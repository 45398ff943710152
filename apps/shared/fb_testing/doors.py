"""A door before a server: what comes through it can be shut out in the ways in which a network does that."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAYS = ("refused", "cut", "silent")  # no connection; one that ends at once; one that nobody answers on


class Door:
    """Listens on `port` of 127.0.0.1 and passes on what comes to the server behind it, while it is open."""

    def __init__(self, behind: int) -> None:
        self.behind, self.port, self.way = behind, 0, ""
        self.knocks = 0  # connections that were tried while it was not open, as far as it can tell
        self.loop = asyncio.new_event_loop()
        self.server: asyncio.Server | None = None
        self.inside: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def shut(self, way: str) -> None:
        """Nobody gets in any more, in one of the WAYS; who is inside is thrown out."""
        if way not in WAYS:
            raise ValueError(f"{way} is none of {WAYS}")
        asyncio.run_coroutine_threadsafe(self._set(way), self.loop).result(10)

    def open(self) -> None:
        """As it was."""
        asyncio.run_coroutine_threadsafe(self._set(""), self.loop).result(10)

    async def _set(self, way: str) -> None:
        self.way = way
        for task in self.inside:
            task.cancel()
        await asyncio.gather(*self.inside, return_exceptions=True)
        if way == "refused" and self.server:
            self.server.close()
            self.server = None
        elif way != "refused" and not self.server:
            self.server = await asyncio.start_server(self._enter, "127.0.0.1", self.port)
            self.port = self.server.sockets[0].getsockname()[1]

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self.inside |= {task} if task else set()
        ends = [writer]
        try:
            if self.way:
                self.knocks += 1
            if self.way == "silent":
                await reader.read(-1)
            elif not self.way:
                out, inside = await asyncio.open_connection("127.0.0.1", self.behind)
                ends.append(inside)
                await asyncio.gather(_pass_on(reader, inside), _pass_on(out, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.inside -= {task} if task else set()
            for end in ends:
                end.transport.abort()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    with contextlib.suppress(OSError):
        target.write_eof()


@contextmanager
def door(behind: int) -> Iterator[Door]:
    """A door before the server on this port of 127.0.0.1, open."""
    made = Door(behind)
    thread = threading.Thread(target=made.loop.run_forever, daemon=True)
    thread.start()
    made.open()
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):
            made.shut("refused")
        made.loop.call_soon_threadsafe(made.loop.stop)
        thread.join(10)
        made.loop.close()
