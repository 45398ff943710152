"""The toolkit as it is installed: its wheel, where it is, and a foreign repository that uses it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from toolkit.ci.systems import VENDORS

from tests import ROOT

WHO = "Ada Lovelace"
_NOT_OURS = re.compile("GIT_|PIPELINE|SANDBOX|SLACK|MAKE|MFLAGS|CONFIG$|CLUSTER$|BRANCH$|COMMIT$|APPROVE$")
_OFFLINE = re.compile(
    "dns error|error sending request|Failed to fetch|Could not connect|timed out", re.IGNORECASE
)

APP = '''"""Says which version it is."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    """Every address is answered with the version."""

    def do_GET(self) -> None:
        """Answer."""
        body = os.environ.get("VERSION", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer((os.environ.get("HOST", "127.0.0.1"), 3000), Handler).serve_forever()
'''
DOCKERFILE = 'FROM python:3.11-slim\nWORKDIR /app\nCOPY app.py ./\nEXPOSE 3000\nCMD ["python", "app.py"]\n'


class Ended(NamedTuple):
    """How a command ended, and all that it printed."""

    code: int
    output: str


def wheel(folder: Path) -> Path:
    """The wheel of the working tree, built as `make package` does, with nothing asked of a registry."""
    argv = [sys.executable, "-m", "uv", "build", "--offline", "--wheel", "--no-build-isolation", "--out-dir"]
    done = subprocess.run([*argv, str(folder), str(ROOT)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def light(file: Path, folder: Path) -> Path:
    """An environment with the wheel in it, whose dependencies are the tests' own: fast, offline."""
    _uv("venv", "--offline", "--python", sys.executable, str(folder))
    _uv("pip", "install", "--offline", "--no-deps", "--python", str(folder / "bin" / "python"), str(file))
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "of-the-tests.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def whole(file: Path, folder: Path) -> Path:
    """An environment into which the wheel is installed as a user does, with all that it depends on.

    Skips the test, by name, where the package registry cannot be had.
    """
    _uv("venv", "--python", sys.executable, str(folder))
    try:
        _uv("pip", "install", "--python", str(folder / "bin" / "python"), str(file))
    except subprocess.CalledProcessError as error:
        if _OFFLINE.search(error.stderr):
            pytest.skip(f"the package registry cannot be had: {error.stderr.strip().splitlines()[-1]}")
        raise AssertionError(error.stderr) from None
    return folder / "bin"


def _uv(*words: str) -> None:
    argv = [sys.executable, "-m", "uv", "--quiet", *words]
    subprocess.run(argv, check=True, capture_output=True, text=True, timeout=300)


class Repository:
    """A git repository of somebody else, with a tiny app, in a folder whose name has a space."""

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        hidden = {vendor.known_by for vendor in VENDORS}
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not _NOT_OURS.search(name) and name not in hidden
        }
        own = [str(programs)] if programs else []
        self.env |= {
            "PATH": os.pathsep.join([*own, str(Path(sys.executable).parent), self.env["PATH"]]),
            "ADVISORIES": "local",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
        }
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", WHO)
        self.git("config", "user.email", "ada@example.org")
        for name, text in {"app.py": APP, "Dockerfile": DOCKERFILE}.items():
            self.write(name, text)
        self.commit("first")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def git(self, *words: str) -> str:
        argv = ["git", "-c", "protocol.file.allow=always", *words]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit all that is there; the version that the pipeline gives to it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")[:12]

    def run(self, *argv: str, env: Mapping[str, str] | None = None, within: str = ".") -> Ended:
        done = subprocess.run(
            argv,
            cwd=self.folder / within,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=170,
        )
        assert "Traceback (most recent" not in done.stdout, done.stdout
        return Ended(done.returncode, done.stdout)
