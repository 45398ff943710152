"""[apps.<name>.suites.<kind>]: pytest or a command, whose report, and where its code is."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.settings.config import Config
from toolkit.settings.model import Suite

APPS = """
default_cluster = "here"
[environments.test]
spaces = ["dev"]
[clusters.here]
kubeconfig = "x"
[languages.ruby]
suite = ["bundle", "exec", "rspec", "{path}", "-o", "{report}"]
[languages.python]
[apps.web]
path = "."
namespace = "web"
service = "web"
LANGUAGE
[apps.web.suites.acceptance]
"""


def load(folder: Path, table: str, language: str = "") -> Config:
    file = folder / "apps.toml"
    file.write_text(APPS.replace("LANGUAGE", language) + table, encoding="utf-8")
    return Config.load(file)


def read(folder: Path, table: str, language: str = "") -> Suite:
    return load(folder, table, language).apps["web"].suites["acceptance"]


def test_without_a_word_it_is_pytest(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Suite("tests/acceptance", env={})


def test_its_own_command_goes_before_that_of_its_language_and_that_before_the_apps(
    tmp_path: Path,
) -> None:
    rspec = ("bundle", "exec", "rspec", "{path}", "-o", "{report}")
    ruby = 'language = "ruby"'
    assert read(tmp_path, "", ruby).command == rspec
    assert read(tmp_path, ruby).command == rspec
    assert read(tmp_path, 'language = "python"', ruby).command == ()
    own = read(tmp_path, 'command = ["run", "{report}"]', ruby)
    assert (own.command, own.path) == (("run", "{report}"), ".")
    assert read(tmp_path, "", ruby).path == "tests/acceptance"


def test_root_in_a_command_is_the_folder_of_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, 'command = ["{root}/run", "{report}"]').command[0] == f"{tmp_path}/run"


def test_a_repository_elsewhere_is_whole_unless_a_path_is_said(tmp_path: Path) -> None:
    suite = read(tmp_path, 'repository = "https://git.example/x.git"\nref = "main"')
    assert suite.repository is not None
    assert (suite.path, suite.repository.url) == (".", "https://git.example/x.git")
    assert suite.repository.where == "apps.toml: apps.web.suites.acceptance.repository"


def test_the_variable_of_an_address_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUITE_ADDRESS", raising=False)
    assert "SUITE_ADDRESS" in load(tmp_path, 'repository = { env = "SUITE_ADDRESS" }\nref = "main"').variables


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('command = ["rspec"]', "command: has no {report}"),
        ('command = ["rspec", "{repot}"]', "command: {repot} is not a known placeholder"),
        ("command = []", "command: must not be empty"),
        ('command = "rspec {report}"', "command: must be a list, not text"),
        ('command = ["x", "{report}"]\nformat = "trx"', 'format: "trx" is not one of junit, tap'),
        ('format = "tap"', 'format: "tap" is of a `command`, which is missing'),
        ('language = "rubby"', 'suites.acceptance.language: "rubby" is not defined'),
        ('ref = "main"', "ref: is of a `repository`, which is missing"),
        ('repository = "https://git.example/x.git"', "ref: is missing"),
        ('repository = "https://x.example/y"\nref = "main"\npath = "../z"', '"../z" leaves the repository'),
    ],
)
def test_what_makes_no_sense_is_said_with_its_path(tmp_path: Path, table: str, words: str) -> None:
    with pytest.raises(Misused) as error:
        read(tmp_path, table)
    assert "apps.toml: apps.web.suites.acceptance" in error.value.reason
    assert words in error.value.reason


def test_tap_may_be_what_it_prints_and_env_may_say_where_the_report_lies(tmp_path: Path) -> None:
    assert read(tmp_path, 'command = ["prove"]\nformat = "tap"').format == "tap"
    assert read(tmp_path, 'command = ["jest"]\nenv.JEST_JUNIT_OUTPUT_FILE = "{report}"').command == ("jest",)
