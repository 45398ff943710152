"""What Slack's own client needs to be a good guest: never longer than it may take, no secret in its log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.http_retry.handler import RetryHandler

from toolkit.alerting.channel import Answer, Fate

REQUEST_SECONDS = 10
FIRST_WORDS = 80


def quiet() -> logging.Logger:
    """A logger that says nothing: the client's own lines hold the address, which is the secret."""
    logger = logging.getLogger("toolkit.alerting.slack")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def timeout(deadline: float) -> int:
    """Seconds that one request may take."""
    return max(1, min(REQUEST_SECONDS, int(deadline - time.monotonic())))


def handlers(deadline: float) -> list[RetryHandler]:
    """Rate limits, server errors and broken connections are tried again while there is time."""
    return [
        _InTime(RateLimitErrorRetryHandler(max_retry_count=3), deadline),
        _InTime(ServerErrorRetryHandler(max_retry_count=3), deadline),
        _InTime(ConnectionErrorRetryHandler(max_retry_count=2), deadline),
    ]


def within(seconds: float, work: Callable[[float], Answer]) -> Answer:
    """The answer of `work`, which gets its deadline; a waiting one when it takes longer.

    On a thread that is left behind: a socket's timeout starts anew with each byte that trickles in.
    """
    answer: list[Answer] = []
    deadline = time.monotonic() + seconds

    def run() -> None:
        try:
            answer.append(work(deadline))
        except Exception as error:  # urllib raises a dozen kinds, none of which may end a pipeline
            answer.append(Answer(Fate.WAITING, f"not reached: {cause(error)}", stop=True))

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(seconds)
    return answer[0] if answer else Answer(Fate.WAITING, f"no answer within {seconds:.0f} s", stop=True)


def cause(error: BaseException) -> str:
    """What went wrong with a connection, without the address."""
    inner = getattr(error, "reason", None)
    error = inner if isinstance(inner, BaseException) else error
    return getattr(error, "strerror", None) or type(error).__name__


class _InTime(RetryHandler):
    """One of the client's handlers, kept from waiting longer than there is time."""

    def __init__(self, inner: RetryHandler, deadline: float) -> None:
        super().__init__(inner.max_retry_count)
        self.inner = inner
        self.deadline = deadline

    def can_retry(self, *, state: Any, request: Any, response: Any = None, error: Any = None) -> bool:
        wait = self._asked(response)
        if wait is None or time.monotonic() + wait > self.deadline:
            return False
        return self.inner.can_retry(state=state, request=request, response=response, error=error)

    def prepare_for_next_attempt(self, **arguments: Any) -> None:
        self.inner.prepare_for_next_attempt(**arguments)

    @staticmethod
    def _asked(response: Any) -> float | None:
        """Seconds until the next attempt, None when the answer asks for what the client cannot read."""
        headers = {name.lower(): values for name, values in response.headers.items()} if response else {}
        asked = headers.get("retry-after", ["0"])
        word = asked if isinstance(asked, str) else asked[0]
        return int(word) + 1.0 if word.isdecimal() else None  # the client adds up to a second of its own
