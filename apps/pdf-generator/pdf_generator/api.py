"""POST /v1/pdfs: JSON in, PDF out, for callers with a service's token."""

import anyio
from anyio import to_thread
from fb_platform import web
from fb_platform.settings import number, setting
from fb_platform.tokens import TokenCache
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pdf_generator import document

AT_ONCE = 2  # documents being typeset; others wait their turn


def build() -> Starlette:
    """The app, from the environment."""
    tokens = TokenCache(setting("SERVICE_TOKEN_CACHE_ROOT_URL"))
    limit = int(number("MAX_BODY_BYTES", 5_000_000))
    turns = anyio.CapacityLimiter(AT_ONCE)

    async def create(request: Request) -> Response:
        await tokens.caller(request)
        try:
            wanted = document.parse(await web.json_body(request, limit))
        except document.Invalid as problem:
            raise HTTPException(422, str(problem)) from None
        return Response(
            await to_thread.run_sync(document.render, wanted, limiter=turns), media_type="application/pdf"
        )

    return web.application([Route("/v1/pdfs", create, methods=["POST"])], lifespan=tokens.lifespan)


def main() -> None:
    web.serve("pdf-generator", build)


if __name__ == "__main__":
    main()
