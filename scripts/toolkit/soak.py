"""Watches the pods of an app for restarts during a time: the soak after a release, or a long look."""

from __future__ import annotations

import time

from toolkit import manifests
from toolkit.cluster import pods, releases
from toolkit.cluster.connection import Connection
from toolkit.cluster.errors import ApiError
from toolkit.cluster.fields import name, uid
from toolkit.cluster.watch import Watcher
from toolkit.healthcheck import deployed
from toolkit.outcome import Failed, Kind, Outcome
from toolkit.request import Request
from toolkit.spaces import Space

REPORT_SECONDS = 30.0
TICK_SECONDS = 1.0
LOG_LINES = 10


def watch(request: Request, space: Space, seconds: float) -> Outcome:
    """Watch one space for that long; failed at its end when a pod restarted, with each restart told once.

    Restarts count from the deployment on (its record holds the baseline), so that none falls between the
    deployment and this. Raises NotDeployed, and Interrupted.
    """
    app = request.app
    namespace = app.namespace_in(space.name)
    connection, release = deployed(request, space)
    look = _Look(connection, namespace, space, dict(release.restarts))
    query = {"labelSelector": f"{manifests.APP_GROUP}={manifests.group_of(app.name)}"}
    until = time.monotonic() + seconds
    report = time.monotonic() + REPORT_SECONDS
    space.say(f"watching the pods of {app.name} {release.version} for {seconds:.0f} s")
    with Watcher(connection, namespace, {"Pod": query}) as watcher:
        while True:
            left = until - time.monotonic()
            changes = watcher.wait(max(0.0, min(TICK_SECONDS, left)))
            space.check()
            error = watcher.troubles.get("Pod")
            if isinstance(error, ApiError) and error.status in (401, 403):
                raise error
            if "Pod" in watcher.synced and changes:
                look.at(watcher)
            if left <= 0:
                break
            if time.monotonic() > report:
                report = time.monotonic() + REPORT_SECONDS
                space.say(f"{look.summary(watcher)}; {max(0.0, left):.0f} s to go")
        if "Pod" not in watcher.synced:
            raise watcher.troubles.get("Pod") or Failed(f"the pods of {app.name} could not be seen")
        summary = look.summary(watcher)
    if look.told:
        lead = look.told[0]
        more = f"; and {len(look.told) - 1} more" if len(look.told) > 1 else ""
        return Outcome(
            Kind.FAILED,
            f"{lead}{more}",
            remedy=f"read the log above; to go back: make rollback APP={app.name} ENV={space.name}",
            evidence=tuple(look.evidence),
            details={"restarts": look.told},
        )
    soak = request.place.environment.soak if request.place else 0.0
    long_enough = seconds >= soak
    if long_enough and releases.passed(connection, namespace, app.name, "watch", release.images):
        space.say(f"release {release.version} is verified")
    return Outcome(reason=f"{app.name} {release.version}: {summary} in {seconds:.0f} s")


class _Look:
    """What was seen of the pods so far. Memory is bounded by the pods that exist."""

    def __init__(
        self, connection: Connection, namespace: str, space: Space, baseline: dict[str, int]
    ) -> None:
        self.connection = connection
        self.namespace = namespace
        self.space = space
        self.baseline = baseline
        self.told: list[str] = []
        self.evidence: list[str] = []
        self._alarmed: set[str] = set()

    def at(self, watcher: Watcher) -> None:
        """Tell every restart and alarm that was not told before."""
        current = watcher.all("Pod")
        for pod in current:
            if pods.leaves(pod):
                continue
            for restart in pods.restarts(pod, self.baseline):
                self.baseline[f"{uid(pod)}/{restart.container}"] = restart.total
                self._tell(restart.sentence)
                self._log(restart.pod, restart.container)
            for alarm in pods.alarms(pod):
                if alarm.sentence not in self._alarmed:
                    self._alarmed.add(alarm.sentence)
                    self._tell(alarm.sentence)
        present = {uid(pod) for pod in current}
        self.baseline = {key: n for key, n in self.baseline.items() if key.partition("/")[0] in present}
        names = {f"Pod/{name(pod)}" for pod in current}
        self._alarmed = {text for text in self._alarmed if text.split(" ", 1)[0] in names}

    def summary(self, watcher: Watcher) -> str:
        """How the pods are, in a clause."""
        current = [pod for pod in watcher.all("Pod") if not pods.leaves(pod)]
        ready = sum(1 for pod in current if pods.is_ready(pod))
        times = {0: "no restart", 1: "1 restart"}.get(len(self.told), f"{len(self.told)} restarts")
        return f"{ready} of {len(current)} pods ready, {times}"

    def _tell(self, sentence: str) -> None:
        self.told.append(sentence)
        self.space.say(sentence)

    def _log(self, pod: str, container: str) -> None:
        log = self.connection.logs(self.namespace, pod, container, previous=True, lines=LOG_LINES)
        for line in log.splitlines():
            self.evidence.append(f"log of {pod}/{container} before the restart: {line}")
            self.space.say(f"  | {line}")
