"""apps.toml: what is read, and what is refused with which sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.settings.config import Config
from toolkit.settings.model import Ref, Row, SecretKey, Where

from tests import ROOT

GOOD = """
default_cluster = "here"
[environments.test]
spaces = ["test-dev", "test-production"]
[environments.production]
spaces = ["live-dev", "live-production"]
branches = ["{main_branch}"]
soak = "1m30s"
[clusters.here]
kubeconfig = "kube/config"
[clusters.there]
server = { env = "SERVER" }
token = { env = "TOKEN_{SPACE}" }
[languages.python]
lint = [["ruff", "check", "{path}"]]
[apps.submitter]
path = "apps/submitter"
language = "python"
namespace = "platform-{space}"
service = "fb-submitter-{space}"
needs = ["pdf"]
[apps.submitter.suites.smoke]
env.URL = "{url}"
env.KEY = { secret = "s", key = "k" }
[[apps.submitter.suppressions]]
tool = "bandit"
id = "B101"
reason = "asserts document"
expires = 2030-01-31
[apps.pdf]
path = "apps/pdf"
namespace = "platform-{space}"
service = "fb-pdf"
main_branch = "master"
spaces = { test = ["test"], production = ["live"] }
"""


def load(folder: Path, text: str = GOOD) -> Config:
    file = folder / "apps.toml"
    file.write_text(text, encoding="utf-8")
    return Config.load(file)


def test_everything_is_typed(tmp_path: Path) -> None:
    config = load(tmp_path)
    app = config.apps["submitter"]
    assert list(config.apps) == ["submitter", "pdf"]
    assert list(config.environments) == ["test", "production"]
    assert app.path == tmp_path / "apps/submitter"
    assert app.namespace_in("live-dev") == "platform-live-dev"
    assert app.service_in("live-dev") == "fb-submitter-live-dev"
    assert app.commands == {"lint": (Row(("ruff", "check", "{path}")),)}
    assert app.suites["smoke"].env == {"URL": "{url}", "KEY": SecretKey("s", "k")}
    assert app.suppressions[0].expires.year == 2030
    assert app.policy_in(config.environments["production"]).soak == 90
    assert config.clusters["here"].kubeconfig == tmp_path / "kube/config"
    assert config.clusters["there"].token == Ref("TOKEN_{SPACE}")


def test_a_place_is_an_environment_or_one_of_its_spaces(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config.place("production").spaces == ("live-dev", "live-production")
    assert config.place("live-dev").environment.name == "production"
    assert config.place("live-dev").spaces == ("live-dev",)
    assert not config.place("live-dev").whole


def test_an_app_may_have_spaces_of_its_own(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config.apps["pdf"].spaces_in(config.place("production")) == ("live",)
    assert config.apps["pdf"].spaces_in(config.place("live")) == ("live",)
    assert config.apps["submitter"].spaces_in(config.place("live")) == ("live",)


def test_where_an_app_is_when_one_with_other_spaces_needs_it(tmp_path: Path) -> None:
    config = load(tmp_path)
    submitter, pdf = config.apps["submitter"], config.apps["pdf"]
    assert submitter.homes(config.place("live-dev")) == ("live-dev",)
    assert submitter.homes(config.place("live")) == ("live-dev", "live-production")
    assert pdf.homes(config.place("production")) == pdf.homes(config.place("live-dev")) == ("live",)
    assert pdf.homes(config.place("live")) == ("live",)


def test_the_main_branch_is_the_apps(tmp_path: Path) -> None:
    config = load(tmp_path)
    production = config.environments["production"]
    assert config.apps["submitter"].policy_in(production).admits("main")
    assert config.apps["pdf"].policy_in(production).admits("master")
    assert not config.apps["pdf"].policy_in(production).admits("main")
    assert config.apps["pdf"].policy_in(config.environments["test"]).admits("anything")


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ("EKS_TOKEN", "EKS_TOKEN"),
        ("EKS_TOKEN_{SPACE}", "EKS_TOKEN_TEST_DEV"),
        ("EKS_TOKEN_{NAMESPACE}", "EKS_TOKEN_FORMBUILDER_SERVICES_TEST_DEV"),
        ("{APP}_TOKEN_{SPACE}", "USER_DATASTORE_TOKEN_TEST_DEV"),
    ],
)
def test_a_reference_names_the_variable_of_a_space_a_namespace_or_an_app(env: str, name: str) -> None:
    where = Where("test-dev", "formbuilder-services-test-dev", "user-datastore")
    reference = Ref(env)
    assert reference.name(where) == name
    assert reference.read(where, {}) is None
    secret = reference.read(where, {name: "hunter2hunter2"})
    assert secret is not None
    assert str(secret) == "***"
    assert secret.reveal() == "hunter2hunter2"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("needs =", "neds ="), 'apps.toml: apps.submitter.neds: unknown, did you mean "needs"?'),
        (("[languages", "[langages"), 'apps.toml: langages: unknown, did you mean "languages"?'),
        (('path = "apps/pdf"', "path = 3"), "apps.toml: apps.pdf.path: must be text, not a whole number"),
        (('path = "apps/pdf"', ""), "apps.toml: apps.pdf.path: is missing"),
        (
            ('needs = ["pdf"]', 'needs = ["pfd"]'),
            'apps.toml: apps.submitter.needs: "pfd" is not defined, did you mean "pdf"?',
        ),
        (
            ('main_branch = "master"', 'needs = ["submitter"]'),
            "apps.toml: apps.submitter.needs: goes in a circle: submitter -> pdf -> submitter",
        ),
        (
            ('default_cluster = "here"', 'default_cluster = "her"'),
            'apps.toml: default_cluster: "her" is not defined, did you mean "here"?',
        ),
        (
            ('soak = "1m30s"', 'soak = "soon"'),
            'apps.toml: environments.production.soak: "soon" is not a duration; '
            'write "30s", "3m", "1h30m" or "60d"',
        ),
        (
            ('branches = ["{main_branch}"]', 'approval = "manuel"'),
            'apps.toml: environments.production.approval: "manuel" is not one of auto, manual, '
            'did you mean "manual"?',
        ),
        (
            ('"live-dev"', '"test-dev"'),
            'apps.toml: environments.production.spaces: "test-dev" is also in environments.test',
        ),
        (
            ('{ env = "SERVER" }', '"https://cluster"'),
            'apps.toml: clusters.there.server: must name an environment variable: { env = "NAME" }',
        ),
        (
            ('language = "python"', 'language = "pyton"'),
            'apps.toml: apps.submitter.language: "pyton" is not defined, did you mean "python"?',
        ),
        (
            ("2030-01-31", '"2030-01-31"'),
            "apps.toml: apps.submitter.suppressions[0].expires: must be a date (2027-01-31), not text",
        ),
        (
            ('path = "apps/submitter"', 'path = "apps/\\u0000"'),
            "apps.toml: apps.submitter.path: must not hold a NUL character",
        ),
        (('[["ruff"', '["ruff"'), "apps.toml: is not valid TOML: "),
        (("[environments.test]", "[environments.test"), "apps.toml: is not valid TOML: "),
        (('kubeconfig = "kube/config"', ""), "apps.toml: clusters.here: needs a kubeconfig, or server"),
        (
            ("suites.smoke", "suites.smok"),
            'apps.toml: apps.submitter.suites.smok: unknown suite, did you mean "smoke"?',
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_path(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(Misused) as error:
        load(tmp_path, GOOD.replace(*change, 1))
    assert error.value.reason.startswith(sentence)
    assert error.value.kind.exit_code == 2


@pytest.mark.parametrize("written", ["../elsewhere/app", "ABOVE/elsewhere/app", "link", "link/../app"])
def test_an_app_may_lie_anywhere(tmp_path: Path, written: str) -> None:
    """Links are resolved: what is there belongs to the repository in which it lies."""
    (tmp_path / "home").mkdir()
    there = tmp_path / "elsewhere" / "app"
    there.mkdir(parents=True)
    (tmp_path / "home/link").symlink_to("../elsewhere/app")
    path = written.replace("ABOVE", str(tmp_path))
    app = load(tmp_path / "home", GOOD.replace('"apps/submitter"', f'"{path}"')).apps["submitter"]
    assert (app.path, app.context) == (there, there)


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="line 3"):
        load(tmp_path, "a = 1\nb = 2\nc = = 3\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="no such file") as error:
        Config.load(tmp_path / "apps.toml")
    assert str(tmp_path) in error.value.reason


def test_unknown_names_list_what_there_is(tmp_path: Path) -> None:
    config = load(tmp_path)
    with pytest.raises(Misused, match='did you mean "submitter"') as error:
        config.app("submiter")
    assert error.value.remedy == "apps: submitter, pdf"
    with pytest.raises(Misused, match='did you mean "live-dev"') as error:
        config.place("live-def")
    assert "test, production, test-dev" in error.value.remedy
    with pytest.raises(Misused, match="no such cluster"):
        config.cluster("moon")


def test_the_repositorys_own_file_declares_the_seven_apps_in_priority_order() -> None:
    config = Config.load(ROOT / "apps.toml")
    seven = [app for app in config.apps.values() if not app.support]
    assert [app.name for app in seven] == [
        "submitter",
        "runner",
        "user-datastore",
        "user-filestore",
        "pdf-generator",
        "service-token-cache",
        "publisher",
    ]
    assert [app.priority for app in seven] == list(range(1, 8))


def test_every_app_of_the_repository_has_its_code_or_says_that_it_has_none() -> None:
    for app in Config.load(ROOT / "apps.toml").apps.values():
        assert app.path.is_dir() == (not app.pending), app.name
        for dockerfile in (image.dockerfile for image in app.images.values()):
            assert (app.path / dockerfile).is_file(), f"{app.name}: {dockerfile}"
        for suite in app.suites.values():
            assert (app.path / suite.path).is_dir(), f"{app.name}: {suite.path}"
