"""The engine's share of a run: wall time against the critical path, and a second run against the first."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toolkit.pipeline import plan
from toolkit.settings.config import Config

from tests.bench.checkout import Checkout
from tests.bench.measure import Claim, environment, prove

APP = "submitter"
MOST_OVER_CRITICAL_PATH = 1.2
MOST_WHEN_NOTHING_CHANGED = 0.05
RUN_SECONDS = 900


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A clone with a sandbox of its own, in which everything has been deployed once."""
    checkout = Checkout(tmp_path / "clone")
    try:
        pipeline(checkout)
        yield checkout
    finally:
        checkout.sandbox_down(env())


def env() -> dict[str, str]:
    """The network is none of this test's business; everything else as a user has it."""
    made = environment(ADVISORIES=os.environ.get("ADVISORIES", "local"), BRANCH="main")
    made.pop("SANDBOX_STATE", None)
    return made


def pipeline(checkout: Checkout) -> tuple[float, dict[str, Any]]:
    """One run: seconds by the clock, as whoever started it sees them, and its record."""
    began = time.monotonic()
    ran = subprocess.run(
        checkout.script("pipeline", "--app", APP), cwd=checkout.root, env=env(), capture_output=True,
        text=True, timeout=RUN_SECONDS,
    )  # fmt: skip
    wall = time.monotonic() - began
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    record = (checkout.root / ".pipeline" / "latest" / "run.json").read_text(encoding="utf-8")
    return wall, json.loads(record)


def critical_path(checkout: Checkout, record: dict[str, Any]) -> float:
    """Seconds of the longest chain of stages, each of which waits for the one before."""
    config = Config.load(checkout.root / "apps.toml")
    took = {stage["id"]: stage["seconds"] for stage in record["stages"]}
    until: dict[str, float] = {}
    for stage in plan.for_run(config, config.app(APP), record["branch"]).stages:
        until[stage.id] = took.get(stage.id, 0.0) + max((until[each] for each in stage.after), default=0.0)
    return max(until.values())


def test_a_run_is_its_stages_and_a_second_one_is_almost_nothing(checkout: Checkout) -> None:
    source = checkout.root / "apps" / APP / "README.bench"

    def compare() -> list[Claim]:
        source.write_text(f"changed at {time.time_ns()}\n", encoding="utf-8")
        checkout.commit("a small change")
        wall, record = pipeline(checkout)
        assert not [stage["id"] for stage in record["stages"] if stage.get("reused")]
        path = critical_path(checkout, record)
        again, second = pipeline(checkout)
        ran = [stage["name"] for stage in second["stages"] if not stage.get("reused")]
        assert set(ran) <= {"approve", "alert"}, f"{ran} were run again"
        soak = sum(stage["seconds"] for stage in record["stages"] if stage["name"] == "watch")
        return [
            Claim(
                "pipeline of the submitter, warm, four spaces, against its critical path",
                f"{wall:.1f} s, {path:.1f} s",
                wall / path,
                MOST_OVER_CRITICAL_PATH,
            ),
            Claim(
                "a second run with nothing changed, against the first",
                f"{again:.2f} s, {wall:.1f} s (without its soak of {soak:.0f} s {again / (wall - soak):.3f})",
                again / wall,
                MOST_WHEN_NOTHING_CHANGED,
            ),
        ]

    prove(compare, attempts=2)
