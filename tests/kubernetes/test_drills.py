"""Every drill of drills/causes.toml on a real cluster: the right cause in its time, and what served serves.

A drill says in causes.toml where it differs there on purpose. One that cannot be told there says why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toolkit.drills import cases

from tests import ROOT
from tests.kubernetes.cluster import Cluster

pytestmark = [pytest.mark.timeout(5400), pytest.mark.xdist_group("drills")]

NAMES = list(cases.load(ROOT / "drills" / "causes.toml", kubernetes=True))
LANES = 2

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rows(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rows]:
    """How the drills that this file's selected tests want came out, by name."""
    wanted = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and isinstance(item, pytest.Function)
    ]
    folder = tmp_path_factory.mktemp("drills")
    ended = run(cluster, wanted, folder)
    report = folder / "report.json"
    assert report.exists(), ended.stdout
    found: Rows = {}
    for row in json.loads(report.read_text())["rows"]:
        found.setdefault(row["name"], []).append(row)
    yield found


def run(cluster: Cluster, names: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PIPELINE", "SANDBOX"))}
    env |= {"KUBECONFIG": str(cluster.kubeconfig), "REGISTRY": cluster.registry}
    words = ("--cause", ",".join(names), "--lanes", str(LANES), "--cluster", "kubeconfig")
    return subprocess.run(
        [
            *(sys.executable, str(ROOT / "scripts" / "drill.py"), *words),
            *("--report", str(folder / "report.json"), "--work", str(folder / "work")),
        ],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_drill_is_told_as_on_the_sandbox(rows: Rows, name: str) -> None:
    assert rows.get(name), "it did not come to an end"
    for row in rows[name]:
        kind = "look-alike" if row["look_alike"] else "broken"
        assert row["problems"] == [], f"{kind}: {row['outcome']}: {row['words']}"
