"""The runner's web app: its routes, from the environment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fb_platform import web
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner import errors, settings
from runner.collaborators import Collaborators
from runner.pages import Pages
from runner.sealing import Sealer
from runner.sessions import Sessions
from runner.views import Views


def build() -> Starlette:
    """The app, from the environment."""
    given = settings.read()
    sealer, views = Sealer(given.secret), Views(given.form)
    others = Collaborators(given, sealer)
    pages = Pages(given, sealer, others, views)
    sessions = Sessions(pages)

    async def stylesheet(_: Request) -> Response:
        return views.css()

    async def unknown(_: Request) -> Response:
        raise HTTPException(404, "no such page")

    async def ready() -> None:
        """Always: a form whose collaborators are away still says so to the person, and keeps trying."""

    @asynccontextmanager
    async def connected(_: Starlette) -> AsyncIterator[None]:
        async with others.http:
            yield

    app = web.application(
        [
            Route("/", pages.start),
            Route("/assets/style.css", stylesheet),
            Route("/session/save", sessions.saved),
            Route("/session/end", sessions.end, methods=["POST"]),
            Route("/session/end", sessions.ended),
            Route("/resume/{token}", sessions.resume),
            Route("/check-answers", pages.submit, methods=["POST"]),
            Route("/check-answers", pages.check),
            Route("/confirmation", pages.confirm),
            Route("/{page}", pages.take, methods=["POST"]),
            Route("/{page}", pages.show),
            Route("/{rest:path}", unknown, methods=["GET", "POST"]),
        ],
        ready=ready,
        lifespan=connected,
    )
    errors.install(app, views)
    return app


def main() -> None:
    web.serve("runner", build)


if __name__ == "__main__":
    main()
