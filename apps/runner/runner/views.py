"""Pages as HTML. Everything is relative: the app may be reached below any path."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from fb_platform.forms import CHECK_ANSWERS, Component, Form, Page
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from runner import answers
from runner.answers import Problem
from runner.journey import Journey
from runner.state import State, shown

HERE = Path(__file__).parent
HEADERS = {
    # answers must not stay in caches, nor a resume link reach another site by Referer
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}


class Views:
    """Renders the templates for one form."""

    def __init__(self, form: Form) -> None:
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.globals.update(form=form, ADDRESS=answers.ADDRESS, OPTIONAL=_optional)
        self.templates.filters.update(paragraphs=_paragraphs, size=_size)
        self.stylesheet = (HERE / "assets" / "style.css").read_bytes()

    def page(self, name: str, request: Request, status: int = 200, **values: Any) -> Response:
        """The template <name>.html. `csrf` is the session's token, None where there is no session."""
        given = {"csrf": None, "back": None, "problems": (), "root": root(request), **values}
        return HTMLResponse(self.templates.get_template(f"{name}.html").render(given), status, HEADERS)

    def css(self) -> Response:
        return Response(self.stylesheet, media_type="text/css", headers={"cache-control": "max-age=300"})


def root(request: Request) -> str:
    """From the address of this request to that of the start page, relative."""
    below = request.url.path.removeprefix(request.scope.get("root_path", "")).count("/") - 1
    return "../" * below or "./"


def fields(page: Page, state: State, problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """What the template of a page shows of each question."""
    return [
        {
            "component": each,
            "answer": state.answers.get(each.id) or ({} if each.kind == "address" else ""),
            "files": state.uploads.get(each.id, []),
            "error": next((one.text for one in problems if one.field.partition(".")[0] == each.id), None),
            "wrong": {one.field for one in problems},
            "alone": len(page.components) == 1 and not page.body and not page.heading,
        }
        for each in page.components
    ]


def summary(way: Journey, state: State) -> list[dict[str, Any]]:
    """The rows of the check answers page, by page."""
    return [
        {"page": page, "rows": [(each, _lines(each, state)) for each in page.components]}
        for page in way.pages
        if page.components
    ]


def back(way: Journey, url: str) -> str:
    """The address of the page before this one, relative to it."""
    urls = [page.url for page in way.pages]
    place = len(urls) if url == CHECK_ANSWERS else urls.index(url)
    return urls[place - 1] if place else "./"


def _lines(component: Component, state: State) -> list[str]:
    if component.kind == "upload":
        return [each.filename for each in state.uploads.get(component.id, [])]
    return shown(state.answers.get(component.id, ""))


def _optional(component: Component) -> str:
    return component.label if component.required else f"{component.label} (optional)"


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def _size(number: int) -> str:
    """Bytes for a person."""
    for unit, name in ((1_000_000, "MB"), (1_000, "KB")):
        if number >= unit:
            return f"{number / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{number} bytes"
