"""Several apps through the pipeline at once, against the sum of each alone; one clone, one sandbox, warm."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from toolkit.settings.config import Config

from tests.bench.checkout import Checkout
from tests.bench.measure import Claim, environment, prove

MOST_OF_THE_SUM = 0.85
RUN_SECONDS = 1800
# All apps that have code take long one by one; a few of them, in the order of priority, show the same.
APPS = os.environ.get("BENCH_APPS", "submitter,pdf-generator,service-token-cache")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A clone with a sandbox of its own, in which everything has been deployed once."""
    checkout = Checkout(tmp_path / "clone")
    try:
        pipeline(checkout, names(checkout))
        yield checkout
    finally:
        checkout.sandbox_down(env())


def env() -> dict[str, str]:
    """The network is none of this test's business; everything else as a user has it."""
    made = environment(ADVISORIES=os.environ.get("ADVISORIES", "local"), BRANCH="main")
    made.pop("SANDBOX_STATE", None)
    return made


def names(checkout: Checkout) -> list[str]:
    """The apps that are measured, by priority."""
    apps = Config.load(checkout.root / "apps.toml").apps.values()
    ready = [app.name for app in apps if not app.pending and not app.support]
    return ready if APPS == "all" else [name for name in ready if name in APPS.split(",")]


def pipeline(checkout: Checkout, apps: Sequence[str]) -> float:
    """Seconds by the clock of one command, in which nothing is reused."""
    began = time.monotonic()
    ran = subprocess.run(
        checkout.script("pipeline", "--fresh", "--app", ",".join(apps)),
        cwd=checkout.root,
        env=env(),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    return time.monotonic() - began


def change(checkout: Checkout, apps: Sequence[str]) -> None:
    """A new version of each app: new images, and new pods in every space."""
    for app in apps:
        (checkout.root / "apps" / app / "README.bench").write_text(f"{time.time_ns()}\n", encoding="utf-8")
    checkout.commit("a small change")


@pytest.mark.timeout(7200)
def test_all_at_once_take_less_than_one_after_the_other(checkout: Checkout) -> None:
    apps = names(checkout)

    def compare() -> list[Claim]:
        change(checkout, apps)
        together = pipeline(checkout, apps)
        change(checkout, apps)
        alone = {app: pipeline(checkout, [app]) for app in apps}
        whole = sum(alone.values())
        each = ", ".join(f"{app} {seconds:.0f} s" for app, seconds in alone.items())
        return [
            Claim(
                f"{len(apps)} apps at once ({', '.join(apps)}), warm, against the sum of each alone",
                f"{together:.1f} s, {whole:.1f} s ({each})",
                together / whole,
                MOST_OF_THE_SUM,
            )
        ]

    prove(compare, attempts=2)
