"""A throw-away clone of this repository as it stands, uncommitted changes included, sharing our .venv."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import ROOT


class Checkout:
    """A git repository with one commit on main. Its runs, images and sandbox are its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        for name in git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
            if name and (ROOT / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        git(folder, "init", "--quiet", "--initial-branch", "main")
        (folder / ".git" / "info" / "exclude").write_text(".venv\n", encoding="utf-8")
        self.commit("all of it")
        (folder / ".venv").symlink_to(sys.prefix)
        self.python = folder / ".venv" / "bin" / "python"

    def commit(self, message: str) -> None:
        git(self.root, "add", "--all")
        who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.test")
        git(self.root, *who, "commit", "--quiet", "--message", message)

    def sandbox_down(self, env: Mapping[str, str]) -> None:
        """Stop this clone's sandbox and all that runs in it."""
        down = [str(self.python), "-m", "sandbox", "down"]
        subprocess.run(down, cwd=self.root, env=env, check=True, capture_output=True, timeout=120)

    def script(self, name: str, *words: str) -> list[str]:
        """The command of a script of this clone."""
        return [str(self.python), str(self.root / "scripts" / f"{name}.py"), *words]


def git(folder: Path, *words: str) -> str:
    ran = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return ran.stdout
