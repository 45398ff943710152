"""Runs are killed (-9) at random moments: the next one ends right, the last good version serves, each alert
is there once, and no lock is stuck.

    make faults ROUNDS=100 SEED=7            # all of them
    make faults SEED=7 ROUND=13              # the one that failed
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.faults.bed import Bed, Plan, play
from tests.sandbox import platform_double
from tests.sandbox.local import Sandbox
from tests.scripts.alerting.slack_double import Slack

SHORT = 3
SEED = int(os.environ.get("FAULTS_SEED") or random.randrange(10**6))  # noqa: S311 - to be repeated
ROUNDS = int(os.environ.get("FAULTS_ROUNDS") or SHORT)
ONLY = os.environ.get("FAULTS_ROUND")
NUMBERS = [int(ONLY)] if ONLY else range(1, ROUNDS + 1)


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """One sandbox for all rounds, and a version that serves."""
    sandbox, slack = Sandbox(tmp_path_factory.mktemp("faults") / "state"), Slack()
    sandbox.run("up")
    try:
        with platform_double.made_in(sandbox, tmp_path_factory.mktemp("repository")) as platform:
            made = Bed(platform, sandbox, slack)
            code, output = made.run("pipeline", "a" * 40)
            assert code == 0, output
            made.good = "a" * 12
            yield made
    finally:
        slack.close()
        sandbox.run("down")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", NUMBERS)
def test_after_a_kill_everything_is_true(bed: Bed, number: int) -> None:
    plan = Plan.drawn(SEED, number)
    try:
        play(bed, plan)
    except BaseException as error:
        error.add_note(f"{plan}\nonce more: make faults SEED={SEED} ROUND={number}")
        raise
