"""What is built for an app, and what is refused before anything is built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.ci.origin import Source
from toolkit.ci.repositories.remote import Remote
from toolkit.images import fitting
from toolkit.settings.config import Config

from tests.scripts.images.standing_in import DIGEST, DOCKERFILE, asked, docker, kept, say_of_images, tiny
from tests.scripts.tiny_app import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return tiny(tmp_path)


def test_a_dockerfile_that_the_sandbox_does_not_know_fails_with_file_and_line(repo: Repository) -> None:
    repo.write("Dockerfile", DOCKERFILE + "HEALTHCHECK NONE\n")
    done = repo.run("build")
    assert done.code == 2, done.output
    assert "Dockerfile:5: HEALTHCHECK: not supported by the sandbox" in done.output
    assert "make pipeline APP=tiny CLUSTER=docker has it built with docker" in done.output


RUBY = "# a comment\nFROM ruby:3.2 AS base\nHEALTHCHECK NONE\nRUN bundle install\nFROM base\n"


@pytest.mark.parametrize("stage", ["build", "pipeline"])
def test_what_decides_it_is_said_before_anything_is_done(repo: Repository, stage: str) -> None:
    """A pipeline said it after minutes of unit tests, and named the line that mattered least."""
    repo.write("Dockerfile", RUBY)
    done = repo.run(stage)
    assert done.code == 2, done.output
    assert "Dockerfile:2: FROM: ruby:3.2: the sandbox builds on python images only" in done.output
    assert "CLUSTER=docker" in done.output and "HEALTHCHECK" not in done.output
    assert "unit" not in done.output
    assert not (repo.root / ".sandbox/kubeconfig").exists()


def test_a_file_that_the_context_lacks_is_misuse_and_no_other_builder_is_advised(repo: Repository) -> None:
    repo.write("Dockerfile", DOCKERFILE.replace("calc.py ./", "gone.py ./"))
    done = repo.run("build")
    assert done.code == 2, done.output
    assert "gone.py" in done.output and "CLUSTER=docker" not in done.output


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('target = "app"', "has target, which sandbox, the builder of cluster sandbox, cannot do"),
        ('platform = "linux/arm64"', "has platform, which sandbox"),
        ('build_args = { NPM = { env = "NPM_TOKEN" } }', "has a secret in build_args"),
    ],
)
def test_what_a_builder_cannot_do_is_one_sentence(repo: Repository, key: str, words: str) -> None:
    say_of_images(repo, f"images = {{ api = {{ {key} }} }}")
    for stage in ("build", "pipeline"):
        done = repo.run(stage)
        assert done.code == 2, done.output
        assert "apps.tiny.images.api: " in done.output and words in done.output
        assert "take a cluster with another builder (docker, buildx, podman, buildah" in done.output


def test_the_sandbox_takes_build_arguments(repo: Repository) -> None:
    say_of_images(repo, 'images = { api = { build_args = { V = "v-{version}" } }, b = "Dockerfile" }')
    repo.write("Dockerfile", DOCKERFILE + "ARG V=none\nENV V=$V\n")
    done = repo.run("build", env={"COMMIT": "1" * 40})
    assert done.code == 0, done.output
    assert "--build-arg V=v-111111111111" in done.output.replace("'", "")
    images = kept(repo, "sandbox")
    assert images["api"] != images["b"]


def test_a_secret_that_the_dockerfile_would_keep_is_refused(repo: Repository, tmp_path: Path) -> None:
    say_of_images(repo, 'images = { api = { build_args = { NPM = { env = "NPM_RC" } } } }')
    repo.write("Dockerfile", "FROM scratch\nARG OTHER NPM=x\n")
    env = docker(repo, tmp_path)
    unset = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert unset.code == 2 and "apps.tiny.images.api.build_args.NPM: NPM_RC is not set" in unset.output
    done = repo.run("build", "tiny", "--cluster", "docker", env={**env, "NPM_RC": "canary-of-npm-1"})
    assert done.code == 2, done.output
    assert "Dockerfile:2: ARG NPM would keep a secret in the image's history" in done.output
    assert "RUN --mount=type=secret,id=NPM" in done.output
    assert "canary-of-npm-1" not in done.output and not (repo.root / "asked").exists()


def test_roles_that_say_the_same_share_a_build_and_others_do_not(repo: Repository, tmp_path: Path) -> None:
    same = '{ dockerfile = "Dockerfile", repository = "team-api" }'
    say_of_images(repo, f"images = {{ api = {same}, app = {same}, other = 'Dockerfile' }}")
    env = docker(repo, tmp_path, PUSHED=DIGEST)
    done = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert done.code == 0, done.output
    pushed = [words[1].rpartition(":")[0] for words in asked(repo) if words[0] == "push"]
    assert sorted(pushed) == ["registry.example/team/fb-tiny-other", "registry.example/team/team-api"]
    images = kept(repo, "docker")
    assert images["api"] == images["app"] == f"registry.example/team/team-api@{DIGEST}"


@pytest.mark.parametrize("key", ["dockerfile", "context"])
def test_nothing_is_built_of_what_lies_beside_a_checkout(repo: Repository, key: str) -> None:
    """Of an app whose code is elsewhere: what is beside it is another app's checkout, or this machine's."""
    say_of_images(repo, f'images = {{ api = {{ {key} = "../beside" }} }}')
    (repo.root / "beside").mkdir()
    subprocess.run(["git", "init", "-q", str(repo.app)], check=True)
    config = Config.load(repo.root / "apps.toml")
    remote = Remote.of("https://git.example/tiny", "main", repo.root)
    app, source = config.app("tiny")._replace(repository=remote), Source("", "main", "1" * 40, "", "", False)
    with pytest.raises(Misused, match="beside leaves the repository that tiny is in"):
        fitting.wanted(app, config.cluster("sandbox"), source)


def test_two_images_of_one_name_are_refused(repo: Repository, tmp_path: Path) -> None:
    """Built side by side, the one would be pushed as the other."""
    roles = 'api = { repository = "x", target = "a" }, web = { repository = "x", target = "b" }'
    say_of_images(repo, f"images = {{ {roles} }}")
    env = docker(repo, tmp_path)
    done = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert done.code == 2, done.output
    assert "images.api and images.web are two images, and both would be pushed to" in done.output
    assert not (repo.root / "asked").exists()


def test_an_image_has_a_registry_of_its_own(repo: Repository, tmp_path: Path) -> None:
    say_of_images(
        repo, 'images = { api = { registry = { env = "WEB_REGISTRY" } }, web = { registry = "x.io/t" } }'
    )
    env = docker(repo, tmp_path, PUSHED=DIGEST, TINY_REGISTRY="")
    unset = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert unset.code == 2 and "tiny, role api: WEB_REGISTRY is not set" in unset.output
    done = repo.run("build", "tiny", "--cluster", "docker", env={**env, "WEB_REGISTRY": "y.io/"})
    assert done.code == 0, done.output
    assert kept(repo, "docker") == {
        "api": f"y.io/fb-tiny-api@{DIGEST}",
        "web": f"x.io/t/fb-tiny-web@{DIGEST}",
    }


def test_the_name_that_the_registrys_variable_had_before_is_told(repo: Repository, tmp_path: Path) -> None:
    file = repo.root / "apps.toml"
    file.write_text(file.read_text().replace("TINY_REGISTRY", "ECR_REGISTRY"))
    env = docker(repo, tmp_path, ECR_REPOSITORY="1.dkr.ecr.example/team")
    done = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert done.code == 2, done.output
    assert "ECR_REGISTRY is not set" in done.output
    assert "ECR_REPOSITORY, which is set, was its name before" in done.output


def test_a_missing_dockerfile_is_misuse(repo: Repository) -> None:
    (repo.app / "Dockerfile").unlink()
    done = repo.run("build")
    assert done.code == 2, done.output
    assert "there is no Dockerfile" in done.output
    assert "apps.tiny.images.api" in done.output
