"""scripts/build.py and toolkit.images.building: builders that are there, missing, or answer something odd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scripts.images.standing_in import DIGEST, DOCKERFILE, asked, docker, kept, tiny
from tests.scripts.tiny_app import SCRIPTS, Repository
from tests.ways import Foreign

FOREIGN = """
default_cluster = "docker"
[clusters.docker]
builder = "docker"
registry = { env = "TINY_REGISTRY" }
kubeconfig = "none"
[apps.tiny]
path = "PATH"
namespace = "tiny"
service = "tiny"
images = { app = "Dockerfile" }
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return tiny(tmp_path)


def test_an_image_is_named_as_its_registry_named_it(repo: Repository, tmp_path: Path) -> None:
    """Whatever the engine knows it by: podman behind Docker's API knows another digest."""
    registrys = "sha256:" + "cd" * 32
    done = repo.run("build", "tiny", "--cluster", "docker", env=docker(repo, tmp_path, PUSHED=registrys))
    assert done.code == 0, done.output
    assert set(kept(repo, "docker").values()) == {f"registry.example/team/fb-tiny-api@{registrys}"}


def test_the_sandbox_builds_roles_of_one_dockerfile_once(repo: Repository) -> None:
    done = repo.run("build")
    assert done.code == 0, done.output
    images = kept(repo, "sandbox")
    assert set(images) == {"api", "workers"}
    assert images["api"] == images["workers"]
    assert images["api"].startswith("sandbox/fb-tiny-api@sha256:")
    assert done.output.count("-m sandbox build") == 1
    assert done.record["stages"][0]["details"]["images"] == images


def test_the_same_inputs_give_the_same_image_and_others_another(repo: Repository) -> None:
    repo.run("build")
    first = kept(repo, "sandbox")
    done = repo.run("build")
    assert "unchanged" in done.output and '"reused": true' in done.output
    assert kept(repo, "sandbox") == first
    repo.write("calc.py", "VALUE = 2\n")
    repo.run("build")
    assert kept(repo, "sandbox")["api"] != first["api"]


def test_an_image_that_was_thrown_away_is_built_again(repo: Repository) -> None:
    import shutil

    repo.run("build")
    first = kept(repo, "sandbox")
    shutil.rmtree(repo.root / ".sandbox")
    done = repo.run("build")
    assert done.code == 0, done.output
    assert "built" in done.output
    assert kept(repo, "sandbox") == first


def test_docker_builds_pushes_and_names_by_digest(repo: Repository, tmp_path: Path) -> None:
    done = repo.run("build", "tiny", "--cluster", "docker", env=docker(repo, tmp_path))
    assert done.code == 0, done.output
    image = f"registry.example/team/fb-tiny-api@{DIGEST}"
    assert kept(repo, "docker") == {"api": image, "workers": image}
    build, push, inspect = asked(repo)
    assert build[0] == "build"
    assert build[-1] == str(repo.app)
    tag = build[build.index("--tag") + 1]
    assert tag.startswith("registry.example/team/fb-tiny-api:111111111111")
    assert push == ["push", tag]
    assert inspect[-1] == "sha256:1234"


def test_docker_is_not_asked_again_for_the_same_inputs(repo: Repository, tmp_path: Path) -> None:
    env = docker(repo, tmp_path)
    repo.run("build", "tiny", "--cluster", "docker", env=env)
    done = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert done.code == 0, done.output
    assert len(asked(repo)) == 3
    repo.write("calc.py", "VALUE = 2\n")
    repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert len(asked(repo)) == 6


@pytest.mark.parametrize(("step", "words"), [("build", "failed to solve"), ("push", "denied: not logged in")])
def test_a_docker_that_fails_fails_with_its_words(
    repo: Repository, tmp_path: Path, step: str, words: str
) -> None:
    done = repo.run("build", "tiny", "--cluster", "docker", env=docker(repo, tmp_path, BREAK=step))
    assert done.code == 1, done.output
    assert words in done.output
    assert not (repo.root / ".pipeline/images/tiny.json").exists()


def test_a_missing_docker_is_misuse_that_says_how_to_get_it(repo: Repository, tmp_path: Path) -> None:
    env = docker(repo, tmp_path, PATH=str(tmp_path / "empty"))
    done = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert done.code == 2, done.output
    assert "docker: no such program" in done.output
    assert "install Docker Engine" in done.output


def test_a_missing_registry_is_misuse_that_names_the_variable(repo: Repository, tmp_path: Path) -> None:
    env = docker(repo, tmp_path, TINY_REGISTRY="")
    done = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert done.code == 2, done.output
    assert "TINY_REGISTRY is not set" in done.output
    assert not (repo.root / "asked").exists()


def test_an_interrupted_build_leaves_no_process_behind(repo: Repository, tmp_path: Path) -> None:
    env = {**os.environ, **docker(repo, tmp_path, BREAK="hang")}
    argv = [sys.executable, str(SCRIPTS / "build.py"), "--config", str(repo.root / "apps.toml")]
    script = subprocess.Popen(
        [*argv, "--app", "tiny", "--cluster", "docker"],
        cwd=repo.root,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(eventually(repo.root / "asked.pid"))
    script.send_signal(signal.SIGTERM)
    output, _ = script.communicate(timeout=30)
    assert script.returncode == 130, output
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def eventually(file: Path) -> str:
    """What a file holds once it has a whole line, within 30 s."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if file.exists() and file.read_text(encoding="utf-8").endswith("\n"):
            return file.read_text(encoding="utf-8")
        time.sleep(0.02)
    raise AssertionError(f"{file} was not written")


MASKING = {
    "SONAR_PROJECT_KEY": "fb-tiny",
    "PRIVATE_REGISTRY": "registry.example",
    "SIGNING_KEY": "sandbox",
    "TRACE_TOKEN": "@sha256:",
    "OTHER_SECRET": '"reused"',
    "POSTGRES_PASSWORD": "RepoDigests",
    "APP_SECRET": "registry.example/team/fb-tiny-api",
}


@pytest.mark.parametrize("cluster", ["sandbox", "docker"])
def test_a_variable_that_masks_part_of_an_answer_changes_nothing(
    repo: Repository, tmp_path: Path, cluster: str
) -> None:
    env = docker(repo, tmp_path)
    done = repo.run("build", "tiny", "--cluster", cluster, env=env)
    assert done.code == 0, done.output
    images = kept(repo, cluster)
    masked = repo.run("build", "tiny", "--cluster", cluster, env={**env, **MASKING})
    assert masked.code == 0, masked.output
    assert kept(repo, cluster) == images
    assert "WARNING: SONAR_PROJECT_KEY is masked because of its name" in masked.output
    assert "fb-tiny" not in masked.output.replace("-fb-tiny", ""), "what was masked stays masked"


@pytest.mark.parametrize("cluster", ["sandbox", "docker"])
def test_no_secret_of_the_environment_gets_into_an_image(
    repo: Repository, tmp_path: Path, cluster: str
) -> None:
    """Not into a layer, a label or an argument: nothing that building leaves behind holds one."""
    canary = "canary-8d30-of-a-build"
    secrets = dict.fromkeys(("SLACK_WEBHOOK", "EKS_TOKEN_TEST_DEV", "SMTP_PASSWORD", "DOCKER_AUTH"), canary)
    done = repo.run("build", "tiny", "--cluster", cluster, env={**docker(repo, tmp_path), **secrets})
    assert done.code == 0, done.output
    files = [path for path in repo.root.rglob("*") if path.is_file()]
    left = {"sandbox": ".sandbox", "docker": "asked"}[cluster]
    assert any(left in path.relative_to(repo.root).parts for path in files), "what it builds is looked into"
    assert not [path for path in files if canary.encode() in path.read_bytes()]
    assert canary not in done.output


def test_the_label_is_the_commit_of_the_apps_own_repository(tmp_path: Path, repo: Repository) -> None:
    app = Foreign(
        tmp_path / "foreign", "sibling checkout", FOREIGN, {"Dockerfile": DOCKERFILE, "calc.py": ""}
    )
    env = docker(repo, tmp_path)
    del env["COMMIT"]
    done = app.run("build", **env)
    assert done.code == 0, done.output
    words = next(words for words in asked(repo) if words[0] == "build")
    assert words[words.index("--label") + 1] == f"org.opencontainers.image.revision={app.head}"
    assert words[words.index("--tag") + 1] == f"registry.example/team/fb-tiny-app:{app.head[:12]}"


@pytest.mark.parametrize("way", ["ignored file", "file of node_modules", "link", "its own .dockerignore"])
def test_whatever_a_build_sees_makes_it_another(repo: Repository, tmp_path: Path, way: str) -> None:
    """Each of these was "up to date" before: the old image would have been deployed as the new one."""
    files = {"ignored file": "ignored", "file of node_modules": "node_modules/lib/index.js"}
    name = files.get(way, "Dockerfile.dockerignore")
    for folder in ("one", "two"):
        repo.write(f"{folder}/file", folder)

    def change(word: str) -> None:
        if way == "link":
            (repo.app / "linked").unlink(missing_ok=True)
            (repo.app / "linked").symlink_to(word)
        else:
            repo.write(name, word)

    change("one")
    env = docker(repo, tmp_path)
    assert repo.run("build", "tiny", "--cluster", "docker", env=env).code == 0
    assert "images are up to date" in repo.run("build", "tiny", "--cluster", "docker", env=env).output
    change("two")
    again = repo.run("build", "tiny", "--cluster", "docker", env=env)
    assert again.code == 0 and "images are up to date" not in again.output
