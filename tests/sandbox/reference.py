"""The reference apps as they are, in a copy that may be spoilt and a space that nobody else uses."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

from toolkit.settings.config import Config

from tests.sandbox.local import ROOT, Refused, Sandbox

SPACES = 'spaces = ["test-dev", "test-production"]'


class Repository:
    """A copy of the reference apps with the real apps.toml; its test environment is a space of its own."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder, self.state = folder, state
        mark = f"ref-{uuid.uuid4().hex[:6]}"
        self.space = f"{mark}-dev"
        self.namespace = f"formbuilder-platform-{self.space}"
        self.services = f"formbuilder-services-{self.space}"
        shutil.copytree(ROOT / "apps", folder / "apps", ignore=shutil.ignore_patterns("__pycache__", ".*"))
        text = (ROOT / "apps.toml").read_text()
        text = text.replace('kubeconfig = ".sandbox/kubeconfig"', f'kubeconfig = "{state / "kubeconfig"}"')
        assert SPACES in text
        text = text.replace(SPACES, f'spaces = ["{self.space}"]')
        # the publisher's own space, and that it publishes to one space only
        text = text.replace('{ test = ["test"]', f'{{ test = ["{mark}"]').replace(" {space}-production", "")
        (folder / "apps.toml").write_text(text)
        self.config = Config.load(folder / "apps.toml")
        venvs = ROOT / ".pipeline" / "venvs"  # the suites' packages are the same: they are installed once
        venvs.mkdir(parents=True, exist_ok=True)
        (folder / ".pipeline").mkdir()
        (folder / ".pipeline" / "venvs").symlink_to(venvs)

    def home(self, app: str) -> str:
        """The space in which an app of the test environment is: the copy's, or the app's own."""
        return self.config.app(app).spaces_in(self.config.place("test"))[0]

    def change(self, file: str, pattern: str, replacement: str) -> None:
        """Edit a file below apps/; the pattern must be there."""
        path = self.folder / "apps" / file
        text, times = re.subn(pattern, replacement, path.read_text())
        assert times, f"{pattern} is not in {file}"
        path.write_text(text)

    def run(self, script: str, app: str, *, space: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script for an app in its space to its end; `more` are variables."""
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PIPELINE", "SANDBOX"))}
        env |= {"SANDBOX_STATE": str(self.state), "BRANCH": "main", **more}
        return subprocess.run(
            [
                sys.executable, ROOT / "scripts" / f"{script}.py", "--config", self.folder / "apps.toml",
                "--app", app, "--env", self.home(app),
            ],
            cwd=self.folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=300, check=False,
        )  # fmt: skip

    def deploy(self, app: str, **more: str) -> None:
        """Deploy an app and what it needs; it must pass."""
        ran = self.run("deploy", app, **more)
        assert ran.returncode == 0, ran.stdout

    def clean_up(self, sandbox: Sandbox, *more: str) -> None:
        """Delete its namespaces."""
        for namespace in (self.namespace, self.services, *more):
            with contextlib.suppress(Refused):
                sandbox.api("DELETE", f"/api/v1/namespaces/{namespace}")
