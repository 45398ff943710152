"""Every pod and the app itself answer, several times in a row, and run the digest that was deployed.

Pods are asked through the API server's pod proxy, the app through its Service: no port needs to be open.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from toolkit.base.outcome import Failed, Outcome
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.api.errors import ApiError, is_namespace_missing
from toolkit.cluster.release import releases
from toolkit.cluster.release.releases import Release
from toolkit.cluster.standing import verified
from toolkit.cluster.standing.verified import Look
from toolkit.health import troubles
from toolkit.health.restarted import Restarted
from toolkit.health.rounds import Rounds
from toolkit.health.troubles import Trouble
from toolkit.objects.resources import built_in
from toolkit.settings.model import App
from toolkit.settings.request import Request

# A pod that is replaced while we look must not be called by its last moments.
LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Rule:
    """How often in a row everything must answer, the seconds between rounds, and until when to try."""

    rounds: int = 3
    interval: float = 0.5
    within: float = 60.0


class NotDeployed(Failed):
    """The app is not there; the remedy is the command that puts it there."""

    def __init__(self, app: App, space: str) -> None:
        remedy = f"make deploy APP={app.name} ENV={space}"
        super().__init__(f"{app.name} is not deployed in {space}: {remedy}", remedy=remedy)


def where_deployed(request: Request, work: Callable[[Space], Outcome]) -> Callable[[Space], Outcome]:
    """The same work, but an app that is not there is passed over unless it was asked for by name."""

    def one(space: Space) -> Outcome:
        try:
            return work(space)
        except NotDeployed as error:
            if request.named:
                raise
            return Outcome(reason=error.reason)

    return one


def reached(request: Request, space: Space) -> Connection:
    """A connection to a space whose namespace exists. Raises NotDeployed where we would make it."""
    app = request.app
    try:
        where = app.where(space.name)
        return connect(request.cluster, where, request.root, namespace=where.namespace)
    except ApiError as error:
        if request.cluster.provision and is_namespace_missing(error):
            raise NotDeployed(app, space.name) from None
        raise


def deployed(request: Request, space: Space) -> tuple[Connection, Release]:
    """A connection to a space and the release that runs there.

    Raises NotDeployed when there is none, Superseded when it is not the one that a check is for.
    """
    connection = reached(request, space)
    release = releases.current(connection, request.app.namespace_in(space.name), request.app.name)
    if release is None:
        raise NotDeployed(request.app, space.name)
    verified.admit(request, space.name, connection, release)
    return connection, release


def in_space(request: Request, space: Space, rule: Rule) -> Outcome:
    """The verdict for one space.

    Raises NotDeployed when the app is not there, Superseded when it is not the release that is meant.
    """
    connection, release = deployed(request, space)
    look = Look(request, space, connection, release)
    return look.judged("healthcheck", lambda: _ask(request, space, rule, connection, release))


def _ask(request: Request, space: Space, rule: Rule, connection: Connection, release: Release) -> Outcome:
    """What waiting cannot heal is called after as many rounds as a pass needs; the rest gets its time."""
    app = request.app
    namespace = app.namespace_in(space.name)
    named = app.service_in(space.name)
    service = connection.find(built_in("Service").path(namespace, named)) if named else {}
    if service is None:
        raise NotDeployed(app, space.name)
    until = time.monotonic() + rule.within
    kind = Restarted if app.restart else Rounds
    rounds = kind(connection, app, namespace, service, release, space, until, bool(verified.meant(request)))
    good = hopeless = 0
    wrong: list[Trouble] = []  # of the last round that was finished
    while good < rule.rounds:
        space.check()
        heard = troubles.ordered(rounds.once())
        if not rounds.is_cut or not wrong:
            wrong = heard
        good = 0 if wrong or rounds.is_cut else good + 1
        if good == rule.rounds:
            break
        hopeless = hopeless + 1 if troubles.will_stay(wrong) else 0
        if (
            troubles.is_certain(wrong)
            or hopeless == max(rule.rounds, LEAST_ROUNDS)
            or time.monotonic() + rule.interval > rounds.until
        ):
            few = f"only {good} of {rule.rounds} rounds were good within {rule.within:g} s"
            return rounds.failed(wrong, few)
        rounds.say(wrong)
        space.pause(rule.interval)
    return rounds.passed(rule.rounds)
