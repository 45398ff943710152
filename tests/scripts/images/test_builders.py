"""Each builder that is on this machine, building for real and pushing to a registry here."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.local_registry import PASSWORD, USER, Registry, serving
from tests.scripts.images import builders
from tests.scripts.tiny_app import Repository, repository

DOCKERFILE = """FROM scratch AS base
COPY calc.py /calc.py
ARG COLOUR=none
LABEL colour=$COLOUR
FROM base AS app
LABEL stage=app
FROM base AS last
LABEL stage=last
"""
APPS = """
[clusters.built]
builder = "BUILDER"
registry = { env = "TINY_REGISTRY" }
kubeconfig = "none"
"""
ROLES = """images = { api = "Dockerfile", workers = { dockerfile = "Dockerfile" }, web = { target = "app",
repository = "web/app", build_args = { COLOUR = "v-{version}" }, platform = "linux/amd64" } }
""".replace("\n", " ")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving() as made:
        yield made


@contextmanager
def ready(builder: str, folder: Path, registry: str) -> Iterator[dict[str, str]]:
    """The environment in which a builder works; skips by name where it is missing."""
    with ExitStack() as stack:
        if builder == "buildx":
            builders.needed("docker")
            if not builders.buildx_is_here():
                pytest.skip("docker buildx is not on this machine")
        if builder in ("docker", "buildx"):
            builders.needed("docker", "podman")
            yield stack.enter_context(builders.engine(folder, registry))
            return
        builders.needed(builder)
        yield builders.environment(folder)


def tiny(folder: Path, builder: str, images: str = ROLES) -> Repository:
    folder.mkdir()
    made = repository(folder)
    file = made.root / "apps.toml"
    text = file.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("images ="))
    text = text.replace(line, images.strip()) + APPS.replace("BUILDER", builder)
    file.write_text(text, encoding="utf-8")
    made.write("Dockerfile", DOCKERFILE)
    return made


def kept(repo: Repository) -> dict[str, str]:
    document = json.loads((repo.root / ".pipeline/images/tiny.json").read_text(encoding="utf-8"))
    images: dict[str, str] = document["built"]["images"]
    return images


@pytest.mark.parametrize("builder", ["docker", "buildx", "podman", "buildah"])
def test_what_a_builder_pushed_is_what_its_registry_has(
    builder: str, tmp_path: Path, registry: Registry
) -> None:
    repo = tiny(tmp_path / "repo", builder)
    with ready(builder, tmp_path / "builder", registry.host) as env:
        given = {"TINY_REGISTRY": f"{registry.host}/team/", "COMMIT": "1" * 40, **env}
        done = repo.run("build", "tiny", "--cluster", "built", env=given)
        assert done.code == 0, done.output
        again = repo.run("build", "tiny", "--cluster", "built", env=given)
        assert again.code == 0 and "images are up to date" in again.output
    tag = next(key for name, key in registry.manifests if name == "team/web/app" and ":" not in key)
    assert tag.startswith("111111111111")
    assert kept(repo) == {
        "api": (api := f"{registry.host}/team/fb-tiny-api@{registry.digest('team/fb-tiny-api', tag)}"),
        "workers": api,
        "web": f"{registry.host}/team/web/app@{registry.digest('team/web/app', tag)}",
    }
    assert {name for name, _ in registry.manifests} == {"team/fb-tiny-api", "team/web/app"}
    web = registry.config("team/web/app", tag)
    labels = web["config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == "1" * 40
    assert (labels["stage"], labels["colour"]) == ("app", f"v-{tag}")
    assert (web["os"], web["architecture"]) == ("linux", "amd64")
    assert registry.config("team/fb-tiny-api", tag)["config"]["Labels"]["stage"] == "last"


SECRET = "canary-of-a-build-7d31"
READS = """FROM scratch
COPY probe /probe
RUN --mount=type=secret,id=NPM ["/probe"]
"""
PROBE = """package main

import (
	"fmt"
	"os"
)

func main() {
	secret, err := os.ReadFile("/run/secrets/NPM")
	if err != nil || len(secret) == 0 {
		fmt.Println("no secret", err)
		os.Exit(1)
	}
	os.WriteFile("/length", []byte(fmt.Sprint("length=", len(secret))), 0o644)
}
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A program that runs in an image that has nothing else, and needs its secret."""
    import os
    import subprocess

    builders.needed("go")
    folder = tmp_path_factory.mktemp("probe")
    (folder / "main.go").write_text(PROBE)
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    argv = ["go", "build", "-ldflags=-s -w", "-o", str(folder / "probe"), str(folder / "main.go")]
    subprocess.run(argv, check=True, env=env, capture_output=True, timeout=300)
    return (folder / "probe").read_bytes()


@pytest.mark.parametrize("builder", ["podman", "buildah", "buildx"])
def test_a_secret_gets_to_the_build_and_into_nothing_that_is_left(
    builder: str, tmp_path: Path, registry: Registry, probe: bytes
) -> None:
    repo = tiny(
        tmp_path / "repo", builder, 'images = { api = { build_args = { NPM = { env = "NPM_RC" } } } }'
    )
    repo.write("Dockerfile", READS)
    (repo.app / "probe").write_bytes(probe)
    (repo.app / "probe").chmod(0o755)
    with ready(builder, tmp_path / "builder", registry.host) as env:
        given = {"TINY_REGISTRY": registry.host, "NPM_RC": SECRET, **env}
        done = repo.run("build", "tiny", "--cluster", "built", env=given)
    assert done.code == 0, done.output
    assert registry.holds(f"length={len(SECRET)}".encode()), "the build had it"
    assert not registry.holds(SECRET.encode())
    assert SECRET not in done.output
    left = [path for path in repo.root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert left == []


def test_a_login_for_the_registry_is_used_and_its_absence_is_told(tmp_path: Path) -> None:
    builders.needed("buildah")
    with serving("basic") as registry, ready("buildah", tmp_path / "builder", registry.host) as env:
        repo = tiny(tmp_path / "repo", "buildah", 'images = { api = "Dockerfile" }')
        (tmp_path / "auth.json").write_text("{}")
        given = {"TINY_REGISTRY": registry.host, "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json"), **env}
        done = repo.run("build", "tiny", "--cluster", "built", env=given)
        assert done.code == 1, done.output
        assert "authentication required" in done.output or "unauthorized" in done.output
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
        done = repo.run("build", "tiny", "--cluster", "built", env=given)
        assert done.code == 0, done.output
        assert PASSWORD not in done.output
