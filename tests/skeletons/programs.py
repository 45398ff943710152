"""Programs that are not the toolkit's own, and may be absent: tests that need one skip by its name."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.kubernetes.node.places import places
from tests.renderers import building
from tests.skeletons.repositories import secrets_file
from tests.skeletons.table import Skeleton

PROMETHEUS = "monitoring.coreos.com/v1"


def helm() -> Path:
    """Helm, from PATH or as `make renderers` built it; skips the test where there is none."""
    found = building.there("helm", places())
    if found is None:
        pytest.skip("helm is not on this machine: `make renderers` builds it")
    return found


def kubectl() -> str:
    """kubectl; skips the test where there is none."""
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed on this machine")
    return found


def run(argv: Sequence[str], given: str = "") -> str:
    """A program that has to pass; what it printed."""
    ran = subprocess.run(argv, input=given, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, f"{argv}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def rendered(folder: Path, skeleton: Skeleton, space: str, apis: Sequence[str] = ()) -> str:
    """The chart of an app as helm alone renders it, of the repositories below a folder."""
    chart = folder / skeleton.repository / skeleton.chart
    given = {
        "circleSha1": "0123456789abcdef0123456789abcdef01234567",
        "environmentName": space,
        "app_name": skeleton.name,
        "namespace": skeleton.home(space),
        "images": {role: f"registry.example/fb-{skeleton.name}-{role}:1" for role in skeleton.images},
    }
    argv = [str(helm()), "template", "--namespace", skeleton.home(space), "release", str(chart)]
    for values in (chart / "values.yaml", folder / "fb-secrets" / secrets_file(skeleton, space), "-"):
        argv += ["--values", str(values)]
    return run([*argv, *(f"--api-versions={api}" for api in apis)], json.dumps(given))


def refused(kubeconfig: Path, namespace: str, manifests: str) -> str:
    """What a cluster refuses of manifests, by a dry run; "" where it would take all."""
    argv = [kubectl(), "--kubeconfig", str(kubeconfig), "--namespace", namespace, "apply"]
    objects = [each for each in yaml.safe_load_all(manifests) if each]
    for each in objects:  # a chart of a test is put where the test may write
        each["metadata"]["namespace"] = namespace
    ran = subprocess.run(
        [*argv, "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-"],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr
