"""Leaving and coming back: the page with the resume link, the link itself, and the end of it all."""

from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runner import journey
from runner.collaborators import Away
from runner.pages import SEE_OTHER, TYPED, Pages, Unavailable
from runner.requests import read_post
from runner.sealing import LIFE, Broken


class Sessions:
    """Handlers of /session/... and /resume/..."""

    def __init__(self, pages: Pages) -> None:
        self.pages, self.others, self.sealer = pages, pages.others, pages.sealer

    async def saved(self, request: Request) -> Response:
        """GET /session/save: the link with which another browser goes on."""
        visitor = self.pages.visitor(request)
        if visitor.is_new:
            return RedirectResponse("../", SEE_OTHER)
        state = await self.pages.load(visitor, request)
        if state.submitted:
            return RedirectResponse("../confirmation", SEE_OTHER)
        return self.pages.views.page(
            "saved",
            request,
            csrf=visitor.form_token,
            link=self.sealer.give_pass("resume", visitor.user),
            days=LIFE // 86_400,
            goal=journey.of(self.pages.form, state).goal,
        )

    async def resume(self, request: Request) -> Response:
        """GET /resume/<token>: whoever holds the link is that user. 404 when it is forged or has expired."""
        visitor = self.pages.visitor(request)
        try:
            visitor.user = self.sealer.user_of("resume", request.path_params["token"])
        except Broken:
            raise HTTPException(404, "no such link") from None
        state = await self.pages.load(visitor, request)
        goal = "confirmation" if state.submitted else journey.of(self.pages.form, state).goal
        return visitor.remember(RedirectResponse(f"../{goal}", SEE_OTHER))

    async def end(self, request: Request) -> Response:
        """POST /session/end: answers and uploads are removed; what has been submitted stays submitted.

        Uploads that belong to a submission with actions stay, too: the submitter may not have sent them yet.
        """
        visitor = self.pages.visitor(request)
        post = await read_post(request, visitor, TYPED)
        user, request_id = visitor.user, request.state.request_id
        try:
            state = await self.others.load(user, request_id)
            for fingerprint in {each.fingerprint for each in state.files}:
                await self.others.drop_file(user, fingerprint, request_id)
            await self.others.forget(user, request_id)
        except Away as problem:
            raise Unavailable(visitor, post) from problem
        return visitor.forget(RedirectResponse("end", SEE_OTHER))

    async def ended(self, request: Request) -> Response:
        """GET /session/end: says that it is done."""
        visitor = self.pages.visitor(request)
        if not visitor.is_new:  # not ended at all
            with suppress(Unavailable):
                if not (await self.pages.load(visitor, request)).is_empty:
                    return RedirectResponse("../", SEE_OTHER)
        return self.pages.views.page("ended", request)
