"""Fetches the live advisory database, or finds out within seconds that it is out of reach."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from pathlib import Path

from toolkit.base import files
from toolkit.base.outcome import Failed
from toolkit.checks.advisories.model import SCHEMA
from toolkit.checks.advisories.reach import REACHABLE_SECONDS
from toolkit.checks.advisories.sources import read_live

COMPLETE_SECONDS = 60.0
"""How long all of it may take (about 10 MB)."""
FRESH_SECONDS = 6 * 3600.0
"""A copy this young is not fetched again: the open database changes about once a month."""


def address() -> str:
    """Where the open database is served: ADVISORIES_URL, else what this safety itself would ask."""
    chosen = os.environ.get("ADVISORIES_URL")
    if chosen:
        return chosen.rstrip("/") + "/insecure_full.json"
    from safety.constants import OPEN_MIRRORS  # type: ignore[import-untyped]

    return str(OPEN_MIRRORS[0]) + "insecure_full.json"


def fresh(file: Path) -> bool:
    """Whether a copy fetched before is young enough to stand for the live one."""
    try:
        return time.time() - file.stat().st_mtime < FRESH_SECONDS
    except OSError:
        return False


def fetch(url: str, file: Path) -> None:
    """Write the live database to file, whole or not at all. Raises Failed when it is out of reach or not one.

    The download runs in a thread of its own because looking up a host name has no time limit.
    """
    began, result = threading.Event(), _Result()
    thread = threading.Thread(target=_download, args=(url, began, result), daemon=True)
    started = time.monotonic()
    thread.start()
    if not began.wait(REACHABLE_SECONDS):
        raise Failed(f"the live advisory database did not answer within {REACHABLE_SECONDS:g} s")
    thread.join(max(0.0, COMPLETE_SECONDS - (time.monotonic() - started)))
    if result.error or thread.is_alive():
        raise Failed(f"the live advisory database could not be fetched: {result.error or 'it took too long'}")
    try:
        read_live(json.loads(result.body), "from the network")
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise Failed("the live advisory database answered with something that is not JSON") from None
    files.write(file, result.body)


class _Result:
    def __init__(self) -> None:
        self.body = b""
        self.error = ""


def _download(url: str, began: threading.Event, result: _Result) -> None:
    if not url.startswith(("http://", "https://")):
        result.error = "its address is not an http(s) URL"
        began.set()
        return
    request = urllib.request.Request(url, headers={"schema-version": SCHEMA, "ecosystem": "python"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=REACHABLE_SECONDS) as response:  # noqa: S310
            began.set()
            result.body = response.read()
    except (OSError, ValueError) as error:
        result.error = str(getattr(error, "reason", "") or error) or type(error).__name__
    finally:
        began.set()
