"""The plan: what runs, after what, and why the rest does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.pipeline.plan import Plan, Stage, for_run
from toolkit.settings.config import Config
from toolkit.settings.model import PREPARE_SECONDS

from tests import ROOT

CONFIG = Config.load(ROOT / "apps.toml")


def plan(branch: str, app: str = "submitter") -> Plan:
    return for_run(CONFIG, CONFIG.app(app), branch)


def test_the_main_branch_goes_all_the_way() -> None:
    made = plan("main")
    assert [(stage.id, stage.after) for stage in made.stages] == [
        ("lint", ()),
        ("security", ()),
        ("unit", ()),
        ("build", ()),
        ("deploy-test", ("lint", "security", "unit", "build")),
        ("healthcheck-test", ("deploy-test",)),
        ("smoke-test", ("healthcheck-test",)),
        ("acceptance-test", ("smoke-test",)),
        ("approve-production", ("acceptance-test",)),
        ("deploy-production", ("approve-production",)),
        ("healthcheck-production", ("deploy-production",)),
        ("smoke-production", ("healthcheck-production",)),
        ("watch-production", ("smoke-production",)),
        ("rollback-production", ()),
        ("alert", ("watch-production",)),
    ]
    assert [stage.id for stage in made.stages if stage.always] == ["alert"]


def test_where_the_environment_asks_for_it_what_fails_is_undone() -> None:
    made = plan("main")
    [undoer] = [stage for stage in made.stages if stage.undoes]
    assert undoer.id == "rollback-production"
    assert undoer.undoes == (
        "deploy-production",
        "healthcheck-production",
        "smoke-production",
        "watch-production",
    )
    assert undoer.when == "only if deploy, healthcheck, smoke or watch fails"
    app = CONFIG.app("submitter")
    assert undoer.target(app) == "make rollback APP=submitter ENV=production FAILED=1"
    assert undoer.command(app, "sandbox", CONFIG.file)[2:] == [
        *(
            "--app",
            "submitter",
            "--config",
            str(CONFIG.file),
            "--env",
            "production",
            "--failed",
            "--cluster",
            "sandbox",
        )
    ]
    assert made.stage("deploy-production").deadline > undoer.deadline > app.deadline * 4
    why = {each.id: each.why for each in made.skipped}
    assert why["rollback-test"] == "environments.test.rollback in apps.toml is manual"
    assert "rollback-production" not in why


@pytest.mark.parametrize(
    ("undoes", "when"),
    [
        (("deploy-x",), "only if deploy fails"),
        (("deploy-x", "smoke-x"), "only if deploy or smoke fails"),
        (("deploy-x", "smoke-x", "watch-x"), "only if deploy, smoke or watch fails"),
    ],
)
def test_when_it_runs_in_words(undoes: tuple[str, ...], when: str) -> None:
    assert Stage("rollback-x", "rollback", "x", (), 1, undoes=undoes).when == when


def test_a_branch_that_stops_has_nothing_to_undo() -> None:
    made = plan("feature")
    assert not [stage for stage in made.stages if stage.undoes]
    assert "rollback-production" not in {each.id for each in made.skipped}


def test_a_branch_stops_after_acceptance_on_test_and_says_why() -> None:
    made = plan("feature")
    assert [stage.id for stage in made.stages][-2:] == ["acceptance-test", "alert"]
    why = {each.id: each.why for each in made.skipped}
    assert why["deploy-production"] == (
        'branch "feature" stops before production: environments.production.branches in apps.toml admits main'
    )
    assert {id.removesuffix("-production") for id in why if id.endswith("-production")} == {
        "approve",
        "deploy",
        "healthcheck",
        "smoke",
        "watch",
    }


@pytest.mark.parametrize("app", list(CONFIG.apps))
@pytest.mark.parametrize("branch", ["main", "master", "feature", "(no branch)"])
def test_every_plan_can_be_run_in_its_own_order(app: str, branch: str) -> None:
    seen: set[str] = set()
    made = plan(branch, app)
    for stage in made.stages:
        assert set(stage.after) <= seen, stage.id
        assert stage.deadline > 0
        seen.add(stage.id)
    assert len(seen) == len(made.stages)
    assert not seen & {each.id for each in made.skipped}


def test_a_support_app_does_not_go_where_it_is_not_declared() -> None:
    made = plan("main", "outbox")
    assert not [stage for stage in made.stages if stage.environment == "production"]
    why = {each.id: each.why for each in made.skipped}
    assert why["deploy-production"] == "[apps.outbox] in apps.toml does not go to production"


def test_every_stage_is_a_script_and_a_make_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    app = CONFIG.app("submitter")
    for stage in plan("main").stages:
        script = Path(stage.command(app, "sandbox", CONFIG.file)[1])
        assert script.is_file()
        assert script.name == f"{stage.name}.py"
        assert f"\n{stage.name}: " in makefile
        assert stage.target(app).startswith(f"make {stage.name} APP=submitter")


def test_what_is_prepared_first_has_the_time_for_it() -> None:
    """A stage that is ended while packages are installed would be a false end of it."""
    config = Config.load(ROOT / "apps.toml")
    app = config.app("submitter")
    smoke = app.suites["smoke"]._replace(command=("rspec", "{report}"), language="ruby")
    prepared = app._replace(ways=config.ways["node"], suites={**app.suites, "smoke": smoke})
    before = {stage.id: stage.deadline for stage in for_run(config, app, "main").stages}
    after = {stage.id: stage.deadline for stage in for_run(config, prepared, "main").stages}
    more = {id: after[id] - before[id] for id in after if after[id] != before[id]}
    assert more == dict.fromkeys(
        ("lint", "security", "unit", "smoke-test", "smoke-production"), PREPARE_SECONDS
    )
