"""A check's look at the release that serves: it must be the one that was meant, from the start to the end.

A check that belongs to a commit (a stage of a pipeline, a CI job) is refused where another version serves,
and one during which another release came is superseded: neither verifies anything, and neither is a failure
of the version. A check that a person starts looks at whatever serves and counts for that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from toolkit.base.outcome import Failed, Interrupted, Kind, Outcome, PipelineError, Refused, TimedOut
from toolkit.base.spaces import Space
from toolkit.ci.systems import VENDORS
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import releases
from toolkit.cluster.release.releases import Release
from toolkit.cluster.standing import crashes, ill, reservation
from toolkit.cluster.standing.reservation import Place
from toolkit.objects import manifests
from toolkit.objects.resources import built_in
from toolkit.runs import undoing
from toolkit.settings.needed import SUPERSEDED, missing
from toolkit.settings.request import STAGE_FOLDER, Request, version

QUICK = ("healthcheck", "smoke")
"""The checks that come so soon after a deployment that a pod which exits at once may outlive them."""
LAST_SECONDS = 5.0

_NOT_THERE = {
    releases.FAILED: "its deployment failed",
    releases.CUT_SHORT: "its deployment was cut short",
    releases.DEPLOYING: "it is being deployed",
}


class Superseded(Refused):
    """Another release serves than the one that a check was started for."""

    def __init__(self, reason: str, *, by: str, remedy: str) -> None:
        super().__init__(reason, remedy=remedy)
        self.by = by

    @property
    def outcome(self) -> Outcome:
        """With the version that serves."""
        return super().outcome._replace(details={SUPERSEDED: self.by})


def meant(request: Request) -> str:
    """The version that a check was started for; "" for one that looks at whatever serves.

    The stages of a pipeline and the jobs of a CI system are for their commit, where they name their app: of
    all apps each may be at another one.
    """
    if request.anything or not request.named:
        return ""
    systems = {vendor.system for vendor in VENDORS}
    bound = STAGE_FOLDER in os.environ or request.source.system in systems
    return version(request.source) if bound else ""


def admit(request: Request, space: str, connection: Connection, release: Release) -> None:
    """Raises Superseded when a check that was started for a commit would look at something else: then what is
    reserved for its run is so no more."""
    wanted = meant(request)
    if not wanted or (release.version == wanted and release.state == releases.DEPLOYED):
        return
    app = request.app.name
    if release.version == wanted:
        reason = f"{space} does not serve {wanted} of {app}: {_NOT_THERE.get(release.state, release.state)}"
    else:
        serves = "serves" if release.state == releases.DEPLOYED else "was last given"
        reason = f"{space} {serves} {release.version} of {app}, not {wanted}"
    place = Place(connection, request.app.namespace_in(space), app)
    reservation.give_back(place, reservation.claim(request))
    raise Superseded(
        reason,
        by=release.version,
        remedy=f"run the deploy job again: make deploy APP={app} ENV={request.environment}\n"
        "or look at what is there, whatever version it is: ANY_VERSION=1",
    )


class Look:
    """One check of one release in one space."""

    def __init__(self, request: Request, space: Space, connection: Connection, release: Release) -> None:
        self.request = request
        self.space = space
        self.connection = connection
        self.release = release
        self.is_last = False  # whether the pass that was noted was the one that was missing

    @property
    def namespace(self) -> str:
        """The app's namespace there."""
        return self.request.app.namespace_in(self.space.name)

    @contextmanager
    def steady(self) -> Iterator[None]:
        """What fails inside is the release's failure only while that release serves. Raises Superseded."""
        try:
            yield
        except (Failed, TimedOut):
            self.assure(reachable=False)
            raise

    def assure(self, *, reachable: bool = True) -> None:
        """Raises Superseded when the check is for a commit and another release came meanwhile.

        Without `reachable` a cluster that does not answer is no error: nothing is known then.
        """
        try:
            now = releases.current(self.connection, self.namespace, self.request.app.name)
        except Failed:
            if reachable:
                raise
            return
        if meant(self.request):
            self._compare(now)

    def judged(self, check: str, work: Callable[[], Outcome], *, counts: bool = True) -> Outcome:
        """How the work of a check ended, and the pass noted for the release that it was about.

        Without `counts` nothing is noted. One that is for a commit keeps the app's reservation meanwhile, and
        gives it up with the last check, or where nothing comes after a failure. Raises what the work raises,
        and Superseded.
        """
        if not meant(self.request):
            return self._judged(check, work, counts=counts)
        place = Place(self.connection, self.namespace, self.request.app.name)
        mine = reservation.claim(self.request)
        try:
            with reservation.kept([place], mine):
                outcome = self._judged(check, work, counts=counts)
        except (Superseded, Interrupted):
            reservation.give_back(place, mine)
            raise
        except PipelineError:
            if not self._is_undone(check):
                reservation.give_back(place, mine)
            raise
        is_over = self.is_last if outcome.passed else not self._is_undone(check)
        if is_over or not reservation.lasts(self.request):
            reservation.give_back(place, mine)
        return outcome

    def _is_undone(self, check: str) -> bool:
        """Whether a rollback follows when this check fails; the reservation is given up after that."""
        request = self.request
        return request.place is not None and request.policy.rollback == "auto" and check in undoing.UNDONE

    def _judged(self, check: str, work: Callable[[], Outcome], *, counts: bool) -> Outcome:
        began = time.monotonic()
        with self.steady():
            outcome = work()
            if outcome.passed and counts and check in QUICK and meant(self.request):
                outcome = self._lasts(check, outcome, began + LAST_SECONDS)
        if not outcome.passed:
            self.assure(reachable=False)
            return outcome
        if counts:
            self.note(check)
        else:
            self.assure()
        return outcome

    def _lasts(self, check: str, outcome: Outcome, until: float) -> Outcome:
        """The outcome, if no pod of the release ended a moment after it was ready.

        The check that makes it verified looks for some seconds, those before it only once.
        """
        is_last = not missing(self.release.needed, {*self.release.checks, check})
        selector = manifests.selector_of(self.request.app)
        path = built_in("Pod").path(self.namespace)
        unwell = ill.before(self.connection, self.request.app, self.namespace, self.release)
        while True:
            items = self.connection.list(path, labelSelector=selector)["items"]
            if crashed := crashes.early(ill.without(items, unwell), self.release.restarts):
                first = crashed[0]
                remedy = f"see why: kubectl --namespace {self.namespace} logs --previous {first.pod}"
                said = tuple(each.sentence for each in crashed)
                return Outcome(Kind.FAILED, first.sentence, remedy, said, outcome.details)
            left = until - time.monotonic()
            if left <= 0 or not is_last:
                return outcome
            self.space.pause(min(0.5, left))

    def note(self, check: str) -> None:
        """Note a pass, if the same release was there all the time. Raises Superseded for one that is for a
        commit; one that is not says that nothing was noted."""
        app = self.request.app.name
        noted = releases.passed(self.connection, self.namespace, app, check, self.release)
        if noted is None:
            now = releases.current(self.connection, self.namespace, app)
            if meant(self.request):
                self._compare(now)
            there = f"{now.version} is there by now" if now else "it is gone by now"
            self.space.say(f"{check} is not noted for {self.release.version}: {there}")
        elif noted.verified:
            ends = check.partition(" ")[0] == (noted.needed or ("",))[-1]
            self.is_last = ends or not self.release.verified
            self.space.say(f"release {noted.version} is verified")

    def _compare(self, now: Release | None) -> None:
        mine, app, space = self.release, self.request.app.name, self.space.name
        if now is not None and now.id == mine.id:
            return
        by = now.version if now else ""
        run = f" in run {now.run}" if now and now.run else ""
        came = f"{_what(now)} came meanwhile, by {now.by}{run}" if now else "its record is gone"
        raise Superseded(
            f"{mine.version} of {app} is superseded in {space}, not verified: {came}",
            by=by,
            remedy=f"nothing was undone; to have {mine.version} there, run its deploy job again",
        )


def _what(release: Release) -> str:
    if release.back_from:
        return f"a rollback from {release.back_from} to {release.version}"
    return release.version
