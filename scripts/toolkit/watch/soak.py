"""Watches the pods of an app in a space: the soak after a release, or a long look that tells the channel.

The soak fails as soon as a pod restarts (a moment later, so that two causes are both named). A long look goes
on to its end, whatever it sees; deployments may come and go meanwhile, and what happens to pods while one is
under way is that deployment's to judge.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.alerting.slack import Message
from toolkit.base.outcome import Failed, Interrupted, Kind, Outcome
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.watch import Change, Watcher
from toolkit.cluster.release import releases
from toolkit.cluster.release.releases import Release
from toolkit.cluster.standing import ill, verified
from toolkit.cluster.standing.verified import Look
from toolkit.health.healthcheck import deployed
from toolkit.objects import manifests
from toolkit.objects.resources import built_in
from toolkit.settings.request import Request
from toolkit.watch import last_words
from toolkit.watch.causes import Cause, Causes, ended, raised
from toolkit.watch.channel import Channel
from toolkit.watch.lookout import Lookout
from toolkit.watch.sight import Sight, What
from toolkit.watch.surroundings import BLIND_SECONDS, Deployment, Seeing

REPORT_SECONDS = 30.0
TICK_SECONDS = 1.0
# After the first alarm of a soak: what broke the release often breaks more than one of its pods.
COLLECT_SECONDS = 2.0
KEPT_SENTENCES = 20
KEPT_EVIDENCE = 60


@dataclass(frozen=True)
class Long:
    """A long look: whom it tells, and after how many quiet seconds a cause is over."""

    channel: Channel
    quiet: float


def watch(request: Request, space: Space, seconds: float, long: Long | None = None) -> Outcome:
    """Watch one app in one space for that long; 0 looks once. Raises NotDeployed, and Interrupted.

    Restarts count from the deployment on (its record holds the baseline), so that none falls between the
    deployment and this. Raises Superseded when another release comes during a watch that is for a commit.
    """
    connection, release = deployed(request, space)
    look = _Look(request, space, connection, release, long)
    space.say(f"watching the pods of {request.app.name} {look.release.version} for {seconds:.0f} s")

    def work() -> Outcome:
        try:
            look.run(seconds)
        except Interrupted:
            space.say(f"until it was interrupted: {look.summary}")
            raise
        return look.outcome(seconds)

    if verified.meant(request):
        return Look(request, space, connection, release).judged("watch", work, counts=look.is_whole(seconds))
    outcome = work()
    # A release that came while this watched has been watched for the rest of the time only.
    if outcome.passed and look.is_whole(seconds) and time.monotonic() - look.since >= look.soak:
        Look(request, space, connection, look.release).note("watch")
    return outcome


class _Look:
    def __init__(
        self, request: Request, space: Space, connection: Connection, release: Release, long: Long | None
    ) -> None:
        self.request, self.app, self.space, self.long = request, request.app, space, long
        self.connection, self.release = connection, release
        self.namespace = self.app.namespace_in(space.name)
        self.selector = manifests.selector_of(self.app)
        known = releases.history(connection, self.namespace, self.app.name)
        self.release = _running(known) or release
        self.ill = ill.before(connection, self.app, self.namespace, self.release)
        self.lookout = Lookout(_baseline(known))
        self.deployment = Deployment(connection, self.namespace, self.app.name)
        self.seeing = Seeing(space)
        self.causes = Causes(long.quiet if long else 0.0)
        self.alarms = 0
        self.told: list[str] = []  # the first sentences
        self.evidence: list[str] = []
        self.since = time.monotonic()  # since when this release is watched

    def run(self, seconds: float) -> None:
        """Look until the time is over; a soak only until a moment after the first alarm."""
        query = {"labelSelector": self.selector}
        until, report = self.since + seconds, self.since + REPORT_SECONDS
        with Watcher(self.connection, self.namespace, {"Pod": query, "ReplicaSet": query}) as watcher:
            while True:
                changes = watcher.wait(max(0.05, min(TICK_SECONDS, until - time.monotonic())))
                self.space.check()
                now = time.monotonic()
                self.seeing.check(watcher, now, until=until)
                if any(change.what == "synced" and change.kind == "Pod" for change in changes):
                    self._look_again(now)  # a deployment may have come and gone unseen
                sights = [sight for change in changes for sight in self._taken(change, now)]
                self._judge([*sights, *self._due(now)], now)
                if self.alarms and not self.long:
                    until = min(until, now + COLLECT_SECONDS)
                if now >= until and ((self.alarms and not self.long) or self._last_look(now, until)):
                    return
                self._over(now)
                if now > report:
                    report = now + REPORT_SECONDS
                    self._look_again(now)
                    self.space.say(f"{self.summary}; {max(0.0, until - now):.0f} s to go")

    @property
    def summary(self) -> str:
        """How the pods are, in a clause."""
        times = {0: "no restart", 1: "1 alarm"}.get(self.alarms, f"{self.alarms} alarms")
        return f"{self.lookout.ready} of {self.lookout.alive} pods ready, {times}"

    @property
    def soak(self) -> float:
        """How long a release is to be watched here."""
        return self.request.policy.soak

    def is_whole(self, seconds: float) -> bool:
        """Whether a watch of that length is a check of the release."""
        return seconds >= self.soak

    def outcome(self, seconds: float) -> Outcome:
        """The verdict."""
        name, version = self.app.name, self.release.version
        details: dict[str, Any] = {"version": version, "pods": self.lookout.alive, "restarts": self.told}
        causes = list(self.causes.known.values())
        if self.alarms:
            leads = [cause.told if self.long else cause.sentence for cause in causes]
            reason = "; ".join(leads[:3]) + (f"; and {len(leads) - 3} more" if len(leads) > 3 else "")
            remedy = f"read the log above; to go back: make rollback APP={name} ENV={self.space.name}"
            return Outcome(Kind.FAILED, reason, remedy, tuple(self.evidence), details)
        return Outcome(reason=f"{name} {version}: {self.summary} in {seconds:.0f} s", details=details)

    def _taken(self, change: Change, now: float) -> list[Sight]:
        """What a change shows, without the pods of what was ill before the release."""
        if change.kind == "Pod" and change.what in ("changed", "deleted"):
            return self.lookout.take(change, now) if ill.without([change.object], self.ill) else []
        kept = ill.without(change.items, self.ill) if change.kind == "Pod" else change.items
        return list(self.lookout.take(change._replace(items=tuple(kept)), now))

    def _last_look(self, now: float, until: float) -> bool:
        """List once more: nothing is said to be well because of a stream that fell silent."""
        if not self.seeing.is_clear:
            return False
        path = built_in("Pod").path(self.namespace)
        try:
            items = self.connection.list(path, labelSelector=self.selector)["items"]
        except Failed:
            if now - until > BLIND_SECONDS:
                raise
            return False
        self._judge(
            self.lookout.take(Change("Pod", "synced", items=tuple(ill.without(items, self.ill))), now), now
        )
        return True

    def _due(self, now: float) -> list[Sight]:
        """What time brings up; readiness is the deployment's business while there is one."""
        judging = self.lookout.is_overdue(now) and not self.deployment.is_under_way(now, old=TICK_SECONDS * 3)
        return self.lookout.due(now, judging=judging)

    def _judge(self, sights: Sequence[Sight], now: float) -> None:
        """Tell what was seen; what is an alarm counts."""
        if sights:
            self._look_again(now)
        for sight in sights:
            if sight.what is What.RESTART and sight.total <= self.release.restarts.get(sight.key, 0):
                continue
            if sight.alarm and self.deployment.is_under_way(now):
                self.space.say(f"{sight.sentence}; a deployment is under way, and judges it")
            elif sight.alarm:
                self._alarm(sight, now)
            else:
                self.space.say(sight.sentence)

    def _alarm(self, sight: Sight, now: float) -> None:
        self.alarms += 1
        lines = last_words.log(self.connection, self.namespace, sight)
        if said := last_words.answer(self.connection, self.namespace, sight):
            sight = sight._replace(sentence=f"{sight.sentence}: {said}")
        if len(self.told) < KEPT_SENTENCES:
            self.told.append(sight.sentence)
        self.evidence += lines[: max(0, KEPT_EVIDENCE - len(self.evidence))]
        cause = self.causes.seen(sight, lines, now)
        if cause and self.long:
            self._tell(raised(cause, self.app.name, self.space.name, self.release.version), cause, sight)
            return
        self.space.say(sight.sentence)
        for line in () if self.long else lines:
            self.space.say(f"  | {line}")

    def _over(self, now: float) -> None:
        if self.long is None or not self.seeing.is_clear:
            return
        for cause in self.causes.over(self.lookout.lasting(), now):
            self._tell(ended(cause, self.app.name, self.space.name, self.long.quiet), cause)

    def _tell(self, message: Message, cause: Cause, sight: Sight | None = None) -> None:
        """To the terminal and to the channel.

        A restart is named by its pod and count: another watch that comes upon it does not tell it again.
        """
        assert self.long is not None  # noqa: S101
        self.space.say(message.plain)
        mark = f"{sight.uid}-{sight.total}" if sight and sight.total else f"{self.request.run}-{cause.opened}"
        words = ["watch", self.app.name, self.space.name, cause.container, cause.reason, mark]
        words += [] if sight else ["over"]
        key = "".join(char if char.isalnum() or char in "-_" else "-" for char in "-".join(words))
        self.long.channel.tell(key[:200], message)

    def _look_again(self, now: float) -> None:
        """Take note of a release that came meanwhile. What cannot be asked now is asked next time."""
        try:
            newest = _running(releases.history(self.connection, self.namespace, self.app.name))
        except Failed:
            return
        if newest is None:
            return
        if newest.id != self.release.id:
            if verified.meant(self.request):
                Look(self.request, self.space, self.connection, self.release).assure()
            self.space.say(f"release {newest.version} was deployed: watching it from now on")
            self.since = now
        self.release = newest


def _running(known: Sequence[Release]) -> Release | None:
    """The newest release that was deployed to its end."""
    return next((release for release in known if release.state == releases.DEPLOYED), None)


def _baseline(known: Sequence[Release]) -> dict[str, int]:
    """Restart counts at the end of each deployment that is known: pods may be older than the newest."""
    found: dict[str, int] = {}
    for release in known:
        for key, count in release.restarts.items():
            found[key] = max(found.get(key, 0), int(count))
    return found
