"""An app's own repository: pipeline.toml is found, extends what several share, and state dirties nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from toolkit.ci.systems import VENDORS

from tests import ROOT

COMMON = """
default_cluster = "none"
[environments.test]
spaces = ["dev"]
[clusters.none]
kubeconfig = "nowhere"
[languages.toy]
lint = [["{python}", "-c", "print('linted by all')"]]
[apps.cache]
path = "apps/cache"
namespace = "cache-{space}"
service = "cache"
"""
OWN = """
extends = "../platform/common.toml"
[apps.web]
path = "."
language = "toy"
namespace = "web-{space}"
service = "web"
needs = ["cache"]
"""


class Repository:
    """A git repository with pipeline.toml, and beside it the folder of the common file."""

    def __init__(self, folder: Path) -> None:
        hidden = {vendor.known_by for vendor in VENDORS} | {"CONFIG", "BRANCH", "COMMIT"}
        kept = {key: value for key, value in os.environ.items() if key not in hidden}
        self.env = {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        self.root = folder / "web"
        self.common = folder / "platform/common.toml"
        self.common.parent.mkdir()
        self.common.write_text(COMMON)
        (self.root / "src").mkdir(parents=True)
        (self.root / "pipeline.toml").write_text(OWN)
        (self.root / "src/app.py").write_text("")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("-c", "user.name=Ada", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "first")

    def git(self, *words: str) -> str:
        return subprocess.check_output(["git", "-C", str(self.root), *words], env=self.env, text=True).strip()

    def run(self, script: str, *flags: str, within: str = ".", **env: str) -> tuple[int, str]:
        ran = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / f"{script}.py"), *flags],
            cwd=self.root / within,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in ran.stdout, ran.stdout
        return ran.returncode, ran.stdout


@pytest.fixture
def own(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize("within", [".", "src"])
def test_it_is_found_and_its_run_makes_the_checkout_not_dirty(own: Repository, within: str) -> None:
    code, said = own.run("lint", "--app", "web", within=within)
    assert (code, "linted by all" in said) == (0, True), said
    assert own.git("status", "--porcelain") == ""
    latest = json.loads((own.root / ".pipeline/latest/run.json").read_text())
    assert latest["version"] == own.git("rev-parse", "HEAD")[:12]
    assert latest["branch"] == "main"


def test_every_app_is_every_app_of_its_own_and_needs_are_of_the_common_file(own: Repository) -> None:
    code, said = own.run("plan", "--app", "all")
    assert (code, "web" in said, "cache " in said) == (0, True, False), said
    code, said = own.run("healthcheck", "--app", "cash", "--env", "test")
    assert code == 2
    assert "apps: web, cache" in said


def test_config_names_another_in_the_environment_and_a_flag_goes_before_it(own: Repository) -> None:
    other = own.root.parent / "other.toml"
    other.write_text(OWN.replace("../platform", "platform").replace("apps.web", "apps.other"))
    code, said = own.run("lint", "--app", "other", CONFIG="../other.toml")
    assert (code, "linted by all" in said) == (0, True), said
    assert (own.root.parent / ".pipeline/latest").exists()
    code, said = own.run("lint", "--app", "web", "--config", "pipeline.toml", CONFIG="../other.toml")
    assert code == 0, said
    assert (own.root / ".pipeline/latest").exists()
    code, said = own.run("lint", "--app", "web", CONFIG="gone.toml")
    assert (code, "gone.toml: no such file" in said) == (2, True), said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("../platform", "../nowhere"), "extends: ../nowhere/common.toml: no such file"),
        (("[apps.web]", "[apps.cache]"), "apps.cache: ../platform/common.toml has a table of this app too"),
        (("../platform/common.toml", "./pipeline.toml"), "goes in a circle: pipeline.toml -> pipeline.toml"),
        (("[apps.web]" + OWN.partition("[apps.web]")[2], ""), "apps: declares no app of its own"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_started(
    own: Repository, change: tuple[str, str], sentence: str
) -> None:
    (own.root / "pipeline.toml").write_text(OWN.replace(*change))
    code, said = own.run("lint")
    assert (code, sentence in said) == (2, True), said
    assert not (own.root / ".pipeline").exists()
