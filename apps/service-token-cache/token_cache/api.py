"""The routes of the service token cache."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fb_platform import web
from fb_platform.kubernetes import Kubernetes, Unavailable
from fb_platform.settings import number, setting
from fb_platform.tokens import NAME
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from token_cache.cache import LIFE, Cache


def build() -> Starlette:
    """The app, from the environment."""
    kubernetes, cache = Kubernetes(), Cache(number("CACHE_SECONDS", LIFE))
    services = setting("SERVICES_NAMESPACE")

    async def public_key(request: Request) -> Response:
        """200 {"token": base64 of the public key in PEM}; 404 if it has none; 503 without Kubernetes."""
        slug = request.path_params["slug"]
        namespace = request.path_params.get("namespace", services)
        if not NAME.fullmatch(slug) or not NAME.fullmatch(namespace):
            raise HTTPException(404, "no such service")

        async def read() -> str | None:
            data = await kubernetes.config_map(namespace, f"fb-{slug}-config-map")
            return data.get("ENCODED_PUBLIC_KEY") if data else None

        fresh = request.query_params.get("ignore_cache") == "true"
        try:
            key = await cache.get((namespace, slug), read, fresh=fresh)
        except Unavailable as problem:
            web.logs.error("the Kubernetes API does not answer", problem.__cause__)
            raise HTTPException(503, "the Kubernetes API does not answer") from None
        if key is None:
            raise HTTPException(404, "no such service")
        return JSONResponse({"token": key})

    async def ready() -> None:
        """The cache answers, and there is a service account to fill it with."""
        kubernetes.token()

    @asynccontextmanager
    async def connected(_: Starlette) -> AsyncIterator[None]:
        async with kubernetes.client:
            yield

    return web.application(
        [
            Route("/service/v2/{slug}", public_key),
            Route("/v3/applications/{slug}/namespaces/{namespace}", public_key),
        ],
        ready=ready,
        lifespan=connected,
    )


def main() -> None:
    web.serve("service-token-cache", build)


if __name__ == "__main__":
    main()
