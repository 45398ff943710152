"""Images that others build: named by digest before anything is done, refused clearly where that cannot be."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from toolkit.ci.origin import Source
from toolkit.images import building
from toolkit.settings.config import Config
from toolkit.settings.request import Request

from tests.local_registry import Registry, serving
from tests.scripts.tiny_app import Repository, repository

COMMIT = "1" * 40
IMAGES = (
    'images = { api = { image = "{registry}/tiny:{commit}" }, web = { image = "{registry}/tiny:{commit}" } }'
)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving() as made:
        yield made


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = repository(tmp_path)
    say(made, IMAGES)
    return made


def say(repo: Repository, line: str) -> None:
    file = repo.root / "apps.toml"
    text = file.read_text(encoding="utf-8")
    before = next(each for each in text.splitlines() if each.startswith("images ="))
    file.write_text(text.replace(before, line), encoding="utf-8")


def env(repo: Repository, registry: Registry, **more: str) -> dict[str, str]:
    nobody = str(repo.root / "nobody")
    return {
        "TINY_REGISTRY": f"{registry.host}/team",
        "COMMIT": COMMIT,
        **dict.fromkeys(("HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"), nobody),
        **more,
    }


def kept(repo: Repository) -> dict[str, str]:
    document = json.loads((repo.root / ".pipeline/images/tiny.json").read_text(encoding="utf-8"))
    images: dict[str, str] = document["docker"]["images"]
    return images


def test_a_name_becomes_the_digest_that_it_leads_to(repo: Repository, registry: Registry) -> None:
    digest = registry.put("team/tiny", COMMIT)
    done = repo.run("build", "tiny", "--cluster", "docker", env=env(repo, registry))
    assert done.code == 0, done.output
    assert kept(repo) == dict.fromkeys(("api", "web"), f"{registry.host}/team/tiny@{digest}")
    assert done.record["stages"][0]["details"]["images"] == kept(repo)
    assert f"{registry.host}/team/tiny:{COMMIT} is {registry.host}/team/tiny@{digest}" in done.output
    assert len(registry.asked) == 1, "roles that share an image ask once"


@pytest.mark.parametrize("name", ["{registry}/tiny:{commit}", "{registry}/tiny:latest"])
def test_the_stage_asks_anew_and_what_is_deployed_is_what_it_was_told(
    repo: Repository, registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A tag that moved between test and production would bring another image than what was checked."""
    say(repo, f'images = {{ api = {{ image = "{name}" }} }}')
    for variable, value in env(repo, registry).items():
        monkeypatch.setenv(variable, value)
    config = Config.load(repo.root / "apps.toml")
    app, cluster = config.app("tiny"), config.cluster("docker")
    options = argparse.Namespace()

    def built(commit: str, *, anew: bool) -> str:
        seen = Source("local", "main", commit, "ada", "", False)
        request = Request(config, cluster, app, None, (), options, repo.root, seen=seen)
        return building.build(request, app, anew=anew)["api"].partition("@")[2]

    other = "2" * 40
    tag, next_tag = (COMMIT, other) if "{commit}" in name else ("latest", "latest")
    first = registry.put("team/tiny", tag, b"1")
    assert built(COMMIT, anew=True) == first
    second = registry.put("team/tiny", tag, b"2")
    assert built(COMMIT, anew=False) == first
    assert built(COMMIT, anew=True) == built(COMMIT, anew=False) == second
    third = registry.put("team/tiny", next_tag, b"3")
    assert built(other, anew=False) == third, "another version is asked for"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (0, 2, ("is not there: ", "does not know it", "wait until it is pushed where it is built")),
        (401, 3, ("may not be asked for: ", "no login for it was found", "docker login")),
        (403, 3, ("may not be asked for: ", "does not let this machine ask for it (403)")),
        (500, 1, ("could not be asked for: ", "answers 500", "run this again")),
    ],
)
def test_what_keeps_it_from_being_had_is_told_apart(
    repo: Repository, registry: Registry, status: int, code: int, words: tuple[str, ...]
) -> None:
    registry.status = status
    done = repo.run("build", "tiny", "--cluster", "docker", env=env(repo, registry))
    assert done.code == code, done.output
    assert f"tiny: the image of role api, {registry.host}/team/tiny:{COMMIT}, " in done.output
    for each in words:
        assert each in done.output
    assert not (repo.root / ".pipeline/images/tiny.json").exists()


def test_a_registry_that_is_down_is_no_answer(repo: Repository) -> None:
    with serving() as registry:
        given = env(repo, registry)
    done = repo.run("build", "tiny", "--cluster", "docker", env=given)
    assert done.code == 1, done.output
    assert "does not answer: " in done.output and "refused" in done.output


def test_what_is_no_name_of_an_image_is_misuse(repo: Repository, registry: Registry) -> None:
    say(repo, 'images = { api = { image = "Team/Tiny:v1" } }')
    done = repo.run("build", "tiny", "--cluster", "docker", env=env(repo, registry))
    assert done.code == 2, done.output
    assert "Team/Tiny:v1, is not the name of an image" in done.output
    assert "correct apps.tiny.images.api.image" in done.output
