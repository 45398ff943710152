"""The handlers of the form's own pages: show, take answers, check, submit, confirm."""

from contextlib import suppress

from fb_platform.forms import CHECK_ANSWERS, Component, Form, Page
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runner import answers, journey, views
from runner.answers import Problem
from runner.collaborators import Away, Collaborators, Unfit
from runner.requests import Post, Visitor, read_post
from runner.sealing import Sealer, new_user
from runner.settings import Settings
from runner.state import State, Upload
from runner.submitting import NotComplete, Submitting
from runner.views import Views

TYPED = 1_000_000  # bytes of a request to a page that takes no files
SEE_OTHER = 303


class Unavailable(Exception):
    """Somebody else is away. `post` is what the person sent, to be offered for sending again."""

    def __init__(self, visitor: Visitor, post: Post | None = None) -> None:
        super().__init__()
        self.visitor, self.post = visitor, post


class Pages:
    """One form, shown to whoever comes."""

    def __init__(self, settings: Settings, sealer: Sealer, others: Collaborators, shown: Views) -> None:
        self.settings, self.sealer, self.others, self.views = settings, sealer, others, shown
        self.form: Form = settings.form
        self.by_url = {page.url: page for page in self.form.pages}
        self.submitting = Submitting(self.form, others, settings.webhook_root)

    def visitor(self, request: Request) -> Visitor:
        return Visitor(request, self.sealer, self.form.slug, self.settings.secure_cookie)

    async def start(self, request: Request) -> Response:
        """GET /: what this is, and the way on for somebody who was here before."""
        visitor = self.visitor(request)
        state = State() if visitor.is_new else await self.load(visitor, request)
        goal = None if state.is_empty or state.submitted else journey.of(self.form, state).goal
        first = self.form.pages[0].url
        return self.views.page(
            "start", request, csrf=None if visitor.is_new else visitor.form_token, first=first, goal=goal
        )

    async def show(self, request: Request) -> Response:
        """GET /<page>: the page, or the one that has to be filled in before it."""
        visitor, page = self.visitor(request), self.page(request)
        state = State() if visitor.is_new else await self.load(visitor, request)
        if state.submitted:  # it begins anew: the confirmation has been seen, its mark may go
            with suppress(Away):
                await self.others.forget(visitor.user, request.state.request_id)
            visitor.user, state = new_user(), State()
        way = journey.of(self.form, state)
        if not way.has(page.url):
            return RedirectResponse(way.goal, SEE_OTHER)
        return visitor.remember(self.render(request, visitor, page, state, ()))

    async def take(self, request: Request) -> Response:
        """POST /<page>: keep what was typed; on to the next page if all is well with it."""
        visitor, page = self.visitor(request), self.page(request)
        has_files = any(each.kind == "upload" for each in page.components)
        post = await read_post(request, visitor, self.settings.body if has_files else TYPED)
        try:
            return await self._taken(request, visitor, page, post)
        except Away as problem:
            raise Unavailable(visitor, post) from problem

    async def _taken(self, request: Request, visitor: Visitor, page: Page, post: Post) -> Response:
        user, request_id = visitor.user, request.state.request_id
        state = await self.others.load(user, request_id)
        if state.submitted:
            return RedirectResponse("confirmation", SEE_OTHER)
        way = journey.of(self.form, state)
        if not way.has(page.url):
            return RedirectResponse(way.goal, SEE_OTHER)
        before = {each.fingerprint for each in state.files}
        unfit = [await self._read(each, post, visitor, state, request) for each in page.components]
        refused = [each for each in unfit if each]
        named = {each.field for each in refused}  # a file that was refused is not also missing
        problems = [*refused, *(each for each in answers.problems(page, state) if each.field not in named)]
        stays = bool(post.one("_remove")) or bool(problems and not post.one("_save"))
        state.done = [url for url in state.done if url != page.url]
        if not problems and not stays:
            state.done.append(page.url)
        await self.others.save(user, state, request_id)
        for fingerprint in before - {each.fingerprint for each in state.files}:
            with suppress(Away):  # it expires by itself
                await self.others.drop_file(user, fingerprint, request_id)
        if post.one("_remove"):
            return RedirectResponse(page.url, SEE_OTHER)
        if post.one("_save"):
            return RedirectResponse("session/save", SEE_OTHER)
        if problems:
            return visitor.remember(self.render(request, visitor, page, state, problems, 422))
        return visitor.remember(RedirectResponse(journey.of(self.form, state).goal, SEE_OTHER))

    async def _read(
        self, component: Component, post: Post, visitor: Visitor, state: State, request: Request
    ) -> Problem | None:
        """Put the answer to one question into the state; files go to the filestore first."""
        name = component.id
        if component.kind != "upload":
            state.answers[name] = answers.read(component, post.all)
            return None
        asked = post.one("_remove")
        kept = [each for each in state.uploads.get(name, []) if asked != f"{name}:{each.fingerprint}"]
        state.uploads[name] = kept
        chosen = post.files(name)
        if component.max_files == 1 and chosen:
            kept = []  # the new one takes the place of the old one, but only if it is taken
        if len(kept) + len(chosen) > component.max_files:
            return Problem(name, f"{component.label}: choose no more than {component.max_files} files")
        try:
            for file in chosen:
                added = await self._keep(file.filename or "", await file.read(), visitor, request)
                kept = [*kept, added]
        except Unfit as problem:
            return Problem(name, f"{component.label}: {problem}")
        finally:
            if kept:
                state.uploads[name] = kept
        return None

    async def _keep(self, given: str, content: bytes, visitor: Visitor, request: Request) -> Upload:
        if not content:
            raise Unfit("the selected file is empty")
        if len(content) > self.settings.uploads:
            raise Unfit(f"the selected file must be smaller than {self.settings.uploads // 1_000_000} MB")
        name = answers.file_name(given)
        return await self.others.keep_file(visitor.user, name, content, request.state.request_id)

    async def check(self, request: Request) -> Response:
        """GET /check-answers."""
        visitor = self.visitor(request)
        state = State() if visitor.is_new else await self.load(visitor, request)
        if state.submitted:
            return RedirectResponse("confirmation", SEE_OTHER)
        way = journey.of(self.form, state)
        if way.missing:
            return RedirectResponse(way.goal, SEE_OTHER)
        return self.views.page(
            "check",
            request,
            csrf=visitor.form_token,
            back=views.back(way, CHECK_ANSWERS),
            sections=views.summary(way, state),
        )

    async def submit(self, request: Request) -> Response:
        """POST /check-answers: submit once, then the confirmation."""
        visitor = self.visitor(request)
        post = await read_post(request, visitor, TYPED)
        try:
            done = await self.submitting.submit(visitor.user, request.state.request_id)
        except NotComplete:
            return RedirectResponse(CHECK_ANSWERS, SEE_OTHER)
        except Away as problem:
            raise Unavailable(visitor, post) from problem
        if not done.marked:
            return self._confirmed(request, visitor, done.reference)
        return RedirectResponse("confirmation", SEE_OTHER)

    async def confirm(self, request: Request) -> Response:
        """GET /confirmation."""
        visitor = self.visitor(request)
        state = State() if visitor.is_new else await self.load(visitor, request)
        if not state.submitted:
            return RedirectResponse("./", SEE_OTHER)
        return self._confirmed(request, visitor, state.reference)

    def _confirmed(self, request: Request, visitor: Visitor, reference: str) -> Response:
        return self.views.page("confirmation", request, csrf=visitor.form_token, reference=reference)

    def page(self, request: Request) -> Page:
        found = self.by_url.get(request.path_params["page"])
        if found is None:
            raise HTTPException(404, "no such page")
        return found

    async def load(self, visitor: Visitor, request: Request) -> State:
        """The visitor's state; Unavailable when the datastore is away."""
        try:
            return await self.others.load(visitor.user, request.state.request_id)
        except Away as problem:
            raise Unavailable(visitor) from problem

    def render(
        self,
        request: Request,
        visitor: Visitor,
        page: Page,
        state: State,
        problems: list[Problem] | tuple[()],
        status: int = 200,
    ) -> Response:
        way = journey.of(self.form, state)
        return self.views.page(
            "page",
            request,
            status,
            csrf=visitor.form_token,
            page=page,
            back=views.back(way, page.url),
            fields=views.fields(page, state, problems),
            problems=problems,
            largest=self.settings.uploads,
        )
