"""What happens to a release that failed: its evidence is kept, and the last verified one is put back.

What is gone back to was verified here once, or served before the first release. Migrations are not run
backwards: Jobs and Pods that end are left out, as are Secrets, whose data is not kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from toolkit.base.outcome import Failed, Kind, Misused, Outcome
from toolkit.base.spaces import Space
from toolkit.cluster import evidence
from toolkit.cluster.api.errors import ApiError, Unreachable
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.cluster.release import ordering, prune, release_store, releases
from toolkit.cluster.release.releases import Release
from toolkit.cluster.standing import reservation
from toolkit.deploying import change
from toolkit.deploying.site import Site, keep_evidence, locked, recorded
from toolkit.health import healthcheck
from toolkit.objects.resources import is_a
from toolkit.runs import undoing
from toolkit.settings.needed import has_suite
from toolkit.settings.request import Request, version
from toolkit.suites import running as suites
from toolkit.suites.ready import NotReady

Json = dict[str, Any]
SOAKED = ("watch", "acceptance")


class Rollback(NamedTuple):
    """How going back ended. to is the version that was put back, "" when there was none to go back to."""

    outcome: Outcome
    from_: str
    to: str = ""
    verified: bool = False

    @property
    def details(self) -> Json:
        """For the record."""
        return {
            "to": self.to or None,
            "from": self.from_,
            "outcome": self.outcome.kind.value,
            "reason": self.outcome.reason,
            "verified": self.verified,
        }

    @property
    def sentence(self) -> str:
        """For the end of a reason."""
        ended = undoing.Result("-", self.to, self.outcome.passed, self.verified, self.outcome.reason)
        return ended.clause


def after_failure(site: Site, release: Release, failed: Outcome, scene: Scene | None) -> Outcome:
    """What a failed deployment comes to: evidence first, then back to the last verified release if the
    environment asks for it. Never better than the failure itself."""
    summary = keep_evidence(site, release, failed, scene)
    with contextlib.suppress(Failed):  # out of reach: the next run finds it "deploying", with nobody at it
        releases.finish(site.connection, site.namespace, site.app.name, release.id, releases.FAILED)
    details = {**failed.details, "evidence": recorded(site.request, summary)}
    failed = failed._replace(details=details)
    if not site.is_automatic:
        by_hand = f"to go back: {_by_hand(site)}"
        manual = f"nothing: rollback is manual in {site.request.environment}"
        evidence.conclude(summary, "What was done", [manual, by_hand])
        return failed._replace(remedy=f"{failed.remedy}\n{by_hand}")
    back = go_back(site, release, failed.reason, hold=not failed.is_inconclusive)
    evidence.conclude(summary, "What was done", [back.sentence])
    return joined(failed, back)


def after_refusal(site: Site, release: Release, before: Release | None, failed: Outcome) -> Outcome:
    """A deployment of which the API server took nothing: nothing is to be undone, and nothing is held.

    before is the release that was there, and still is.
    """
    summary = keep_evidence(site, release, failed, None)
    row = asdict(before) if before is not None else None
    with contextlib.suppress(
        Failed
    ):  # else it is on record as cut short, and the next one goes on from there
        release_store.withdraw(site.connection, site.namespace, site.app.name, release.id, row)
    verified = " (verified)" if before is not None and before.is_good else ""
    still = f": {before.version} is still there{verified}" if before is not None else ""
    what = f"nothing was changed{still}"
    evidence.conclude(summary, "What was done", [what])
    details = {**failed.details, "evidence": recorded(site.request, summary)}
    return failed._replace(reason=f"{failed.reason}; {what}", details=details)


def joined(failed: Outcome, back: Rollback) -> Outcome:
    """A failure, and what going back came to, as one outcome."""
    remedy = failed.remedy if back.verified else "\n".join(filter(None, (back.outcome.remedy, failed.remedy)))
    return failed._replace(
        reason=f"{failed.reason}; {back.sentence}",
        remedy=remedy,
        evidence=(*failed.evidence, *back.outcome.evidence),
        details={**failed.details, "rollback": back.details},
    )


def undo(request: Request, space: Space, why: str, *, wait: float = 300.0, hold: bool = True) -> Outcome:
    """Put the last verified release back in a space, if what is there now is this run's and not verified.

    Without `hold` the version may be deployed again: nothing was found against it.
    For when a release failed after its deployment (its checks), or in another space of the environment.
    Raises NotDeployed, and Refused when somebody else deploys.
    """
    ours = version(request.source)
    with locked(request, space, wait) as (site, current), _turn_ends(request, site):
        if current.back_from == ours and current.state != releases.DEPLOYED:
            return _ended(resume(site, current), None)
        if current.version != ours:
            return Outcome(reason=f"{current.version} is there, not {ours}: there is nothing to undo")
        if current.is_good:
            return Outcome(reason=f"{site.app.name} {ours} is verified: there is nothing to undo")
        return _with_evidence(site, current, why, "", hold=hold)


@contextlib.contextmanager
def _turn_ends(request: Request, site: Site) -> Iterator[None]:
    """The run's reservation is given up with its rollback, however that ends."""
    try:
        yield
    finally:
        place = reservation.Place(site.connection, site.namespace, site.app.name)
        reservation.give_back(place, reservation.claim(request))


def by_hand(request: Request, space: Space, to: str, why: str, *, wait: float = 300.0) -> Outcome:
    """Put the last verified release before the current one back, or the one of version `to`.

    Raises NotDeployed, and Refused when somebody else deploys.
    """
    with locked(request, space, wait) as (site, current):
        return _with_evidence(site, current, why or f"rolled back by hand by {site.who}", to)


def _with_evidence(site: Site, current: Release, why: str, to: str, *, hold: bool = True) -> Outcome:
    summary = keep_evidence(site, current, Outcome(Kind.FAILED, why), None)
    back = go_back(site, current, why, to=to, hold=hold)
    evidence.conclude(summary, "What was done", [back.sentence])
    return _ended(back, recorded(site.request, summary))


def _ended(back: Rollback, summary: str | None) -> Outcome:
    details = {"rollback": back.details, **({"evidence": summary} if summary else {})}
    reason = back.sentence if back.outcome.passed else back.outcome.reason
    return back.outcome._replace(reason=reason, details=details)


def go_back(site: Site, undoing: Release, why: str, *, to: str = "", hold: bool = True) -> Rollback:
    """Put the last verified release (or that version) back, wait for its verdict, and verify it.

    What is undone is held from its first moment on, so that a crash in the middle cannot lose that; without
    `hold`, where nothing was found against it, it may be deployed again.
    """
    try:
        return _go_back(site, undoing, why, to, hold=hold)
    except Failed as error:
        reason = f"going back from {undoing.version} failed: {error.reason}"
        remedy = _look_now(site)
        if isinstance(error, Unreachable) or (isinstance(error, ApiError) and error.status in (401, 403)):
            reason = f"{reason}; the rollback is owed"
            remedy = f"once the cluster lets you in again: {_by_hand(site)}\n{remedy}"
        return Rollback(Outcome(Kind.FAILED, reason, remedy, error.evidence), undoing.version)


def _go_back(site: Site, undoing: Release, why: str, to: str, *, hold: bool) -> Rollback:
    connection, namespace, app, space = site.connection, site.namespace, site.app, site.space
    site.held.assure()
    known = releases.history(connection, namespace, app.name)
    held = releases.holds(connection, namespace, app.name)
    target = releases.last_good(known, undoing, held, to)
    found = releases.objects_of(connection, namespace, app.name, target) if target else None
    if target is None or found is None:
        return Rollback(_nothing_to_go_back_to(site, known, undoing, target, to), undoing.version)
    found = change.before(connection, app, namespace, found, (known, undoing, target))
    if releases.content_of(found) == undoing.content and dict(target.images) == dict(undoing.images):
        return Rollback(_only_configuration(site, undoing), undoing.version)
    if hold:
        releases.hold(connection, namespace, app.name, undoing, site.who, why)
    else:
        space.say(f"nothing was found against {undoing.version}: it may be deployed again")
    space.say(f"going back from {undoing.version} to {target.version} of {target.at}")
    at = releases.now()
    # These took their time when the release came; what is quick is asked again.
    soaked = {name: when for name, when in target.checks.items() if name in SOAKED}
    again = replace(
        target,
        id=releases.new_id(target.version, at),
        by=site.who,
        at=at,
        run=site.request.run,
        back_from=undoing.version,
        verified=False,
        checks=soaked,
    )
    again = releases.begin(connection, namespace, app.name, again, found)
    return _restore(site, again, found)


def resume(site: Site, again: Release) -> Rollback:
    """Finish a rollback that was cut short."""
    space, app = site.space, site.app
    space.say(f"finishing the rollback to {again.version} that was cut short in run {again.run}")
    found = releases.objects_of(site.connection, site.namespace, app.name, again)
    if found is None:
        reason = f"what was applied for {again.version} is not kept any more"
        return Rollback(Outcome(Kind.FAILED, reason, _look_now(site)), again.back_from)
    return _restore(site, again, found)


def _restore(site: Site, again: Release, found: Sequence[Json]) -> Rollback:
    """Apply a release as it was and judge it: a verdict, then every pod asked, then its smoke tests."""
    connection, namespace, app, space = site.connection, site.namespace, site.app, site.space
    kept = [obj for obj in found if not is_a(obj, "Secret") and not ordering.runs_once(obj)]
    verdict = change.put(connection, app, namespace, kept, space, site.held, force=True, returning=True)
    undone = again.back_from
    if not verdict.outcome.passed:
        releases.finish(connection, namespace, app.name, again.id, releases.FAILED)
        reason = f"going back to {again.version} failed: {verdict.outcome.reason}"
        failed = verdict.outcome._replace(
            reason=reason, remedy=f"{_look_now(site)}\n{verdict.outcome.remedy}"
        )
        return Rollback(failed, undone, again.version)
    if not app.restart:
        prune.prune(connection, prune.leftovers(connection, namespace, app.name, found, space.say), space)
    releases.finish(connection, namespace, app.name, again.id, releases.DEPLOYED, restarts=verdict.restarts)
    checked = _check(site)
    if not checked.passed:
        reason = f"{again.version} is back, but {checked.reason}"
        return Rollback(checked._replace(reason=reason), undone, again.version)
    current = releases.current(connection, namespace, app.name)
    verified = current is not None and current.id == again.id and current.verified
    return Rollback(Outcome(reason=f"{again.version} is back"), undone, again.version, verified)


def _check(site: Site) -> Outcome:
    """The checks that make a release verified, on what serves now."""
    request = site.request._replace(
        app=site.app,
        spaces=(site.space.name,),
        named=True,
        anything=True,
        seen=site.request.source_of(site.app),
    )
    found = healthcheck.in_space(request, site.space, healthcheck.Rule())
    if not found.passed or not has_suite(site.app, "smoke", site.request.environment):
        return found
    try:
        return suites.in_space(request, "smoke", site.space, again=True)
    except (Misused, NotReady) as error:  # nothing was found against it: it is back, and not verified yet
        site.space.say(f"its smoke suite could not be run: {error.reason}")
        return found


def _nothing_to_go_back_to(
    site: Site, known: Sequence[Release], undoing: Release, target: Release | None, to: str
) -> Outcome:
    app, space = site.app.name, site.space.name
    verified = list(
        dict.fromkeys(each.version for each in known if each.is_good and not each.is_same(undoing))
    )
    if target is not None:
        why = f": {target.unkept}" if target.unkept else " any more"
        reason = f"what was applied for {target.version} is not kept in {space}{why}"
    else:
        reason = (
            f"{app} has no verified {f'release {to}' if to else 'earlier release'} in {space} to go back to"
        )
    none = "no other release was ever verified there" if to else "deploy a corrected version"
    remedy = f"verified before: {', '.join(verified)}" if verified else none
    return Outcome(Kind.FAILED, reason, remedy)


def _only_configuration(site: Site, undoing: Release) -> Outcome:
    what = "only ConfigMaps or Secrets that it reads in the cluster have changed"
    reason = f"{undoing.version} is what would be put back in {site.space.name}: {what}"
    remedy = "correct the ConfigMap or Secret that changed, and deploy again"
    return Outcome(Kind.FAILED, reason, remedy)


def _by_hand(site: Site) -> str:
    return f"make rollback APP={site.app.name} ENV={site.space.name}"


def _look_now(site: Site) -> str:
    where = f"APP={site.app.name} ENV={site.space.name}"
    return f"look now: make status {where}, make healthcheck {where}"
