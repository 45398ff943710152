"""Reading what an app logs in the test's own process."""

import json
from typing import Any

import pytest

from fb_testing.waiting import until


def requests(capsys: pytest.CaptureFixture[str], count: int) -> list[dict[str, Any]]:
    """All log lines, once `count` requests have theirs: it is written after the answer was sent."""
    lines: list[dict[str, Any]] = []

    def logged() -> bool:
        lines.extend(json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{")
        return sum("route" in line for line in lines) >= count

    until(f"log lines of {count} requests", logged)
    return lines
