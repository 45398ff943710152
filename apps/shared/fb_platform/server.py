"""The web server, stopped in such a way that no request is lost."""

import asyncio
import socket
import time

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRACE = 20  # seconds that requests under way may take after SIGTERM; below terminationGracePeriodSeconds
# For how many of them an idle connection is kept: a client that drops its own sooner (httpx and most others
# do so after 5 s) never sends a request into a connection that is being closed.
LINGER = 6
# In ordinary times, too, it must be the client, or a proxy before us, that drops an idle connection first.
IDLE = 75


class Server(uvicorn.Server):
    """uvicorn alone closes idle connections at once, and a client may have written to one a moment before.

    After SIGTERM every answer asks its client to make a new connection, which finds another pod; what is
    still connected is let go of when all did, or after LINGER seconds.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self.farewell = Farewell(app)
        super().__init__(
            uvicorn.Config(
                self.farewell,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                timeout_keep_alive=IDLE,
                timeout_graceful_shutdown=GRACE - LINGER,
                ws="none",
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What uvicorn does at its end, after the farewell."""
        self.farewell.is_said = True
        deadline = time.monotonic() + LINGER
        while self.server_state.connections and time.monotonic() < deadline and not self.force_exit:
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)


class Farewell:
    """Adds `Connection: close` to the answers, once it is said that the server stops."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.is_said = app, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if self.is_said and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive, answer)
