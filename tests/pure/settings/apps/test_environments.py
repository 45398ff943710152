"""apps.<name>.environments: an app's own rules hold for it everywhere, and for nobody else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.pipeline.plan import for_run
from toolkit.settings import needed
from toolkit.settings.config import Config
from toolkit.settings.tables.environments import Policy

from tests import ROOT

FILE = """
default_cluster = "here"
[environments.test]
spaces = ["test-dev"]
[environments.production]
spaces = ["live"]
branches = ["{main_branch}"]
soak = "30s"
rollback = "auto"
advisories_fail_after = "30d"
[clusters.here]
kubeconfig = "kube/config"
[apps.usual]
path = "usual"
namespace = "usual-{space}"
service = "usual"
[apps.own]
path = "own"
namespace = "own-{space}"
service = "own"
main_branch = "master"
"""


def load(folder: Path, more: str = "") -> Config:
    file = folder / "apps.toml"
    file.write_text(FILE + more, encoding="utf-8")
    return Config.load(file)


def of(config: Config, app: str, environment: str = "production") -> Policy:
    return config.app(app).policy_in(config.environments[environment])


def test_what_an_app_says_holds_for_it_and_the_rest_is_the_environments(tmp_path: Path) -> None:
    config = load(tmp_path, 'environments.production = { approval = "manual", soak = "2m" }')
    own, usual = of(config, "own"), of(config, "usual")
    assert (own.approval, own.soak, own.rollback, own.branches) == ("manual", 120, "auto", ("master",))
    assert (usual.approval, usual.soak, usual.branches) == ("auto", 30, ("main",))
    assert own.advisories_fail_after == usual.advisories_fail_after == 30 * 86400
    assert own.where("approval") == "apps.own.environments.production"
    assert own.where("rollback") == usual.where("approval") == "environments.production"
    assert of(config, "own", "test") == of(config, "usual", "test")
    assert config.app("own").goes_to("test") and config.app("own").goes_to("production")


@pytest.mark.parametrize(
    ("rule", "key", "value"),
    [
        ("branches = []", "branches", ()),
        ('branches = ["release", "{main_branch}"]', "branches", ("release", "master")),
        ('soak = "0s"', "soak", 0),
        ('rollback = "manual"', "rollback", "manual"),
        ('advisories_fail_after = "0s"', "advisories_fail_after", None),
        ('advisories_fail_after = "7d"', "advisories_fail_after", 7 * 86400),
    ],
)
def test_each_rule_can_be_loosened_and_tightened(tmp_path: Path, rule: str, key: str, value: object) -> None:
    config = load(tmp_path, f"environments.production = {{ {rule} }}")
    assert getattr(of(config, "own"), key) == value
    assert getattr(of(config, "usual"), key) != value


def test_the_list_says_where_it_goes_and_false_in_the_table_where_not(tmp_path: Path) -> None:
    assert load(tmp_path, 'environments = ["test"]').app("own").environments == ("test",)
    app = load(tmp_path, 'environments = { test = { approval = "manual" }, production = false }').app("own")
    assert app.environments == ("test",) and list(app.rules) == ["test"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('environments.live = { soak = "2m" }', 'apps.own.environments.live: "live" is not defined'),
        (
            'environments.production = { aproval = "manual" }',
            "apps.own.environments.production.aproval: unknown, did you mean",
        ),
        (
            'environments.production = { approval = "yes" }',
            'apps.own.environments.production.approval: "yes" is not one of auto, manual',
        ),
        (
            'environments.production = { soak = "soon" }',
            'apps.own.environments.production.soak: "soon" is not a duration',
        ),
        (
            'environments.production = { spaces = ["x"] }',
            "apps.own.environments.production.spaces: unknown",
        ),
        (
            'environments.production = "manual"',
            "apps.own.environments.production: must be a table of rules, or false",
        ),
        (
            "environments = { test = false, production = false }",
            "apps.own.environments: leaves no environment",
        ),
        ('environments = ["live"]', 'apps.own.environments: "live" is not defined'),
        ("environments = true", "apps.own.environments: must be a list"),
    ],
)
def test_what_is_not_known_is_refused_with_its_path(tmp_path: Path, said: str, sentence: str) -> None:
    with pytest.raises(Misused) as refused:
        load(tmp_path, said)
    assert sentence in refused.value.reason


def test_the_plan_and_what_a_version_needs_are_the_apps_own(tmp_path: Path) -> None:
    config = load(
        tmp_path, 'environments.production = { soak = "0s", rollback = "manual", branches = ["x"] }'
    )
    app, production = config.app("own"), config.environments["production"]
    made = for_run(config, app, "x")
    assert {"watch-production", "rollback-production"} <= {each.id for each in made.skipped}
    whys = [each.why for each in made.skipped]
    assert "apps.own.environments.production.rollback in apps.toml is manual" in whys
    assert "apps.own.environments.production.soak in apps.toml is 0" in whys
    assert needed.checks(app, production) == ("healthcheck",)
    assert needed.checks(config.app("usual"), production) == ("healthcheck", "watch")
    closed = {each.why for each in for_run(config, app, "master").skipped}
    assert any("apps.own.environments.production.branches in apps.toml admits x" in why for why in closed)


def test_nobody_but_the_app_is_asked_for_the_rules_of_an_environment() -> None:
    """A reader that took the environment's own would let an app in that waits for an approval."""
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "scripts").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "usual"
    }
    assert readers == {
        "scripts/toolkit/settings/apps/environments.py",
        "scripts/toolkit/settings/model.py",
    }
