"""A docker that stands in for the real one, and what is asked of it and of a tiny app."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.scripts.tiny_app import Repository, repository

DOCKERFILE = 'FROM python:3.11-slim\nWORKDIR /app\nCOPY calc.py ./\nCMD ["python", "calc.py"]\n'
DIGEST = "sha256:" + "ab" * 32

# A docker that writes down what it is asked, and answers as the real one does.
FAKE_DOCKER = """#!/usr/bin/env python3
import json, os, sys, time
with open(os.environ["ASKED"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
words = sys.argv[1:]
if os.environ.get("BREAK") == "hang":
    open(os.environ["ASKED"] + ".pid", "w").write(f"{{os.getpid()}}\\n")
    time.sleep(300)
if words[0] == "build":
    if os.environ.get("BREAK") == "build":
        sys.exit("failed to solve: no such stage")
    open(words[words.index("--iidfile") + 1], "w").write("sha256:1234")
if words[0] == "push" and os.environ.get("BREAK") == "push":
    sys.exit("denied: not logged in")
if words[0] == "push" and "PUSHED" in os.environ:
    print("1: digest: " + os.environ["PUSHED"] + " size: 1234")
if words[:2] == ["image", "inspect"]:
    print(json.dumps(["registry.example/team/fb-tiny-" + w + "@{digest}" for w in ("api", "app")]))
"""


def tiny(folder: Path) -> Repository:
    """A tiny app with a Dockerfile that any builder can build."""
    made = repository(folder)
    made.write("Dockerfile", DOCKERFILE)
    return made


def docker(repo: Repository, tmp_path: Path, **more: str) -> dict[str, str]:
    """The environment in which a docker is on PATH and a registry is named."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "docker"
    program.write_text(FAKE_DOCKER.format(digest=DIGEST), encoding="utf-8")
    program.chmod(0o755)
    return {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "ASKED": str(repo.root / "asked"),
        "TINY_REGISTRY": "registry.example/team",
        "COMMIT": "1" * 40,
        **more,
    }


def asked(repo: Repository) -> list[list[str]]:
    return [json.loads(line) for line in (repo.root / "asked").read_text(encoding="utf-8").splitlines()]


def kept(repo: Repository, cluster: str) -> dict[str, str]:
    document = json.loads((repo.root / ".pipeline/images/tiny.json").read_text(encoding="utf-8"))
    images: dict[str, str] = document[cluster]["images"]
    return images


def say_of_images(repo: Repository, line: str) -> None:
    """Have apps.toml say this of the app's images."""
    file = repo.root / "apps.toml"
    text = file.read_text(encoding="utf-8")
    before = next(each for each in text.splitlines() if each.startswith("images ="))
    file.write_text(text.replace(before, line), encoding="utf-8")
