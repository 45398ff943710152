"""Whose turn it is: an app's space is reserved for one run from its deployment to its last check.

A Lease with the run's name, which its stages and jobs hand on to each other. The last check gives it up, or
a failure; or it is not renewed any more (a dead process of this machine is seen at once). Those who wait
stand in its queue. A rollback asks nobody.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from toolkit.base.outcome import Failed, Refused
from toolkit.base.spaces import Space
from toolkit.ci.systems import workflow
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.release import lock
from toolkit.cluster.standing import queue
from toolkit.cluster.standing.queue import Claim
from toolkit.objects.fields import mapping, number, text
from toolkit.objects.resources import built_in
from toolkit.settings.request import STAGE_FOLDER, Request

Json = dict[str, Any]

# Between two stages of an engine pass moments, between two jobs of a CI system the wait for a machine.
STAGES_SECONDS, JOBS_SECONDS = 300, 600
RENEW_SECONDS = 20.0
POLL_SECONDS = 0.5
TRIES = 20


class Place(NamedTuple):
    """An app's reservation in a space."""

    connection: Connection
    namespace: str
    app: str

    @property
    def path(self) -> str:
        """The Lease."""
        return built_in("Lease").path(self.namespace, name_of(self.app))


def name_of(app: str) -> str:
    """The Lease's name."""
    return f"fb-{app}-reserved"


def claim(request: Request) -> Claim:
    """Who asks: a run of the pipeline, a CI system's run of jobs, or this one process."""
    who, branch = request.source.author or lock.somebody(), request.source.branch
    if STAGE_FOLDER in os.environ:
        return Claim(request.run, who, branch, lock.process_identity(os.getppid()), STAGES_SECONDS)
    if jobs := workflow(request.source.system, os.environ):
        return Claim(jobs, who, branch, "", JOBS_SECONDS)
    process = lock.process_identity()
    return Claim(request.run or process, who, branch, process, lock.GRANTED_SECONDS * 4)


def lasts(request: Request) -> bool:
    """Whether what this process reserves is for those that come after it too."""
    return STAGE_FOLDER in os.environ or bool(workflow(request.source.system, os.environ))


def take(place: Place, mine: Claim, space: Space, wait: float) -> None:
    """Take the reservation as soon as it is free and nobody stands before us.

    Raises Refused after `wait` seconds with who has it, and where we stood.
    """
    until = time.monotonic() + wait
    seen = queue.Seen()
    said = ""
    try:
        while True:
            live = place.connection.find(place.path)
            try:
                stands = queue.look(live, mine, seen, time.monotonic())
                if stands.is_mine or (stands.is_free and not stands.ahead):
                    _write(place, live, mine, stands.without(mine))
                    return None if stands.is_mine else _say_whose_it_was(live, space)
                if time.monotonic() > until:
                    raise _refused(place, space, live, stands, wait)
                if seen.is_due(mine, stands, time.monotonic()):
                    _write(place, live, None, stands.joined(mine))
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
                space.pause(0.05)  # somebody was quicker: look again
                continue
            now = f"waiting for {_whose(live)}; {stands.place}"
            if now != said:
                space.say(now)
                said = now
            space.pause(POLL_SECONDS)
    except BaseException:
        with contextlib.suppress(Failed):
            _leave(place, mine)
        raise


def give_back(place: Place, mine: Claim) -> None:
    """Let the next one have it, if it is ours; best effort: it expires by itself."""

    def work(live: Json) -> None:
        if text(live, "metadata", "annotations", lock.RUN) != mine.run:
            return
        waiting = queue.of(live)
        if waiting:
            _write(place, live, None, waiting, freed=True)
        else:
            metadata = mapping(live, "metadata")
            place.connection.delete(
                place.path, uid=text(metadata, "uid"), version=text(metadata, "resourceVersion")
            )

    with contextlib.suppress(Failed):
        _change(place, work)


@contextmanager
def kept(places: list[Place], mine: Claim, *, at_once: bool = True) -> Iterator[None]:
    """Renew what is ours while the block runs; what is free is taken, what is another's is left."""
    over = threading.Event()

    def renew() -> None:
        for place in places:
            with contextlib.suppress(Failed):
                _renew(place, mine)

    def go_on() -> None:
        while not over.wait(RENEW_SECONDS):
            renew()

    if at_once:
        renew()
    thread = threading.Thread(target=go_on, name="reservation", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(2.0)


def words(lease: Json | None, age: Callable[[str], str]) -> str:
    """For status: for whom, since when, and who waits; "" when it is free. age: how long ago."""
    if lease is None or not text(lease, "metadata", "annotations", lock.RUN) or queue.is_dead(lease):
        return ""
    renewed, granted = text(lease, "spec", "renewTime"), number(lease, "spec", "leaseDurationSeconds")
    said = f"reserved for {queue.shown(lease)} for {age(text(lease, 'spec', 'acquireTime'))}"
    said += f" (last seen {age(renewed)} ago, expires after {granted} s)"
    waiting = [each.shown for each in queue.of(lease)]
    return f"{said}; waiting: {', '.join(waiting)}" if waiting else said


def _renew(place: Place, mine: Claim) -> None:
    def work(live: Json | None) -> None:
        stands = queue.look(live, mine, queue.Seen(), time.monotonic())
        if stands.is_mine or (stands.is_free and not stands.waiting):
            _write(place, live, mine, stands.waiting)

    _change(place, work, absent=True)


def _leave(place: Place, mine: Claim) -> None:
    def work(live: Json) -> None:
        waiting = queue.of(live)
        left = [each for each in waiting if each.run != mine.run]
        if len(left) != len(waiting):
            _write(place, live, None, left)

    _change(place, work)


def _change(place: Place, work: Callable[[Any], None], *, absent: bool = False) -> None:
    """Read and let `work` write, again when somebody wrote in between."""
    for _ in range(TRIES):
        live = place.connection.find(place.path)
        if live is None and not absent:
            return
        try:
            work(live)
            return
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            time.sleep(0.02)


def _write(
    place: Place, live: Json | None, mine: Claim | None, waiting: list[Claim], *, freed: bool = False
) -> None:
    """Write the Lease with this holder (None: as it is; freed: nobody) and queue. Raises ApiError 409."""
    made = queue.lease(place.namespace, name_of(place.app), place.app, live, mine, waiting, freed=freed)
    if live is None:
        place.connection.create(built_in("Lease").path(place.namespace), made)
    else:
        place.connection.replace(place.path, made)


def _say_whose_it_was(live: Json | None, space: Space) -> None:
    """A run that still had it when it was free was cut short: it gave nothing back."""
    if live is not None and text(live, "metadata", "annotations", lock.RUN):
        space.say(
            f"taking over what was reserved for {queue.shown(live)}: it was cut short, its holder is gone"
        )


def _whose(live: Json | None) -> str:
    if live is None or not text(live, "metadata", "annotations", lock.RUN):
        return "its turn"
    return f"{queue.shown(live)}, for whom it is reserved until the last check"


def _refused(place: Place, space: Space, live: Json | None, stands: queue.Standing, wait: float) -> Refused:
    whose = queue.shown(live) if live is not None else "another run"
    return Refused(
        f"{place.app} in {space.name} is reserved for {whose}: {stands.place}",
        remedy=f"wait for its last check (make status ENV={space.name}); waited {wait:.0f} s (TURN_WAIT=)\n"
        f"in an emergency make rollback APP={place.app} ENV={space.name} asks nobody",
    )
