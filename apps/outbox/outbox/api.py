"""The HTTP side: takes webhooks, holds files for a test to hand out, and shows what arrived.

- `POST /webhooks/<id>`: 201, kept. `GET /webhooks/<id>?count=1&wait=20`: a list of {body, content_type}.
- `GET /messages?to=<address>&count=1&wait=20`: a list of mails to that recipient.
- `DELETE` on either address empties it.
- `PUT /files/<name>`: 201; `GET /files/<name>` gives it back; `POST /files/<name>/presigned-s3-url`: 201, as
  the filestore would answer. A test uploads here what its submission then refers to.

A GET waits up to `wait` seconds (60 at most) for `count` arrivals and answers with what there is then.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fb_platform import web
from fb_platform.settings import listen_address, number
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from outbox import mail
from outbox.store import Arrival, Store

LARGEST = 60_000_000  # bytes of one webhook call or file


class Api:
    """Handlers of the outbox's routes."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def receive(self, request: Request) -> Response:
        body = await web.body(request, LARGEST)
        content = {
            "body": body.decode("utf-8", "replace"),
            "content_type": request.headers.get("content-type", ""),
        }
        await self.store.put(Arrival(_box(request), len(body), content))
        return JSONResponse({}, 201)

    async def arrived(self, request: Request) -> Response:
        query = request.query_params
        try:
            count, wait = int(query.get("count", "1")), float(query.get("wait", "0"))
        except ValueError:
            raise HTTPException(400, "count and wait must be numbers") from None
        return JSONResponse(await self.store.get(_box(request), count=count, wait=max(0.0, min(wait, 60.0))))

    async def forget(self, request: Request) -> Response:
        await self.store.clear(_box(request))
        return Response(status_code=204)

    async def keep_file(self, request: Request) -> Response:
        body = await web.body(request, LARGEST)
        kind = request.headers.get("content-type", "application/octet-stream")
        await self.store.clear(_file(request))
        await self.store.put(Arrival(_file(request), len(body), {"body": body, "type": kind}))
        return JSONResponse({}, 201)

    async def file(self, request: Request) -> Response:
        found = await self.store.get(_file(request), count=1, wait=0)
        if not found:
            raise HTTPException(404, "no such file")
        return Response(found[0]["body"], media_type=found[0]["type"])

    async def presigned(self, request: Request) -> Response:
        await self.file(request)
        url = str(request.url).removesuffix("/presigned-s3-url")
        return JSONResponse({"url": url, "encryption_key": "a2V5", "encryption_iv": "aXY="}, 201)


def build() -> Starlette:
    """The app, from the environment."""
    store = Store()
    api = Api(store)
    host, port = listen_address(), int(number("SMTP_PORT", 2525))

    @asynccontextmanager
    async def smtp(_: Starlette) -> AsyncIterator[None]:
        server = await asyncio.get_running_loop().create_server(lambda: mail.server(store), host, port)
        async with server:
            yield

    routes = [
        Route("/webhooks/{id}", api.receive, methods=["POST"]),
        Route("/webhooks/{id}", api.arrived, methods=["GET"]),
        Route("/webhooks/{id}", api.forget, methods=["DELETE"]),
        Route("/messages", api.arrived, methods=["GET"]),
        Route("/messages", api.forget, methods=["DELETE"]),
        Route("/files/{name}", api.keep_file, methods=["PUT"]),
        Route("/files/{name}", api.file, methods=["GET"]),
        Route("/files/{name}/presigned-s3-url", api.presigned, methods=["POST"]),
    ]
    return web.application(routes, lifespan=smtp)


def main() -> None:
    web.serve("outbox", build)


def _box(request: Request) -> str:
    if identity := request.path_params.get("id"):
        return f"webhook:{identity}"
    return f"mail:{request.query_params.get('to', '').lower()}"


def _file(request: Request) -> str:
    return f"file:{request.path_params['name']}"


if __name__ == "__main__":
    main()
