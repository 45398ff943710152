"""Events are kept for an hour, as upstream keeps them (--event-ttl)."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from sandbox.api.storage.store import Entry, Store
from sandbox.base.kinds import the_kind

KEPT_SECONDS = 3600.0
_EVENT = the_kind("v1", "Event")
_PERIOD = 60.0


def last_seen(entry: Entry) -> float:
    """When an Event last happened, in UNIX seconds; 0 when it does not say."""
    event = entry.object
    series = event.get("series") or {}
    text = event.get("lastTimestamp") or series.get("lastObservedTime") or event.get("eventTime")
    try:
        return datetime.fromisoformat(text or event["metadata"]["creationTimestamp"]).timestamp()
    except (ValueError, TypeError, KeyError):
        return 0.0


def expire(store: Store, now: float) -> None:
    """Removes the Events that are too old."""
    for entry in store.entries(_EVENT):
        if last_seen(entry) < now - KEPT_SECONDS:
            store.remove(entry)


async def sweep(store: Store) -> None:
    """Expires Events every minute until cancelled."""
    while True:
        expire(store, time.time())
        await asyncio.sleep(_PERIOD)
