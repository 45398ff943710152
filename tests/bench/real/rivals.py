"""What others do with the same manifests: `kubectl apply` and `kubectl rollout status`, and Helm."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Json = dict[str, Any]

CHART = "apiVersion: v2\nname: bench\nversion: 0.1.0\n"
RELEASE = "bench"


class Ended(NamedTuple):
    """After how many seconds it ended, whether it was content, and the last line that it said."""

    seconds: float
    is_content: bool
    said: str


class Rival(Protocol):
    """Brings manifests to a namespace, and waits for what becomes of them as its manual says."""

    @property
    def name(self) -> str: ...

    def roll_out(self, folder: Path, namespace: str, objects: Sequence[Json], seconds: float) -> Ended: ...


class Kubectl(NamedTuple):
    """`kubectl apply`, then `kubectl rollout status` of each Deployment, `kubectl wait` for each Job."""

    program: Path
    kubeconfig: Path
    name: str = "kubectl apply, kubectl rollout status"

    def roll_out(self, folder: Path, namespace: str, objects: Sequence[Json], seconds: float) -> Ended:
        """``seconds``: of its own --timeout, for each wait."""
        made = written(folder, namespace, objects)
        given = [str(self.program), "--kubeconfig", str(self.kubeconfig), "--namespace", namespace]
        words = [["apply", "--filename", str(made)]]
        limit = f"--timeout={seconds:.0f}s"
        for obj in sorted(objects, key=lambda obj: obj["kind"] != "Job"):  # a migration comes first
            name = obj["metadata"]["name"]
            if obj["kind"] == "Job":
                words.append(["wait", f"job/{name}", "--for=condition=complete", limit])
            elif obj["kind"] == "Deployment":
                words.append(["rollout", "status", f"deployment/{name}", limit])
        return run([[*given, *each] for each in words], seconds)


class Helm(NamedTuple):
    """`helm upgrade --install --wait` of a chart that is made of the same manifests."""

    program: Path
    kubeconfig: Path
    name: str = "helm upgrade --install --wait"

    def roll_out(self, folder: Path, namespace: str, objects: Sequence[Json], seconds: float) -> Ended:
        """``seconds``: of its own --timeout."""
        chart = folder / namespace
        written(chart / "templates", namespace, objects)
        (chart / "Chart.yaml").write_text(CHART)
        words = ["upgrade", "--install", "--wait", f"--timeout={seconds:.0f}s", RELEASE, str(chart)]
        given = [str(self.program), "--kubeconfig", str(self.kubeconfig), "--namespace", namespace]
        return run([[*given, *words]], seconds)


def written(folder: Path, namespace: str, objects: Sequence[Json]) -> Path:
    """The folder with a file of each object, which are for this namespace."""
    made = folder / namespace if folder.name != "templates" else folder
    made.mkdir(parents=True, exist_ok=True)
    for number, obj in enumerate(objects):
        own = {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
        (made / f"{number}.json").write_text(json.dumps(own))
    return made


def run(commands: Sequence[Sequence[str]], seconds: float) -> Ended:
    """Run commands one after the other until one is not content."""
    began = time.monotonic()
    said, code = "", 0
    for command in commands:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 2 + 60, check=False)
        code, said = ran.returncode, (ran.stderr.strip() or ran.stdout.strip())
        if code:
            break
    lines = said.splitlines()
    return Ended(time.monotonic() - began, code == 0, lines[-1] if lines else "")
