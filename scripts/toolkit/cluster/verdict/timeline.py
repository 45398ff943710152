"""What happened during a rollout, when: for the person who reads it afterwards."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable
from typing import Any

from toolkit.cluster.diagnosis.container_diagnosis import exit_words
from toolkit.cluster.diagnosis.finding import Finding
from toolkit.objects.fields import mapping, number, objects, shown, text, uid

Json = dict[str, Any]

# The first and the last entries that are kept; a rollout that flaps for hours must not fill the memory.
FIRST = 200
LAST = 800


class Timeline:
    """Entries in the order in which they happened.

    Their times are one look at the wall clock plus monotonic time: a clock that is set meanwhile neither
    reorders nor moves them.
    """

    def __init__(self) -> None:
        self._wall = datetime.datetime.now(datetime.UTC)
        self._start = time.monotonic()
        self._entries: list[tuple[str, str]] = []
        self._dropped = 0
        self._present: dict[tuple[str, str, str], Finding] = {}
        self._restarts: dict[str, int] = {}

    def add(self, sentence: str) -> None:
        """Something that happened now."""
        passed = datetime.timedelta(seconds=time.monotonic() - self._start)
        stamp = (self._wall + passed).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._entries.append((stamp, sentence))
        if len(self._entries) > FIRST + 2 * LAST:
            self._dropped += LAST
            del self._entries[FIRST : FIRST + LAST]

    def findings(self, found: Iterable[Finding]) -> None:
        """What is wrong now: the first appearance of each finding is an entry, and its end."""
        present = {finding.key: finding for finding in found}
        for key, finding in present.items():
            before = self._present.get(key)
            if before is None or before.severity is not finding.severity:
                self.add(f"{finding.severity}: {finding.cause}: {finding.clause}")
        for key, finding in self._present.items():
            if key not in present:
                self.add(f"no longer: {finding.cause}: {finding.clause}")
        self._present = present

    def restarts(self, pods: Iterable[Json], before: dict[str, int]) -> None:
        """Each restart that was not told yet; before holds the counts to start from (uid/container)."""
        for pod in pods:
            for key in ("initContainerStatuses", "containerStatuses"):
                for status in objects(pod, "status", key):
                    count, name = number(status, "restartCount"), text(status, "name")
                    which = f"{uid(pod)}/{name}"
                    if count > self._restarts.get(which, before.get(which, 0)):
                        last = mapping(status, "lastState", "terminated")
                        how = exit_words(last)
                        self.add(f"restart {count} of {shown(pod)}, container {name}: it ended with {how}")
                        self._restarts[which] = count

    def entries(self) -> tuple[tuple[str, str], ...]:
        """(UTC time in ISO 8601, sentence), oldest first."""
        if not self._dropped:
            return tuple(self._entries)
        cut = (self._entries[FIRST][0], f"({self._dropped} entries are left out here)")
        return (*self._entries[:FIRST], cut, *self._entries[FIRST:])
