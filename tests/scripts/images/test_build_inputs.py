"""What makes the build stage another one: an earlier pass must not stand for another image."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.ci.origin import Source
from toolkit.pipeline.plan import for_run
from toolkit.pipeline.reuse import Reuse
from toolkit.settings.config import Config

from tests.scripts.images.standing_in import say_of_images, tiny
from tests.scripts.tiny_app import Repository

ONE, OTHER = "1" * 40, "2" * 40


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return tiny(tmp_path)


def inputs(repo: Repository, stage: str, commit: str = ONE) -> str:
    config = Config.load(repo.root / "apps.toml")
    app = config.app("tiny")
    source = Source("local", "main", commit, "ada", "", False)
    reuse = Reuse(config, app, config.cluster("docker"), source, lambda *_: "state")
    return reuse.inputs(for_run(config, app, "main").stage(stage))


@pytest.mark.parametrize(
    ("role", "varies"),
    [
        ('"Dockerfile"', False),
        ('{ build_args = { V = "1" } }', False),
        ('{ build_args = { V = "{commit}" } }', True),
        ('{ build_args = { V = "v{version}" } }', True),
        ('{ image = "ghcr.io/x:{commit}" }', True),
        ('{ image = "ghcr.io/x:1" }', False),
    ],
)
def test_an_image_that_names_the_commit_is_another_for_another(
    repo: Repository, role: str, varies: bool
) -> None:
    say_of_images(repo, f"images = {{ api = {role} }}")
    assert (inputs(repo, "build") != inputs(repo, "build", OTHER)) is varies
    assert inputs(repo, "lint") == inputs(repo, "lint", OTHER)


def test_a_context_of_its_own_is_an_input(repo: Repository) -> None:
    say_of_images(repo, 'images = { api = { context = "../beside", dockerfile = "Dockerfile" } }')
    beside = repo.root / "beside"
    beside.mkdir()
    (beside / "file").write_text("one")
    before = inputs(repo, "build")
    (beside / "file").write_text("two")
    assert inputs(repo, "build") != before


@pytest.mark.parametrize("key", ["repository", "target", "platform"])
def test_what_is_said_of_an_image_is_an_input(repo: Repository, key: str) -> None:
    before = inputs(repo, "build")
    value = {"platform": "linux/arm64"}.get(key, "other")
    say_of_images(repo, f'images = {{ api = {{ {key} = "{value}" }} }}')
    assert inputs(repo, "build") != before
