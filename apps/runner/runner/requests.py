"""Reading a request of a browser: who it is from, what it brings, and whether it may."""

from collections.abc import Sequence

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from runner.sealing import LIFE, Broken, Sealer, new_user

FIELDS = 1_000
PATIENCE = 10  # how many times the largest body is heard to its end
TYPED = 1_000_000  # bytes of one field that is not a file


class InMemory(MultiPartParser):
    """What a person uploads never touches this container's disk; `Posts` limits how much there can be."""

    spool_max_size = 2**31


class Visitor:
    """The user behind a request, by cookie; one who has none yet gets a new id."""

    def __init__(self, request: Request, sealer: Sealer, slug: str, secure: bool) -> None:
        self.sealer, self.cookie, self.secure = sealer, f"form-{slug}", secure
        try:
            self.user, self.is_new = sealer.user_of("cookie", request.cookies[self.cookie]), False
        except (KeyError, Broken):
            self.user, self.is_new = new_user(), True

    @property
    def form_token(self) -> str:
        return self.sealer.form_token(self.user)

    def remember(self, response: Response, user: str | None = None) -> Response:
        """Set the cookie: it holds nothing but the user's id, sealed, and no script can read it."""
        response.set_cookie(
            self.cookie,
            self.sealer.give_pass("cookie", user or self.user),
            max_age=LIFE,
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )
        return response

    def forget(self, response: Response) -> Response:
        response.delete_cookie(self.cookie, httponly=True, samesite="lax", secure=self.secure)
        return response


class Post:
    """The fields and files of a POST whose form is known to be ours."""

    def __init__(self, data: FormData) -> None:
        self.data = data

    def all(self, name: str) -> Sequence[str]:
        return [each for each in self.data.getlist(name) if isinstance(each, str)]

    def one(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def files(self, name: str) -> list[UploadFile]:
        """Files that were chosen; a browser sends an empty one without a name where none was."""
        return [each for each in self.data.getlist(name) if isinstance(each, UploadFile) and each.filename]

    @property
    def has_files(self) -> bool:
        return any(isinstance(each, UploadFile) and each.filename for _, each in self.data.multi_items())

    @property
    def typed(self) -> list[tuple[str, str]]:
        """What has to be sent again to repeat this request, but for files."""
        return [(name, value) for name, value in self.data.multi_items() if isinstance(value, str)]


async def read_post(request: Request, visitor: Visitor, limit: int) -> Post:
    """The form. 413 above `limit` bytes, 415 and 400 for what is no form, 403 when it is not one of ours."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none"):
        raise HTTPException(403, "the form was sent by another site")
    if int(request.headers.get("content-length", "0") or 0) > limit:
        await _let_it_talk(request, PATIENCE * limit)
        raise HTTPException(413, f"the body must not be larger than {limit} bytes")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limited = Request(request.scope, _limited(request, limit))
    try:
        if not kind:
            data = FormData()
        elif kind == "application/x-www-form-urlencoded":
            data = await FormParser(limited.headers, limited.stream()).parse()
        elif kind == "multipart/form-data":
            parser = InMemory(
                limited.headers, limited.stream(), max_files=50, max_fields=FIELDS, max_part_size=TYPED
            )
            data = await parser.parse()
        else:
            raise HTTPException(415, "the content type must be that of a form")
    except (MultiPartException, KeyError, UnicodeDecodeError):
        raise HTTPException(400, "the body is not a form") from None
    post = Post(data)
    if visitor.is_new or not visitor.sealer.is_form_token(visitor.user, post.one("_csrf")):
        raise HTTPException(403, "the form is not of this session")
    return post


async def _let_it_talk(request: Request, limit: int) -> None:
    """Hear a body that is too large, without keeping it: a browser reads no answer before it has said all."""
    async for piece in request.stream():
        limit -= len(piece)
        if limit < 0:
            return


def _limited(request: Request, limit: int) -> Receive:
    """Receives the body as it comes, up to the limit: a length need not be announced, or be true."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"the body must not be larger than {limit} bytes")
        return message

    return receive
