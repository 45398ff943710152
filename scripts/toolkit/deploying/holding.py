"""A version that was rolled back is refused until somebody insists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolkit.base.outcome import Failed, Outcome, Refused
from toolkit.base.spaces import Space, side_by_side
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import lock, releases
from toolkit.cluster.standing import configuration
from toolkit.deploying import change, in_space, recovery
from toolkit.deploying.in_space import Options
from toolkit.deploying.site import Site
from toolkit.settings.request import Request, version


def refuse(request: Request, spaces: Sequence[str], built: Mapping[str, str], options: Options) -> None:
    """Raises Refused for a version that was rolled back in one of the spaces, unless somebody insists.

    A rollback that was cut short is finished first: the version that it undoes must not stay.
    """
    if options.insist:
        return
    app = request.app
    said: list[str] = []

    def one(space: Space) -> Outcome:
        connection = in_space.connected(request, app, space)
        namespace = app.namespace_in(space.name)
        known = releases.holds(connection, namespace, app.name)
        if not known:
            return Outcome()
        found = change.wanted(connection, app, in_space.values(request, app, space.name, built, connection))
        if not app.restart:
            found = configuration.with_stamps(connection, namespace, found)
        content = releases.content_of(found)
        hold = releases.held(known, version(request.source), content)
        if hold is None:
            return Outcome()
        said.append(f"{space.name}: held since {hold.at} by {hold.by}: {hold.why}")
        return _finish_what_was_cut_short(request, connection, space, options)

    finished = side_by_side(spaces, one, request.say)
    if said:
        raise Refused(
            f"{app.name} {version(request.source)} was rolled back and is held: {'; '.join(sorted(said))}"
            + (f" ({finished.reason})" if finished.reason else ""),
            remedy="deploy a corrected version; or this one all the same, if the cause is gone: FORCE=1",
        )
    if not finished.passed:
        raise Failed(finished.reason, remedy=finished.remedy, evidence=finished.evidence)


def _finish_what_was_cut_short(
    request: Request, connection: Connection, space: Space, options: Options
) -> Outcome:
    app, namespace = request.app, request.app.namespace_in(space.name)
    current = releases.current(connection, namespace, app.name)
    if current is None or not current.back_from or current.state == releases.DEPLOYED:
        return Outcome()
    who = request.source.author or lock.somebody()
    with lock.held(
        connection, namespace, app.name, run=request.run, who=who, space=space, wait=options.lock_wait
    ) as held:
        current = releases.current(connection, namespace, app.name)
        if current is None or not current.back_from or current.state == releases.DEPLOYED:
            return Outcome()
        back = recovery.resume(Site(request, app, space, connection, held), current)
        return back.outcome._replace(details={"rollback": back.details})
