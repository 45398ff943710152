"""What `make watch` looks at: one app, or several side by side, in every space of an environment."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.base.outcome import Failed, Misused, Outcome
from toolkit.base.spaces import Space, side_by_side
from toolkit.health.healthcheck import NotDeployed
from toolkit.settings.model import App
from toolkit.settings.request import Request
from toolkit.watch import soak


def chosen(request: Request, word: str) -> list[App]:
    """The apps that APP= names: names with commas; without one, or "all", every app that has code."""
    if word and word != "all":
        named = [request.config.app(name) for name in word.split(",")]
        for app in named:
            app.require_written()
        return named
    return [app for app in request.config.apps.values() if not (app.pending or app.common)]


def over(request: Request, given: float | None, long: soak.Long | None) -> Outcome:
    """Watch the request's one app in its spaces: for so many seconds, or for its soak time there."""
    seconds = request.policy.soak if given is None else given
    return side_by_side(request.spaces, lambda space: soak.watch(request, space, seconds, long), request.say)


def over_several(
    request: Request, apps: Sequence[App], given: float | None, long: soak.Long | None, *, named: bool
) -> Outcome:
    """Watch several apps at the same time, each in each of its spaces by itself: for so many seconds, or each
    for its own soak time.

    One that is not deployed is passed over unless it was named; it fails when nothing is there to be watched.
    """
    if request.place is None:
        raise Misused("ENV is missing")
    pairs = {f"{app.name} {space}": (app, space) for app in apps for space in app.spaces_in(request.place)}
    absent: list[str] = []

    def one(pair: Space) -> Outcome:
        app, name = pairs[pair.name]
        asked = request._replace(app=app, spaces=(name,), named=named, seen=None)
        seconds = asked.policy.soak if given is None else given
        try:
            return soak.watch(asked, Space(name, pair.say, pair.stop), seconds, long)
        except NotDeployed as error:
            if named:
                raise
            absent.append(pair.name)
            return Outcome(reason=error.reason)

    outcome = side_by_side(list(pairs), one, request.say)
    if len(absent) == len(pairs):
        where = request.place.word
        raise Failed(
            f"nothing that could be watched is deployed in {where}",
            remedy=f"make deploy APP=<app> ENV={where}",
        )
    return outcome
