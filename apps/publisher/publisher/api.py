"""The JSON API, for programs: they send the token as x-publisher-token."""

from fb_platform import web
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from publisher.access import Access
from publisher.wishes import Wishes, shown


class Api:
    """Handlers of the JSON routes."""

    def __init__(self, wishes: Wishes, access: Access, limit: int) -> None:
        self.wishes, self.access, self.limit = wishes, access, limit

    def routes(self) -> list[Route]:
        return [
            Route("/forms", self.all),
            Route("/forms", self.publish, methods=["POST"]),
            Route("/forms/{space}/{slug}", self.one),
            Route("/forms/{space}/{slug}", self.unpublish, methods=["DELETE"]),
            Route("/state", self.state),
        ]

    async def publish(self, request: Request) -> Response:
        """POST /forms {"space", "form"}: 202 {"id", "version"}, Location is where its state can be read."""
        self.access.program(request)
        wish = await web.json_body(request, self.limit)
        if not isinstance(wish, dict) or set(wish) != {"space", "form"}:
            raise HTTPException(422, "the body must have space and form, and nothing else")
        slug, version = await self.wishes.publish(wish["space"], wish["form"])
        name = f"{wish['space']}/{slug}"
        return JSONResponse({"id": name, "version": version}, 202, {"Location": f"/forms/{name}"})

    async def all(self, request: Request) -> Response:
        """GET /forms: {"forms": [...]}."""
        self.access.program(request)
        return JSONResponse({"forms": [shown(form) for form in await self.wishes.forms()]})

    async def one(self, request: Request) -> Response:
        """GET /forms/<space>/<slug>: {"state", "address", "reason", "version", ...}."""
        self.access.program(request)
        return JSONResponse(shown(await self.wishes.form(**request.path_params)))

    async def unpublish(self, request: Request) -> Response:
        """DELETE /forms/<space>/<slug>: 202; it is gone when a GET answers 404."""
        self.access.program(request)
        await self.wishes.unpublish(**request.path_params)
        return JSONResponse({}, 202)

    async def state(self, request: Request) -> Response:
        """GET /state: whether the worker lives, and whether it could publish in every space."""
        self.access.program(request)
        return JSONResponse(await self.wishes.state())
