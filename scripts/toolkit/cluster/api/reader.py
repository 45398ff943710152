"""Asking a cluster while something is wrong with it: within a time, and failure is a sentence."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping

import urllib3

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError, Unreachable
from toolkit.cluster.api.watch import Json

ANSWER_SECONDS = 4.0


class NotHad(Exception):
    """Something could not be had; the message says why."""


class Reader:
    """Reads until its seconds are used up, or until there was no answer once: then it asks nothing more."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._until = time.monotonic() + seconds
        self.gone = ""

    def get(self, path: str) -> Json | None:
        """One object, None when it is not there. Raises NotHad."""
        try:
            return self._connection.json("GET", path, timeout=self._seconds())
        except Failed as error:
            if isinstance(error, ApiError) and error.status == 404:
                return None
            raise self._not_had(error) from error

    def list(self, path: str, **query: str) -> list[Json]:
        """The objects of a collection. Raises NotHad."""
        self._seconds()
        try:
            items: list[Json] = self._connection.list(path, **query)["items"]
        except Failed as error:
            raise self._not_had(error) from error
        return items

    def tail(self, path: str, query: Mapping[str, str | int], size: int) -> bytes:
        """The last `size` bytes of a long text. Raises NotHad."""
        try:
            response = self._connection.stream(path, query=query, timeout=self._seconds())
        except Failed as error:
            raise self._not_had(error) from error
        kept: deque[bytes] = deque()
        length = 0
        try:
            for chunk in response.stream(65536, decode_content=False):
                kept.append(chunk)
                length += len(chunk)
                while length - len(kept[0]) > size:
                    length -= len(kept.popleft())
                if time.monotonic() > self._until:
                    break
        except (urllib3.exceptions.HTTPError, OSError):
            pass  # what came before the break is worth having
        finally:
            response.close()
        return b"".join(kept)[-size:]

    def _seconds(self) -> float:
        left = self._until - time.monotonic()
        if not self.gone and left <= 0:
            self.gone = "there was no time left to ask for it"
        if self.gone:
            raise NotHad(self.gone)
        return max(0.2, min(ANSWER_SECONDS, left))

    def _not_had(self, error: Failed) -> NotHad:
        if isinstance(error, Unreachable):
            self.gone = error.reason
        if isinstance(error, ApiError) and error.said:
            return NotHad(f"{error.said} ({error.status})")
        return NotHad(error.reason)
