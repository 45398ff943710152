"""The pages, for people: what is published where, publishing, unpublishing. They work without scripts."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import jinja2
from fb_platform import web
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from publisher.access import COOKIE, LIFE, Access
from publisher.wishes import Wishes, shown
from publisher.words import sentence

FORM = "application/x-www-form-urlencoded"
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
Page = Callable[[Request], Awaitable[Response]]


class Pages:
    """Handlers of the pages. Whoever has not signed in gets 401 and the page to do so.

    `secure`: the cookie is for https only. A setting, because X-Forwarded-Proto does not tell: the API
    server, by which the cluster's own people come, always says https.
    """

    def __init__(self, wishes: Wishes, access: Access, limit: int, secure: bool) -> None:
        self.wishes, self.access, self.limit, self.secure = wishes, access, limit, secure
        self.templates = jinja2.Environment(
            loader=jinja2.PackageLoader("publisher"), autoescape=True, undefined=jinja2.StrictUndefined
        )

    def routes(self) -> list[Route]:
        return [
            Route("/", self._signed_in(self.overview)),
            Route("/publish", self._signed_in(self.publish), methods=["GET", "POST"]),
            Route("/unpublish/{space}/{slug}", self._signed_in(self.unpublish), methods=["GET", "POST"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self._signed_in(self.sign_out), methods=["POST"]),
        ]

    async def overview(self, request: Request) -> Response:
        """GET /: every form with its state and address, by space."""
        forms = [shown(form) for form in await self.wishes.forms()]
        state = await self.wishes.state()
        for space in state["spaces"]:
            space["forms"] = [form for form in forms if form["space"] == space["space"]]
        return self._page(request, "overview.html", **state)

    async def publish(self, request: Request) -> Response:
        """GET and POST /publish: paste a form's JSON, choose the space."""
        given = {"space": "", "form": ""}
        if request.method == "GET":
            return self._publish_page(request, given)
        given.update(await self._fields(request))
        try:
            document = json.loads(given["form"])
        except (ValueError, RecursionError):
            return self._publish_page(request, given, 400, "form", "The form’s metadata must be JSON.")
        try:
            await self.wishes.publish(given["space"], document)
        except HTTPException as refusal:
            field = "space" if given["space"] not in self.wishes.spaces.names else "form"
            return self._publish_page(request, given, refusal.status_code, field, sentence(refusal.detail))
        return RedirectResponse("/", 303)

    async def unpublish(self, request: Request) -> Response:
        """GET asks whether that is meant, POST does it."""
        form = await self.wishes.form(**request.path_params)
        if request.method == "GET":
            return self._page(request, "unpublish.html", form=shown(form))
        await self._fields(request)
        await self.wishes.unpublish(form.space, form.slug)
        return RedirectResponse("/", 303)

    async def sign_in(self, request: Request) -> Response:
        """POST /sign-in with the token: a cookie, and on to the overview; 403 for a wrong one."""
        if not self.access.is_token((await self._body(request)).get("token", "")):
            return self._page(request, "sign_in.html", 403, problem="The token is not right.")
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE, self.access.session(), max_age=LIFE, httponly=True, samesite="strict", secure=self.secure
        )
        return answer

    async def sign_out(self, request: Request) -> Response:
        """POST /sign-out."""
        await self._fields(request)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self.secure)
        return answer

    def _signed_in(self, page: Page) -> Page:
        async def handle(request: Request) -> Response:
            if not self.access.is_session(request.cookies.get(COOKIE, "")):
                return self._page(request, "sign_in.html", 401, problem="")
            try:
                return await page(request)
            except HTTPException as refusal:
                return self._page(
                    request, "refused.html", refusal.status_code, reason=sentence(refusal.detail)
                )

        return handle

    def _publish_page(
        self, request: Request, given: dict[str, str], status: int = 200, field: str = "", problem: str = ""
    ) -> Response:
        names = self.wishes.spaces.names
        return self._page(
            request, "publish.html", status, given=given, names=names, field=field, problem=problem
        )

    async def _fields(self, request: Request) -> dict[str, str]:
        """What was sent from one of our own pages; 403 if it was not."""
        fields = await self._body(request)
        if not self.access.is_word(fields.pop("word", ""), request.cookies.get(COOKIE, "")):
            raise HTTPException(403, "this was not sent from a page of the publisher; go back and try again")
        return fields

    async def _body(self, request: Request) -> dict[str, str]:
        """The fields of a web form. 415 for another content type, 413 above the limit."""
        body = await web.body(request, self.limit, FORM)
        try:
            found = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=20)
        except ValueError:
            raise HTTPException(400, "there are too many fields") from None
        return {name: values[0] for name, values in found.items()}

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        session = request.cookies.get(COOKIE, "")
        signed_in = template != "sign_in.html"
        word = self.access.word(session) if signed_in else ""
        text = self.templates.get_template(template).render(word=word, signed_in=signed_in, **values)
        return HTMLResponse(text, status, SAFE)
