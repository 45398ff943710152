"""The container image: its file, and the image itself where PIPELINE_IMAGE names one that is here."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests import ROOT
from tests.installed import Repository

LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def test_what_it_copies_is_what_make_package_leaves_and_git_holds() -> None:
    sources = [word for line in re.findall(r"^COPY (.*)$", LINES, re.MULTILINE) for word in line.split()[:-1]]
    assert sources == ["requirements.txt", "dist/*.whl"]
    let_through = (ROOT / ".dockerignore").read_text().split()
    assert let_through == ["*", *(f"!{source}" for source in sources)]
    assert "--out-dir dist " in (ROOT / "Makefile").read_text()


def test_it_runs_the_command_and_not_as_root() -> None:
    instructions = re.findall(r"^([A-Z]+) (.*)$", LINES, re.MULTILINE)
    assert instructions[-1] == ("ENTRYPOINT", '["pipeline"]')
    users = [value for name, value in instructions if name == "USER"]
    assert users == ["pipeline"]
    assert "--require-hashes" in LINES


def test_the_image_runs_a_stage_in_a_repository_that_is_mounted(repository: Repository) -> None:
    image, engine = os.environ.get("PIPELINE_IMAGE"), shutil.which("podman") or shutil.which("docker")
    if not image or not engine:
        pytest.skip("PIPELINE_IMAGE names no image, or there is neither podman nor docker")
    assert repository.run("pipeline", "init").code == 0
    version = repository.commit("a pipeline")
    user = [f"--user={os.getuid()}:{os.getgid()}"]
    limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]  # a container in a container has less
    mounted = f"--volume={repository.folder}:/app"
    argv = [engine, "run", "--rm", "--init", "--network=none", *user, *limits, mounted, image]
    done = repository.run(*argv, "approve", "ENV=production")
    assert f"approved {version} of my-app for production" in done.output
    repository.write("app.py", "import os\n")
    done = repository.run(*argv, "lint")
    assert (done.code, "F401" in done.output) == (1, True), done.output
    assert Path(repository.folder / ".pipeline/latest/run.json").exists()
