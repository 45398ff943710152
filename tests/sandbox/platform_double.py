"""A repository of one tiny app, and the scripts as a user runs them, for tests of the deployment stages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.local import ROOT, TINY, Sandbox

APPS = """
default_cluster = "sandbox"
[alert]
channel = "#tests"
webhook = {{ env = "SLACK_WEBHOOK" }}
[environments.test]
spaces = ["{one}", "{two}"]
[environments.production]
spaces = ["{three}"]
branches = ["main"]
approval = "manual"
soak = "1s"
rollback = "{rollback}"
[clusters.sandbox]
builder = "sandbox"
provision = true
kubeconfig = "{kubeconfig}"
[clusters.strict]
builder = "sandbox"
kubeconfig = "{kubeconfig}"
[languages.python]
lint = [["ruff", "check"]]
security = [["bandit"]]
unit = [["pytest"]]
[apps.tiny]
title = "Tiny"
path = "tiny"
language = "python"
images = {{ app = "Dockerfile" }}
namespace = "ns-{{space}}"
service = "fb-tiny-{{space}}"
health = "/health"
readiness = "/readiness"
deadline = "{deadline}"
{needs}
{suites}
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: { name: "fb-{{ app }}-app-{{ space }}" }
spec:
  replicas: REPLICAS
  progressDeadlineSeconds: 60
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  selector: { matchLabels: { app: "{{ app }}" } }
  template:
    metadata: { labels: { app: "{{ app }}" } }
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: app
          image: IMAGE
          ports: [{ name: http, containerPort: 3000 }]
          env:
            - { name: HOST, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
            ENV
          readinessProbe:
            httpGet: { path: /readiness, port: http }
            periodSeconds: 1
            failureThreshold: 2
            timeoutSeconds: 9
          EXTRA
---
apiVersion: v1
kind: Service
metadata: { name: "{{ service }}" }
spec:
  selector: { app: "{{ app }}" }
  ports: [{ name: http, port: 80, targetPort: http }]
"""


@dataclass
class Ended:
    """A script that ended: exit code, everything it printed, and the outcome that it recorded."""

    code: int
    output: str
    seconds: float = 0.0

    @property
    def last(self) -> str:
        return "\n".join(self.output.splitlines()[-25:])


class Platform:
    """The repository, below `folder`; spaces are unique to it, so that tests do not meet in one cluster."""

    def __init__(self, folder: Path, state: Path, mark: str, context: Path) -> None:
        self.folder = folder
        self.state = state
        self.one, self.two, self.three = (f"{mark}-{word}" for word in ("one", "two", "three"))
        self.is_fresh = False  # for fixtures: whether the templates as they are were deployed
        (folder / "tiny" / "deploy").mkdir(parents=True)
        for file in context.iterdir():
            if file.is_file():
                (folder / "tiny" / file.name).write_bytes(file.read_bytes())
        self.configure()
        self.manifest()

    def configure(
        self, *, deadline: str = "60s", needs: str = "", suites: str = "", rollback: str = "manual"
    ) -> None:
        """Write apps.toml; rollback is production's."""
        text = APPS.format(
            one=self.one,
            two=self.two,
            three=self.three,
            kubeconfig=self.state / "kubeconfig",
            deadline=deadline,
            needs=needs,
            suites=suites,
            rollback=rollback,
        )
        (self.folder / "apps.toml").write_text(text)

    def manifest(
        self,
        *,
        image: str = "{{ images.app }}",
        env: dict[str, str] | None = None,
        more_env: str = "",
        extra: str = "",
        replicas: int = 1,
    ) -> None:
        """Write the templates; env is plain variables, extra more lines of the container."""
        rows = [f'- {{ name: {key}, value: "{value}" }}' for key, value in (env or {}).items()]
        rows += [more_env] if more_env else []
        text = DEPLOYMENT.replace("REPLICAS", str(replicas)).replace("IMAGE", image)
        text = text.replace("ENV", ("\n" + " " * 12).join(rows)).replace("EXTRA", extra)
        (self.folder / "tiny" / "deploy" / "app.yaml").write_text(text)

    def template(self) -> str:
        """The templates as they are."""
        return (self.folder / "tiny" / "deploy" / "app.yaml").read_text()

    def argv(self, script: str, *words: str) -> list[str]:
        config = str(self.folder / "apps.toml")
        return [sys.executable, str(ROOT / "scripts" / f"{script}.py"), "--config", config, *words]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PIPELINE", "SANDBOX"))
        }
        kept |= {"SETTLE": "0", "SANDBOX_STATE": str(self.state), "BRANCH": "main"}
        if said := more.pop("COMMIT", ""):
            kept["PIPELINE_SOURCE"] = source(said, more.get("BRANCH", "main"))
        return {**kept, **more}

    def run(self, script: str, *words: str, seconds: float = 90, **env: str) -> Ended:
        """Run a script to its end; what goes to production is a commit."""
        if "production" in words and not {"COMMIT", "PIPELINE_SOURCE"} & env.keys():
            env["COMMIT"] = "c" * 40
        ran = subprocess.run(
            self.argv(script, *words),
            cwd=self.folder,
            env=self.environment(**env),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
        assert not re.search("^Traceback", ran.stdout, re.MULTILINE), ran.stdout
        return Ended(ran.returncode, ran.stdout)

    def start(self, script: str, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start a script; the caller ends it."""
        return subprocess.Popen(
            self.argv(script, *words),
            cwd=self.folder,
            env=self.environment(**env),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def deploy(self, space: str = "", **env: str) -> Ended:
        return self.run("deploy", "--app", "tiny", "--env", space or self.one, seconds=90, **env)

    def status(self, *words: str, **env: str) -> list[dict[str, Any]]:
        """What `status --json` writes to its output; notices beside it go elsewhere and are left alone."""
        ran = subprocess.run(
            self.argv("status", "--json", *words),
            cwd=self.folder,
            env=self.environment(**env),
            text=True,
            capture_output=True,
            timeout=90,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return list(json.loads(ran.stdout))

    def recorded(self) -> dict[str, Any]:
        """The newest run's record."""
        newest = max((self.folder / ".pipeline" / "runs").iterdir(), key=lambda run: run.name)
        return dict(json.loads((newest / "run.json").read_text()))


@contextmanager
def made_in(sandbox: Sandbox, folder: Path) -> Iterator[Platform]:
    """A platform below a folder, in spaces of its own; what it deployed goes with it."""
    made = Platform(folder / "a repository", sandbox.state, f"t{uuid.uuid4().hex[:6]}", TINY)
    try:
        yield made
    finally:
        there = {each["metadata"]["name"] for each in sandbox.api("GET", "/api/v1/namespaces")["items"]}
        for space in (made.one, made.two, made.three):
            if f"ns-{space}" in there:
                sandbox.api("DELETE", f"/api/v1/namespaces/ns-{space}")


def source(commit: str, branch: str = "main") -> str:
    """Where a run of a clean commit comes from, as the engine hands it to its stages."""
    return json.dumps(
        {"system": "git", "branch": branch, "commit": commit, "author": "Ada", "url": "", "dirty": False}
    )


def commit(digit: str) -> dict[str, str]:
    """The environment of a run of the commit whose digits are all this one, approved."""
    return {"PIPELINE_SOURCE": source(digit * 40), "APPROVE": "1"}
