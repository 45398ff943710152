"""Something on the network, or the sentence that it is out of reach, within a time that people wait."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from toolkit.base.outcome import Failed

REACHABLE_SECONDS = 3.0
"""How long a first answer may take: without a network nobody should wait to hear that there is none."""
REQUEST_SECONDS = 10.0


T = TypeVar("T")


class OutOfReachError(Failed):
    """Nobody answers there."""


def within(seconds: float, what: str, call: Callable[[], T]) -> T:
    """What call returns or raises; OutOfReachError when it takes longer.

    It runs in a thread of its own because looking up a host name has no time limit.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise OutOfReachError(f"{what} did not answer within {seconds:g} s")
    return results[0]


def document(
    url: str,
    what: str,
    *,
    headers: Mapping[str, str] | None = None,
    certificate: str | None = None,
    body: Any = None,
) -> Any:
    """The JSON at an http(s) address; None when it answers that it has none, or something else.

    Raises OutOfReachError when nobody answers, or the server is the one in trouble. body is sent as JSON.
    """
    context = ssl.create_default_context(cafile=certificate)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}))  # noqa: S310 - the callers check
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        opened = urllib.request.urlopen(request, timeout=REQUEST_SECONDS, context=context)  # noqa: S310
        with opened as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        if error.code >= 500 or error.code == 429:
            raise OutOfReachError(f"{what} answered {error.code} {error.reason}") from None
        return None
    except ValueError:
        return None
    except OSError as error:
        why = str(getattr(error, "reason", "") or error) or type(error).__name__
        raise OutOfReachError(f"{what} cannot be reached: {why}") from None
