"""Whether what the watch shows may be believed: is it of today, and may it be seen at all?"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.api.watch import Change
from toolkit.cluster.diagnosis.kinds import table
from toolkit.cluster.verdict.sight import ASK_SECONDS, Sight
from toolkit.cluster.verdict.timeline import Timeline
from toolkit.objects.fields import name as name_of
from toolkit.objects.fields import objects, text

# News is as new as its stream; what has not changed for so long is asked for again before a verdict falls.
OLD_SECONDS = 2.0
# A credential that worked, or its permission, may be away for as long as an API server takes to start.
REFUSED_SECONDS = 10.0
_FORBIDDEN, _GONE = 403, 404


class Trust:
    """Doubts, before a verdict falls on what is seen."""

    def __init__(self, connection: Connection, sight: Sight, timeline: Timeline) -> None:
        self._connection = connection
        self._sight = sight
        self._timeline = timeline
        self._changed: dict[str, float] = {}  # when a kind's stream last said something
        self._asked = -math.inf
        self._refused_since: float | None = None

    def note(self, changes: Iterable[Change], now: float) -> None:
        """Take note of what the streams said."""
        self._changed.update((change.kind, now) for change in changes)

    def is_current(self, shown: str, now: float) -> bool:
        """Whether an object still is as the watch showed it: an open stream may have stopped to speak."""
        kind, _, name = shown.partition("/")
        if kind not in self._sight.needed or now - self._changed.get(kind, now) < OLD_SECONDS:
            return True
        if now - self._asked < ASK_SECONDS:
            return False
        try:
            live = self._live(kind, name)
        except ApiError as error:
            if error.status == _FORBIDDEN:
                return True  # nobody may ask: the stream is all there is to go by
            self._asked = time.monotonic()
            return False
        except Failed:
            self._asked = time.monotonic()
            return False
        version = text(self._sight.watcher.named(kind, name), "metadata", "resourceVersion")
        if version == text(live, "metadata", "resourceVersion"):
            return True
        self._asked = time.monotonic()
        self._timeline.add(f"{shown} has changed and the watch did not show it: listing anew")
        self._sight.watcher.doubt()
        return False

    def _live(self, kind: str, name: str) -> Any:
        """The object as it is, None when it is gone. Some credentials may list a kind, and not get one."""
        try:
            return self._connection.json("GET", self._sight.path(kind, name), timeout=ASK_SECONDS)
        except ApiError as error:
            if error.status == _GONE:
                return None
            if error.status != _FORBIDDEN:
                raise
        query = {"fieldSelector": f"metadata.name={name}"}
        found = self._connection.json("GET", self._sight.path(kind), query=query, timeout=ASK_SECONDS)
        return next((each for each in objects(found, "items") if name_of(each) == name), None)

    def check(self, now: float, running: Sequence[str]) -> bool:
        """Do without what may not be read; whether the rest may be judged now.

        Raises ApiError when the credential is refused for good, or when none of what runs may be read.
        """
        self._sight.hide(now, REFUSED_SECONDS)
        hopeless = bool(running) and all(map(self._is_hidden, running))
        refused = next((each for each in self._refusals() if each.status == 401 or hopeless), None)
        if refused is None:
            self._refused_since = None
            return True
        self._refused_since = now if self._refused_since is None else self._refused_since
        if now - self._refused_since >= (REFUSED_SECONDS if self._sight.watcher.synced else 0.0):
            raise refused
        return False

    def _refusals(self) -> list[ApiError]:
        known = self._sight.watcher.troubles
        found = [known[kind] for kind in (*self._sight.needed, *self._sight.hidden) if kind in known]
        return [each for each in found if isinstance(each, ApiError) and each.status in (401, 403)]

    def _is_hidden(self, kind: str) -> bool:
        """Whether nothing can be said of a kind, for it or what it needs may not be read."""
        return bool({kind, *table.rule_of(kind).needs} & set(self._sight.hidden))
