"""Records of runs, as the pipeline writes them."""

from __future__ import annotations

from typing import Any

FAST = ["lint", "security", "unit", "build"]


def stage(name: str, environment: str = "", outcome: str = "passed", **more: Any) -> dict[str, Any]:
    return {"name": name, "environment": environment or None, "outcome": outcome, "reason": "", **more}


def record(*stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "run": "r1",
        "app": "submitter",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "branch": "main",
        "version": "1.4-0123456",
        "outcome": "",
        "started": "2026-11-23T03:12:00+00:00",
        "finished": "2026-11-23T03:15:12+00:00",
        "author": "Ada Lovelace",
        "url": "https://ci.example/job/7",
        "environments": ["test", "production"],
        "stages": [*(stage(name) for name in FAST), *stages],
        **more,
    }


TEST = [stage(name, "test") for name in ("deploy", "healthcheck", "smoke", "acceptance")]
LIVE = [stage(name, "production") for name in ("deploy", "healthcheck", "smoke", "watch")]
