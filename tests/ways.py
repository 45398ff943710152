"""An app in a repository of its own, in each of the ways in which apps.toml of another can name it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.ci.systems import VENDORS

from tests import ROOT

WAYS = (
    "sibling checkout",
    "submodule",
    "nested clone",
    "ignored clone",
    "linked worktree",
    "symlink",
    "absolute path",
)
BARE = """
default_cluster = "none"
[clusters.none]
kubeconfig = "none"
[apps.tiny]
path = "PATH"
namespace = "tiny"
service = "tiny"
"""
"""apps.toml for tests that ask what the app's code is, and no more."""
DEV, OPS = "Ada Lovelace", "Olga Ops"
OPS_BRANCH = "ops/renovate"
"""What is checked out in the repository of apps.toml: no environment with rules admits it."""

_FOREIGN = re.compile("GIT_|PIPELINE|SANDBOX|SLACK|BRANCH$|COMMIT$|APPROVE$|FRESH$")


class Ended(NamedTuple):
    """A script that ended."""

    code: int
    output: str


class Foreign:
    """The repository of apps.toml in `root`, and that of the app in `code`, as apps.toml leads to it."""

    def __init__(self, folder: Path, way: str, apps: str, files: dict[str, str]) -> None:
        """apps is apps.toml, in which PATH stands for the app's path."""
        folder.mkdir(parents=True, exist_ok=True)
        hidden = {vendor.known_by for vendor in VENDORS}
        kept = {
            key: value for key, value in os.environ.items() if not _FOREIGN.match(key) and key not in hidden
        }
        self.env = {
            **kept,
            **{f"GIT_CONFIG_{name}": os.devnull for name in ("GLOBAL", "SYSTEM")},
            "GIT_CEILING_DIRECTORIES": str(folder),
        }
        self.root, origin = folder / "the toolkit", folder / "the app"
        for repository, who in ((self.root, OPS), (origin, DEV)):
            repository.mkdir()
            self.git(repository, "init", "--quiet", "--initial-branch=main")
            self._sign(repository, who)
        for name, text in files.items():
            self._write(origin / name, text)
        self.git(origin, "add", "--all")
        self.git(origin, "commit", "--quiet", "--message=first")
        _write_ignore(self.root, ".pipeline/\n.sandbox/\n" + ("/apps/\n" if way == "ignored clone" else ""))
        self.code, path = _LAID[way](self, origin)
        (self.root / "apps.toml").write_text(apps.replace("PATH", path), encoding="utf-8")
        named = ("apps.toml", ".gitignore", *([".gitmodules", path] if way == "submodule" else []))
        self.git(self.root, "add", *named, *([path] if way == "symlink" else []))
        self.git(self.root, "commit", "--quiet", "--message=ops")
        self.git(self.root, "checkout", "--quiet", "-b", OPS_BRANCH)

    def _sign(self, repository: Path, who: str) -> None:
        self.git(repository, "config", "user.name", who)
        self.git(repository, "config", "user.email", "somebody@example.org")

    def _write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def git(self, repository: Path, *words: str) -> str:
        ran = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", "-C", str(repository), *words],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    def cloned(self, origin: Path, to: str) -> Path:
        """A clone in the repository of apps.toml."""
        self.git(self.root, "clone", "--quiet", str(origin), to)
        self._sign(self.root / to, DEV)
        return self.root / to

    def write(self, name: str, text: str) -> None:
        """Write a file of the app."""
        self._write(self.code / name, text)

    def commit(self, message: str = "a change") -> str:
        """Commit what the app has; the commit."""
        self.git(self.code, "add", "--all")
        self.git(self.code, "commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.head

    @property
    def head(self) -> str:
        """The app's commit."""
        return self.git(self.code, "rev-parse", "HEAD")

    def run(self, script: str, *flags: str, app: str = "tiny", seconds: float = 120, **env: str) -> Ended:
        """scripts/<script>.py with the foreign apps.toml, from its folder."""
        argv = [
            sys.executable,
            str(ROOT / "scripts" / f"{script}.py"),
            "--config",
            str(self.root / "apps.toml"),
        ]
        ran = subprocess.run(
            [*argv, *(["--app", app] if app else []), *flags],
            cwd=self.root,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert "Traceback (most recent" not in ran.stdout, ran.stdout
        return Ended(ran.returncode, ran.stdout)

    @property
    def record(self) -> dict[str, Any]:
        """The newest run.json."""
        newest = max((self.root / ".pipeline" / "runs").glob("*/run.json"), key=lambda file: file.parent.name)
        return dict(json.loads(newest.read_text(encoding="utf-8")))

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """Its stages by id."""
        return {stage["id"]: stage for stage in self.record["stages"]}


def _write_ignore(root: Path, text: str) -> None:
    (root / ".gitignore").write_text(text, encoding="utf-8")


def _sibling(foreign: Foreign, origin: Path) -> tuple[Path, str]:
    return origin, f"../{origin.name}"


def _submodule(foreign: Foreign, origin: Path) -> tuple[Path, str]:
    foreign.git(foreign.root, "submodule", "--quiet", "add", str(origin), "apps/tiny")
    code = foreign.root / "apps/tiny"
    foreign._sign(code, DEV)
    return code, "apps/tiny"


def _nested(foreign: Foreign, origin: Path) -> tuple[Path, str]:
    return foreign.cloned(origin, "apps/tiny"), "apps/tiny"


def _worktree(foreign: Foreign, origin: Path) -> tuple[Path, str]:
    foreign.git(origin, "checkout", "--quiet", "--detach")
    foreign.git(origin, "worktree", "add", "--quiet", "../a worktree", "main")
    return origin.parent / "a worktree", "../a worktree"


def _symlink(foreign: Foreign, origin: Path) -> tuple[Path, str]:
    (foreign.root / "apps").mkdir()
    (foreign.root / "apps/tiny").symlink_to(f"../../{origin.name}")
    return origin, "apps/tiny"


def _absolute(foreign: Foreign, origin: Path) -> tuple[Path, str]:
    return origin, str(origin)


_LAID: dict[str, Callable[[Foreign, Path], tuple[Path, str]]] = dict(
    zip(WAYS, (_sibling, _submodule, _nested, _nested, _worktree, _symlink, _absolute), strict=True)
)
