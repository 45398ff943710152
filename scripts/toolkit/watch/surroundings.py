"""What a watch has to know beside the pods: whether it sees them, and whether somebody deploys just now."""

from __future__ import annotations

import time

from toolkit.base.outcome import Failed
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.api.watch import Watcher
from toolkit.cluster.release import lock
from toolkit.objects.fields import text
from toolkit.objects.resources import built_in

# How long the end waits for pods that cannot be seen, and how long a refused credential may come back.
BLIND_SECONDS = 60.0


class Seeing:
    """Whether the pods can be seen; says when that changes. Times are monotonic seconds."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.is_clear = False
        self.blind: float | None = None  # since when
        self.error: Failed | None = None

    def check(self, watcher: Watcher, now: float, *, until: float) -> None:
        """Look whether the watcher sees. Raises what is in its way when that does not get better.

        until is when the watch would be over. Refused at the very first, it gives up at once.
        """
        self.error = watcher.troubles.get("Pod")
        self.is_clear = self.error is None and "Pod" in watcher.synced
        if self.error is not None and self.blind is None:
            self.blind = now
            since = time.strftime("%H:%M:%S UTC", time.gmtime())
            self.space.say(f"cannot see the pods since {since}: {self.error.reason}; trying again")
        elif self.is_clear and self.blind is not None:
            away = f"{now - self.blind:.0f} s"
            self.space.say(f"can see the pods again, after {away}; restarts in between are counted")
            self.blind = None
        if self.is_clear:
            return
        refused = isinstance(self.error, ApiError) and self.error.status in (401, 403)
        too_long = refused and self.blind is not None and now - self.blind > BLIND_SECONDS
        if now - until > BLIND_SECONDS or too_long or (refused and "Pod" not in watcher.synced):
            raise self.error or Failed("the pods could not be seen")


class Deployment:
    """Whether a deployment of the app is under way: its lock is held, and renewed."""

    def __init__(self, connection: Connection, namespace: str, app: str) -> None:
        self._connection = connection
        self._path = built_in("Lease").path(namespace, lock.name_of(app))
        self._version, self._since = "", 0.0
        self._asked, self._answer = float("-inf"), False

    def is_under_way(self, now: float, *, old: float = 0.0) -> bool:
        """An answer may be that many seconds old. A cluster that does not answer changes nothing."""
        if now - self._asked <= old:
            return self._answer
        self._asked = now
        try:
            lease = self._connection.find(self._path)
        except Failed:
            return self._answer
        version = text(lease, "metadata", "resourceVersion")
        if version != self._version:
            self._version, self._since = version, now
        self._answer = bool(version) and now - self._since <= lock.GRANTED_SECONDS
        return self._answer
