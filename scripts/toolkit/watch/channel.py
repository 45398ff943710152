"""Alerts on their way while something else goes on: kept on disk first, then sent by a thread.

What cannot be delivered waits in the outbox, is tried again every RETRY_SECONDS, and after this process by
whoever sends next, as with the alert of a run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from toolkit.alerting import channel, delivery, outbox, slack
from toolkit.base.files import CannotWrite
from toolkit.settings.model import AlertPolicy

SEND_SECONDS = 30.0
RETRY_SECONDS = 60.0


class Channel:
    """The alert channels of a checkout. tell() may be called from several threads."""

    def __init__(self, root: Path, policy: AlertPolicy, say: Callable[[str], None]) -> None:
        self._box = outbox.of(root)
        self._policy = policy
        self._say = say
        self._news = threading.Event()
        self._closed = threading.Event()
        self._why = ""
        self._said_kept = False
        self._thread: threading.Thread | None = None
        self._channels = channel.configured(policy)
        if self._channels:
            self._thread = threading.Thread(target=self._run, name="channel", daemon=True)
            self._thread.start()

    def tell(self, key: str, message: slack.Message) -> None:
        """Keep an alert under its key, and have it sent, unless one of that key was delivered already."""
        try:
            self._box.put(key, message)
        except CannotWrite as error:
            self._say(f"warning: the alert cannot be kept: {error.reason}")
            return
        if self._thread is None and not self._said_kept:
            self._said_kept = True
            self._say(f"{self._policy.webhook.env} is not set: alerts are kept until it is")
        self._news.set()

    def close(self, seconds: float) -> None:
        """Send what still waits, for at most that many seconds."""
        self._closed.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(seconds)
        if self._why:
            self._say(
                f"warning: {len(self._box.waiting())} not delivered, kept for the next run: {self._why}"
            )

    def _run(self) -> None:
        retry: float | None = None
        while True:
            self._news.wait(None if retry is None else max(0.0, retry - time.monotonic()))
            last = self._closed.is_set()  # asked before it sends: what came until now is in it
            self._news.clear()
            sent = self._deliver()
            if sent.delivered:
                self._say(sent.summary(self._policy))
            for name, why in sent.aside.items():
                self._say(f"warning: alert {name} is set aside: {why}; `make alert` lists it")
            why = next(iter(sent.kept.values()), "")
            if why and why != self._why:
                self._say(f"warning: an alert is not delivered yet: {why}")
                for remedy in sent.remedies:
                    self._say(f"  fix: {remedy}")
            self._why = why
            if last:
                return
            retry = time.monotonic() + RETRY_SECONDS if why else None

    def _deliver(self) -> delivery.Sent:
        try:
            return delivery.deliver(self._box, self._channels, SEND_SECONDS)
        except CannotWrite as error:
            return delivery.Sent(kept={"": error.reason}, remedies=[error.remedy])
