"""What a version must pass before it counts as verified: what the plan has, and nothing else."""

from __future__ import annotations

import pytest
from toolkit.pipeline import plan
from toolkit.settings import needed
from toolkit.settings.config import Config

from tests import ROOT

CONFIG = Config.load(ROOT / "apps.toml")
NOT_CHECKS = ("approve", "deploy", "rollback")


@pytest.mark.parametrize("name", CONFIG.apps)
def test_what_is_needed_is_what_the_plan_runs_after_the_deployment(name: str) -> None:
    app = CONFIG.app(name)
    made = plan.for_run(CONFIG, app, app.main_branch)
    for environment in CONFIG.environments.values():
        planned = [stage.name for stage in made.stages if stage.environment == environment.name]
        if planned:
            left = tuple(each for each in planned if each not in NOT_CHECKS)
            assert needed.checks(app, environment) == left


def test_what_is_missing_keeps_its_order() -> None:
    assert needed.missing(("healthcheck", "smoke", "watch"), {"smoke": "now"}) == ("healthcheck", "watch")
    assert needed.missing(("healthcheck",), {"healthcheck", "smoke"}) == ()


def test_the_parts_of_a_suite_are_the_suite_once_all_have_passed() -> None:
    parts = [needed.part("acceptance", (number, 3)) for number in (1, 2, 3)]
    assert needed.missing(["acceptance"], parts[:2]) == ("acceptance",)
    assert needed.missing(["acceptance"], [*parts[:2], "acceptance 3/4"]) == ("acceptance",)
    assert needed.missing(["acceptance"], parts) == ()
    assert needed.part("smoke", None) == "smoke"
