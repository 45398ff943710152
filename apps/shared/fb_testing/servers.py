"""Real servers on loopback for unit tests: any ASGI app in a thread of its own, and a token cache."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fb_testing.waiting import until


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI app on a free port of 127.0.0.1; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
            **options,
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until("the server's start", lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"{'https' if 'ssl_keyfile' in options else 'http'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


class KeyServer:
    """Answers as the service token cache does, with `keys`: PEM by (slug, namespace).

    `cached` are given instead of them unless ignore_cache is asked for; `asked` lists the requests.
    """

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], str] = {}
        self.cached: dict[tuple[str, str], str] = {}
        self.asked: list[str] = []
        self.url = ""
        self.app = Starlette(
            routes=[
                Route("/v3/applications/{slug}/namespaces/{namespace}", self.answer),
                Route("/service/v2/{slug}", self.answer),
            ]
        )

    def reset(self, keys: dict[tuple[str, str], str]) -> None:
        """Forget everything but these keys."""
        self.keys, self.cached, self.asked = keys, {}, []

    async def answer(self, request: Request) -> Response:
        self.asked.append(str(request.url.path) + ("?" + request.url.query if request.url.query else ""))
        name = (request.path_params["slug"], request.path_params.get("namespace", "default"))
        keys = self.keys if request.query_params.get("ignore_cache") else {**self.keys, **self.cached}
        if name not in keys:
            return Response(status_code=404)
        return JSONResponse({"token": base64.b64encode(keys[name].encode()).decode()})


def key_pair() -> tuple[str, str]:
    """A new RSA key as PEM: private, public."""
    key = RSAKey.generate_key(2048)
    return key.as_pem(private=True).decode(), key.as_pem(private=False).decode()


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
