"""The routes of the user datastore."""

import msgspec
from fb_platform import web
from fb_platform.database import Database
from fb_platform.pool import WorkPool
from fb_platform.settings import number, setting
from fb_platform.tokens import USER, Caller, TokenCache
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from user_datastore.store import KEEP, Store

ADDRESS = "/service/{slug}/user/{user}"


class Body(msgspec.Struct):
    """What a runner keeps: text that only the runner can read."""

    payload: str


class Api:
    """Handlers of the user datastore's routes. Only the service that an address names may use it, and only
    for the user whom its token names."""

    def __init__(self, store: Store, tokens: TokenCache, limit: int) -> None:
        self.store, self.tokens, self.limit = store, tokens, limit
        self.database = WorkPool("database", store.prepare)

    async def get(self, request: Request) -> Response:
        """200 {"payload"}; 404 when nothing is kept of this user."""
        caller = await self._caller(request)
        found = await self.database.run(lambda: self.store.get(*who(caller)))
        if found is None:
            raise HTTPException(404, "nothing is kept of this user")
        return JSONResponse({"payload": found})

    async def put(self, request: Request) -> Response:
        """201 {} when it is the first payload of this user, 200 {} when it replaces one."""
        caller = await self._caller(request)
        try:
            body = msgspec.convert(await web.json_body(request, self.limit), Body)
        except msgspec.ValidationError as problem:
            raise HTTPException(422, str(problem)) from None
        if "\x00" in body.payload:
            raise HTTPException(422, "the payload must not hold a NUL character")
        is_first = await self.database.run(lambda: self.store.put(*who(caller), body.payload))
        return JSONResponse({}, 201 if is_first else 200)

    async def delete(self, request: Request) -> Response:
        """204: nothing is kept of this user any more."""
        caller = await self._caller(request)
        await self.database.run(lambda: self.store.delete(*who(caller)))
        return Response(status_code=204)

    async def ready(self) -> None:
        """Raises unless the database answers."""
        await self.database.run(self.store.ping)

    async def _caller(self, request: Request) -> Caller:
        slug, user = request.path_params["slug"], request.path_params["user"]
        if not USER.fullmatch(user):
            raise HTTPException(404, "no such user")
        caller = await self.tokens.caller(request)
        if caller.service != slug:
            raise HTTPException(403, "the token is of another service")
        if caller.user != user:
            raise HTTPException(403, "the token is of another user")
        return caller


def who(caller: Caller) -> tuple[str, str, str]:
    """What a user's entry is found by."""
    return caller.service, caller.namespace, caller.user


def build() -> Starlette:
    """The app, from the environment."""
    database = Database(setting("DATABASE_URL", "sqlite:////var/lib/user-datastore/answers.db"))
    tokens = TokenCache(setting("SERVICE_TOKEN_CACHE_ROOT_URL"))
    store = Store(database, number("KEEP_SECONDS", KEEP))
    api = Api(store, tokens, int(number("MAX_BODY_BYTES", 5_000_000)))
    routes = [
        Route(ADDRESS, api.get, methods=["GET"]),
        Route(ADDRESS, api.put, methods=["POST"]),
        Route(ADDRESS, api.delete, methods=["DELETE"]),
    ]
    return web.application(routes, ready=api.ready, lifespan=tokens.lifespan)


def main() -> None:
    web.serve("user-datastore", build)


if __name__ == "__main__":
    main()
