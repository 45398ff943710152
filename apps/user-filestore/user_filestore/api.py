"""The routes of the user filestore."""

import base64
import binascii
import re
from typing import Annotated

import msgspec
from fb_platform import web
from fb_platform.pool import WorkPool
from fb_platform.settings import SettingError, number, setting
from fb_platform.tokens import NAME, USER, TokenCache
from msgspec import Meta, Struct, field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from user_filestore.kinds import is_allowed, kind_of
from user_filestore.sealing import File, Sealer
from user_filestore.storage import from_settings
from user_filestore.store import DAY, Store

FILES = "/service/{slug}/user/{user}"
FILE = FILES + "/{fingerprint}"
COPY = FILE + "/presigned-s3-url"
PUBLIC = "/public/{name}"
FINGERPRINT = re.compile(r"\d{1,3}d-[0-9a-f]{64}")
LARGEST = 20_000_000  # bytes of one file, whatever a form's policy says
SAFE = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}


class Policy(Struct):
    """What a form takes: patterns of media types, bytes, and for how many days it is kept."""

    allowed_types: list[str] | None = None
    max_size: Annotated[int, Meta(ge=1)] = LARGEST
    expires: Annotated[int, Meta(ge=1, le=365)] = 28


class Upload(Struct):
    """The body of a POST."""

    file: str
    encrypted_user_id_and_token: str = ""
    policy: Policy = field(default_factory=Policy)


class Api:
    """Handlers of the user filestore's routes."""

    def __init__(self, store: Store, tokens: TokenCache, *, services: str, platform: str, limit: int) -> None:
        """services, platform: the namespaces of the forms, and of the submitter."""
        self.store, self.tokens, self.limit = store, tokens, limit
        self.services, self.platform = services, platform
        self.root = setting("PUBLIC_ROOT_URL", "").rstrip("/")
        self.storage = WorkPool("storage")

    async def upload(self, request: Request) -> Response:
        """201 {fingerprint, size, type, date}; 400 {name: invalid.type or invalid.too-large}."""
        slug, user = await self._allowed(request)
        try:
            body = msgspec.convert(await web.json_body(request, self.limit), Upload)
            content = base64.b64decode(body.file, validate=True)
        except (msgspec.ValidationError, binascii.Error) as problem:
            raise HTTPException(422, str(problem)) from None
        except ValueError:
            raise HTTPException(422, "file is not base64") from None
        if len(content) > (most := min(body.policy.max_size, LARGEST)):
            return _invalid("too-large", f"the file is larger than {most} bytes")
        kind = kind_of(content)
        if not is_allowed(kind, body.policy.allowed_types):
            return _invalid("type", f"a file of type {kind} is not taken")
        days = body.policy.expires
        fingerprint, file = await self.storage.run(lambda: self.store.put(slug, user, content, kind, days))
        about = {"fingerprint": fingerprint, "size": len(content), "type": kind, "date": int(file.expires)}
        return JSONResponse(about, 201)

    async def download(self, request: Request) -> Response:
        """200 with the file's bytes; 404 when it is not there, or no longer."""
        file = await self._file(request)
        return Response(file.content, media_type=file.kind, headers=SAFE)

    async def delete(self, request: Request) -> Response:
        """204: the file is not there any more."""
        slug, user = await self._allowed(request)
        await self.storage.run(lambda: self.store.delete(slug, user, _fingerprint(request)))
        return Response(status_code=204)

    async def publish(self, request: Request) -> Response:
        """201 {url, encryption_key, encryption_iv}: a fresh copy in AES-256-CBC for whoever has the url."""
        file = await self._file(request)
        name, key, iv = await self.storage.run(lambda: self.store.publish(file.content))
        root = self.root or str(request.base_url).rstrip("/")
        answer = {
            "url": root + PUBLIC.format(name=name),
            "encryption_key": base64.b64encode(key).decode(),
            "encryption_iv": base64.b64encode(iv).decode(),
        }
        return JSONResponse(answer, 201)

    async def published(self, request: Request) -> Response:
        """200 with the copy; 404 for a name that is not known, or no longer."""
        file = await self.storage.run(lambda: self.store.published(request.path_params["name"]))
        if file is None:
            raise HTTPException(404, "no such file")
        return Response(file.content, media_type=file.kind, headers=SAFE)

    async def ready(self) -> None:
        """Raises unless the storage takes files."""
        await self.storage.run(self.store.storage.ping)

    async def _file(self, request: Request) -> File:
        slug, user = await self._allowed(request)
        file = await self.storage.run(lambda: self.store.get(slug, user, _fingerprint(request)))
        if file is None:
            raise HTTPException(404, "no such file")
        return file

    async def _allowed(self, request: Request) -> tuple[str, str]:
        """Service and user that the address names, if the caller may: the form itself, or the submitter on
        its behalf, for this very user."""
        slug, user = request.path_params["slug"], request.path_params["user"]
        fingerprint = request.path_params.get("fingerprint")
        if not NAME.fullmatch(slug) or not USER.fullmatch(user):
            raise HTTPException(404, "no such service or user")
        if fingerprint is not None and not FINGERPRINT.fullmatch(fingerprint):
            raise HTTPException(404, "no such file")
        caller = await self.tokens.caller(request)
        signed_by = (caller.service, caller.namespace)
        is_form = signed_by == (slug, self.services)
        is_submitter = signed_by == ("submitter", self.platform) and caller.acts_for == slug
        if not is_form and not is_submitter:
            raise HTTPException(403, "the token is of another service")
        if caller.user != user:
            raise HTTPException(403, "the token is of another user")
        return slug, user


def _fingerprint(request: Request) -> str:
    return str(request.path_params["fingerprint"])


def _invalid(why: str, message: str) -> Response:
    return JSONResponse({"code": 400, "name": f"invalid.{why}", "message": message}, 400)


def build() -> Starlette:
    """The app, from the environment."""
    secret = setting("STORAGE_SECRET")
    if len(secret) < 32:
        raise SettingError("STORAGE_SECRET must have 32 characters or more")
    store = Store(from_settings(), Sealer(secret), number("PUBLIC_SECONDS", DAY))
    tokens = TokenCache(setting("SERVICE_TOKEN_CACHE_ROOT_URL"))
    api = Api(
        store,
        tokens,
        services=setting("SERVICES_NAMESPACE"),
        platform=setting("NAMESPACE"),
        limit=int(number("MAX_BODY_BYTES", 28_000_000)),
    )
    routes = [
        Route(FILES, api.upload, methods=["POST"]),
        Route(FILE, api.download, methods=["GET"]),
        Route(FILE, api.delete, methods=["DELETE"]),
        Route(COPY, api.publish, methods=["POST"]),
        Route(PUBLIC, api.published, methods=["GET"]),
    ]
    return web.application(routes, ready=api.ready, lifespan=tokens.lifespan)


def main() -> None:
    web.serve("user-filestore", build)


if __name__ == "__main__":
    main()
