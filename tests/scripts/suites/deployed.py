"""An app that is deployed, as far as a suite is concerned: its release on record behind the API double."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.elsewhere import ENV
from tests.scripts import api_double
from tests.scripts.api_double import Double, Request

APPS = """
default_cluster = "double"
[environments.test]
spaces = ["dev"]
[clusters.double]
builder = "docker"
server = { env = "DOUBLE_SERVER" }
token = { env = "DOUBLE_TOKEN" }
[languages.shell]
[apps.tiny]
path = "tiny"
namespace = "ns-{space}"
service = "tiny"
"""
RECORD = "/api/v1/namespaces/ns-dev/configmaps/fb-tiny-release"
_FOREIGN = re.compile("GIT_|PIPELINE|SANDBOX|SLACK|BRANCH$|COMMIT$|CI$|CIRCLE|GITHUB_")


class Deployed:
    """apps.toml, the folder of the app (a repository), and what the cluster has on record of it."""

    def __init__(self, double: Double, root: Path) -> None:
        self.root, self.app = root, root / "tiny"
        self.app.mkdir(parents=True)
        (self.app / "code").write_text("one", encoding="utf-8")
        (root / ".gitignore").write_text(".pipeline/\n", encoding="utf-8")
        kept = {name: value for name, value in ENV.items() if not _FOREIGN.match(name)}
        git = {name: value for name, value in ENV.items() if name.startswith("GIT_CONFIG")}
        self.env = {**kept, **git, "DOUBLE_SERVER": double.url, "DOUBLE_TOKEN": "a-token-for-tests"}
        self.release: dict[str, Any] = {}
        double.answer = self._answer
        self.suite("")

    def suite(self, table: str, kind: str = "acceptance") -> None:
        """Write apps.toml with this suite, commit, and have that commit on record as what serves."""
        text = f"{APPS}[apps.tiny.suites.{kind}]\n{table}\n" if table else APPS
        (self.root / "apps.toml").write_text(text, encoding="utf-8")
        if not (self.root / ".git").is_dir():
            self.git("init", "--quiet", "--initial-branch=main")
        self.commit()
        self.serve(self.head)

    def commit(self) -> None:
        """Commit what there is."""
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        self.git("add", "--all")
        self.git(*who, "commit", "--quiet", "--allow-empty", "--message=a change")

    @property
    def head(self) -> str:
        """The app's commit."""
        return self.git("rev-parse", "HEAD")

    def serve(self, commit: str) -> None:
        """This commit is what serves, and nothing of it was checked."""
        self.release = {
            "id": f"{commit[:12]}-1", "version": commit[:12], "commit": commit, "branch": "main", "by": "Ada",
            "at": "2026-01-01T00:00:00Z", "run": "r", "images": {}, "needed": ["acceptance"],
        }  # fmt: skip

    def git(self, *words: str) -> str:
        """git in it; what it answers."""
        ran = subprocess.run(
            ["git", "-C", str(self.root), *words], env=ENV, capture_output=True, text=True, check=True
        )
        return ran.stdout.strip()

    def run(self, kind: str = "acceptance", *words: str, **env: str) -> tuple[int, str]:
        """Run the script of the suite: its exit code, and all that it printed."""
        argv = [
            sys.executable,
            str(ROOT / "scripts" / f"{kind}.py"),
            "--config",
            str(self.root / "apps.toml"),
        ]
        ran = subprocess.run(
            [*argv, "--app", "tiny", "--env", "dev", *words],
            cwd=self.root,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert not re.search("^Traceback", ran.stdout, re.M), ran.stdout
        return ran.returncode, ran.stdout

    @property
    def is_verified(self) -> bool:
        """Whether the release on record is."""
        return self.release.get("verified") is True

    @property
    def outcome(self) -> dict[str, Any]:
        """What the newest run says of its one stage."""
        newest = max((self.root / ".pipeline" / "runs").iterdir(), key=lambda each: each.stat().st_mtime_ns)
        return dict(json.loads((newest / "run.json").read_text(encoding="utf-8"))["stages"][0])

    @property
    def details(self) -> dict[str, Any]:
        """What it keeps of its one space."""
        return dict(self.outcome["details"]["dev"])

    def left(self, pattern: str) -> list[Path]:
        """Files that the newest run left."""
        return sorted((self.root / ".pipeline" / "latest").resolve().rglob(pattern))

    def _answer(self, request: Request) -> None:
        if request.path == RECORD and request.method == "PUT":
            self.release = json.loads(json.loads(request.body)["data"]["releases.json"])[0]
        if request.path == RECORD:
            data = {"releases.json": json.dumps([self.release])}
            metadata = {"name": "fb-tiny-release", "namespace": "ns-dev", "resourceVersion": "1"}
            request.json({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data})
        elif request.path.endswith("/pods"):
            request.json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []})
        elif request.path == "/api/v1/namespaces/ns-dev":
            request.json({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "ns-dev"}})
        elif request.path == "/version":
            request.json({"major": "1", "minor": "34"})
        else:
            request.status(404, f"{request.path} is not there")


@contextmanager
def made_in(folder: Path) -> Iterator[Deployed]:
    """One for a while."""
    with api_double.running() as double:
        yield Deployed(double, folder / "a repository")


def script(*lines: str) -> str:
    """A table whose suite is a shell script."""
    words = "'{report}', '{path}', '{space}'"
    return f"path = '.'\ncommand = ['sh', '-c', '''{chr(10).join(lines)}''', {words}]"


def report(cases: str) -> str:
    """The shell line that leaves such a report; in the script {report} is $0."""
    return f"printf %s '<testsuite>{cases}</testsuite>' > \"$0\""
