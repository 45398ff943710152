"""A clone of the repository as it stands, in which make is called as a user calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests import ROOT

CANARY = "canary-5f2d-hidden-in-the-environment"


class Clone:
    """A clone of what is in the working tree, committed on main, in a folder whose name has spaces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"],
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self.git("init", "-q", "-b", "main")
        (folder / ".git/info/exclude").write_text(".venv\n")
        self.commit("the commit to release")
        (folder / ".venv").symlink_to(ROOT / ".venv")  # setting one up is what every CI run does anyway
        ready = subprocess.run(["cksum"], input=str(folder), text=True, capture_output=True, check=True)
        for each in ("ready", "tested"):
            (folder / ".venv" / f".{each}-{ready.stdout.split()[0]}").touch()

    def git(self, *words: str) -> None:
        name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", "-C", str(self.folder), *name, *words], check=True)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def environment(self, **more: str) -> dict[str, str]:
        ours = ("SLACK_WEBHOOK", "KUBECONFIG", "BRANCH", "CLUSTER", "MAKEFLAGS", "MAKELEVEL", "SANDBOX_STATE")
        clean = {
            name: value for name, value in os.environ.items() if name not in ours and "PIPELINE" not in name
        }
        return {**clean, "ADVISORIES": "local", "SECRET_CANARY": CANARY, **more}

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["make", *words],
            cwd=self.folder,
            env=self.environment(BRANCH="main", **env) if "BRANCH" not in env else self.environment(**env),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def make(self, *words: str, **env: str) -> tuple[int, str]:
        process = self.start(*words, **env)
        output, _ = process.communicate(timeout=800)
        return process.returncode, output

    def record(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.folder / ".pipeline/latest/run.json").read_text())
        return data

    def outcomes(self) -> dict[str, str]:
        return {stage["id"]: stage["outcome"] for stage in self.record()["stages"]}

    def status(self) -> dict[str, dict[str, Any]]:
        ran = subprocess.run(
            [self.folder / ".venv/bin/python", "scripts/status.py", "--app", "submitter", "--json"],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return {row["space"]: row for row in json.loads(ran.stdout)}
