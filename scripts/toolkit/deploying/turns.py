"""A deployment's turn in its spaces: taken one after the other, kept for the checks that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from toolkit.base.outcome import Failed, Misused, Outcome, PipelineError, Refused, TimedOut
from toolkit.base.spaces import Space, side_by_side
from toolkit.cluster.standing import reservation
from toolkit.cluster.standing.reservation import Place
from toolkit.deploying import in_space
from toolkit.settings.request import Request


@dataclass
class Turn:
    """goes_on: whether checks follow, for which it stays our turn."""

    goes_on: bool = False


@contextmanager
def taken(request: Request, spaces: Sequence[str], wait: float) -> Iterator[Turn]:
    """Have the app's reservation in these spaces, in an order that lets no two wait for each other.

    Raises what kept it from being had; what had been taken by then is given back.
    """
    mine = reservation.claim(request)
    places: list[Place] = []
    turn = Turn()

    def one(space: Space) -> Outcome:
        connection = in_space.connected(request, request.app, space)
        place = Place(connection, request.app.namespace_in(space.name), request.app.name)
        reservation.take(place, mine, space, wait)
        places.append(place)
        return Outcome()

    try:
        for name in sorted(spaces):
            got = side_by_side([name], one, request.say)
            if not got.passed:
                raise _as_error(got)
        with reservation.kept(places, mine, at_once=False):
            yield turn
    finally:
        if not (turn.goes_on and reservation.lasts(request)):
            for place in places:
                reservation.give_back(place, mine)


def _as_error(outcome: Outcome) -> PipelineError:
    kinds = {each.kind: each for each in (Misused, Refused, TimedOut)}
    return kinds.get(outcome.kind, Failed)(outcome.reason, remedy=outcome.remedy, evidence=outcome.evidence)
