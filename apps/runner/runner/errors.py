"""What a person sees when something is wrong: always a page, never JSON."""

from fb_platform import logs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from runner.pages import Unavailable
from runner.views import Views

WORDS = {
    403: (
        "Your session has ended",
        "We could not tell that this form came from you, so nothing was saved. "
        "Go back to the start of the service; what you saved before is still there.",
    ),
    404: ("Page not found", "If you typed or pasted the web address, check that it is correct and complete."),
    405: ("Page not found", "This address can not be used in that way."),
    413: (
        "That was too much",
        "Go back and choose smaller files, or fewer at a time.",
    ),
}
OTHERWISE = ("Sorry, that did not work", "What you sent could not be understood. Go back and try again.")
BROKEN = (
    "Sorry, there is a problem with the service",
    "Try again later. What you saved before is still there.",
)


def install(app: Starlette, views: Views) -> None:
    """Let every error of the app be answered with a page."""

    async def refused(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        heading, text = WORDS.get(status, OTHERWISE)
        return views.page("error", request, status, heading=heading, text=text)

    async def unavailable(request: Request, problem: Exception) -> Response:
        logs.error(
            f"unavailable: {problem.__cause__}", problem.__cause__, request_id=request.state.request_id
        )
        post = problem.post if isinstance(problem, Unavailable) else None
        if post is None:
            heading, text = BROKEN
            response = views.page("error", request, 503, heading=heading, text=text)
        else:
            response = views.page("unavailable", request, 503, typed=post.typed, lost=post.has_files)
        response.headers["retry-after"] = "5"
        return response

    async def broken(request: Request, problem: Exception) -> Response:
        logs.error("request failed", problem)
        heading, text = BROKEN
        return views.page("error", request, 500, heading=heading, text=text)

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Unavailable, unavailable)
    app.add_exception_handler(Exception, broken)
