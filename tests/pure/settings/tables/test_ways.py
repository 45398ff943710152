"""[languages.<name>]: prepare, lockfiles, env, services, suite: inherited, joined, and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.settings.config import Config
from toolkit.settings.model import Service, Ways

RUBY = """
[languages.ruby]
prepare = [["bundle", "install"]]
lockfiles = ["Gemfile.lock"]
env.BUNDLE_PATH = "{cache}/bundle"
env.HERE = "{root}/x"
services.redis = { start = ["redis-server", "--port", "{port}"], env.REDIS_URL = "redis://127.0.0.1:{port}" }
suite = ["bundle", "exec", "rspec", "{path}"]
"""
APP = """
default_cluster = "here"
[environments.test]
spaces = ["test-dev"]
[clusters.here]
kubeconfig = "x"
[apps.web]
path = "."
namespace = "web"
service = "web"
"""


def load(folder: Path, text: str) -> Config:
    file = folder / "apps.toml"
    file.write_text(text, encoding="utf-8")
    return Config.load(file)


def of_app(folder: Path, more: str, language: str = RUBY) -> Ways:
    return load(folder, f"{APP}\n{more}\n{language}").apps["web"].ways


def test_an_app_has_the_ways_of_its_language(tmp_path: Path) -> None:
    ways = of_app(tmp_path, 'language = "ruby"')
    assert ways == load(tmp_path, APP + RUBY).ways["ruby"]
    assert ways.prepare == (("bundle", "install"),)
    assert ways.lockfiles == ("Gemfile.lock",)
    assert ways.services["redis"] == Service(
        ("redis-server", "--port", "{port}"), env={"REDIS_URL": "redis://127.0.0.1:{port}"}
    )
    assert ways.suite == ("bundle", "exec", "rspec", "{path}")
    assert not ways.is_empty


def test_an_app_without_a_language_has_none(tmp_path: Path) -> None:
    assert of_app(tmp_path, "") == Ways(env={}, services={})
    assert of_app(tmp_path, "").is_empty


def test_an_apps_own_words_win_and_env_and_services_are_joined(tmp_path: Path) -> None:
    own = """language = "ruby"
prepare = []
env.BUNDLE_PATH = "vendor"
env.RACK_ENV = "test"
services.db = { start = ["pg"], ready = ["pg_isready"], stop = ["pg_stop"], deadline = "1m" }
"""
    ways = of_app(tmp_path, own)
    assert ways.prepare == ()
    assert ways.env == {"BUNDLE_PATH": "vendor", "RACK_ENV": "test", "HERE": "{root}/x"}
    assert list(ways.services) == ["redis", "db"]
    assert ways.services["db"] == Service(("pg",), ("pg_isready",), ("pg_stop",), {}, 60.0)


def test_an_app_can_be_without_a_variable_of_its_language(tmp_path: Path) -> None:
    ways = of_app(tmp_path, 'language = "ruby"\nenv.BUNDLE_PATH = false\n')
    assert ways.env == {"HERE": "{root}/x"}


def test_root_in_the_words_of_another_file_is_the_folder_of_that_file(tmp_path: Path) -> None:
    common = tmp_path / "platform"
    common.mkdir()
    (common / "common.toml").write_text(
        RUBY.replace('"bundle", "install"', '"{root}/install"'), encoding="utf-8"
    )
    head = 'extends = "platform/common.toml"\n'
    ways = load(tmp_path, f'{head}{APP}\nlanguage = "ruby"\nenv.MINE = "{{root}}"\n').apps["web"].ways
    assert ways.prepare == ((f"{common}/install",),)
    assert ways.env["HERE"] == f"{common}/x"
    assert ways.env["MINE"] == "{root}"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('prepare = [["npm", "ci"]]', "lockfiles: is missing: the files that `prepare` depends on"),
        ('prepare = [["npm", "ci"]]\nlockfiles = []', "lockfiles: is missing"),
        ('prepare = ["npm", "ci"]', 'prepare[0]: must be a command as a list of words, ["npm", "ci"]'),
        ('prepare = [[]]\nlockfiles = ["x"]', "prepare[0]: must be a command"),
        ('lockfiles = [""]', "lockfiles[0]: must be the path of a file"),
        ("lockfiles = [7]", "lockfiles[0]: must be the path of a file"),
        ("env.X = 7", "env.X: must be text, not a whole number"),
        ('env."A B" = "x"', "env.A B: cannot be the name of a variable"),
        ('env.X = "a\\u0000b"', "env.X: must not hold a NUL character"),
        ('suite = "rspec"', "suite: must be a list, not text"),
        ('services.x.ready = ["true"]', "services.x.start: is missing: the command that runs it"),
        ('services.x = { start = ["y"], redy = ["z"] }', "services.x.redy: unknown"),
        (
            'services.x = { start = ["y"], deadline = "soon" }',
            'services.x.deadline: "soon" is not a duration',
        ),
        ("services = 7", "services: must be a table"),
    ],
)
@pytest.mark.parametrize("where", ["apps.web", "languages.ruby"])
def test_what_cannot_be_is_refused_with_its_path(
    tmp_path: Path, said: str, sentence: str, where: str
) -> None:
    table = f"{APP}\n{said}\n" if where == "apps.web" else f"{APP}\n[languages.ruby]\n{said}\n"
    with pytest.raises(Misused) as error:
        load(tmp_path, table)
    assert f"apps.toml: {where}.{sentence}" in error.value.reason
