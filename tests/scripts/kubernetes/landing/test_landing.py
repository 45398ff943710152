"""What `.ci/run` does with the ring where it cannot run, or not in time: one line by name, and no failure."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests import ROOT
from tests.kubernetes import cluster

NAMES = (cluster.CONFIG, cluster.REGISTRY, "T", "ARGS", "CI_MINUTES", "CI_BEGUN")


def run(**given: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.run(
        [sys.executable, "-m", "tests.kubernetes.landing"], cwd=ROOT, env={**env, **given},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_machine_without_its_parts_leaves_it_out_with_what_helps(tmp_path: Path) -> None:
    home = tmp_path / "node"
    ran = run(PATH=str(tmp_path), KUBERNETES_NODE_HOME=str(home))
    assert ran.returncode == 0, ran.stderr
    (first,) = ran.stdout.splitlines()
    assert first.startswith("Left out: the ring on real Kubernetes: ")
    assert "make kubernetes-tools" in first or "KUBERNETES_TEST_CONFIG" in first
    assert not home.exists(), "nothing was begun"


def test_what_does_not_fit_into_the_time_is_left_out_by_name(tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text("")
    given = {cluster.CONFIG: str(config), cluster.REGISTRY: "127.0.0.1:1/x"}
    ran = run(**given, CI_BEGUN=str(time.time() - 80 * 60))
    assert ran.returncode == 0, ran.stderr
    for name in ("the seven apps", "one app and outages", "the drills"):
        assert f"Left out: {name} of the ring on real Kubernetes: it takes about " in ran.stdout
    assert "of CI_MINUTES=85 5 are left" in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("In all, the ring on real Kubernetes took 0.")


def test_a_portion_that_fails_is_a_failure(tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text("")  # names no cluster: the ring cannot run on it
    ran = run(**{cluster.CONFIG: str(config), cluster.REGISTRY: "127.0.0.1:1/x"})
    assert ran.returncode == 1, ran.stdout
    assert "The ring on real Kubernetes cannot run" in ran.stderr


def test_a_time_that_is_none_is_misused() -> None:
    ran = run(CI_MINUTES="soon")
    assert (ran.returncode, ran.stderr.strip()) == (2, "CI_MINUTES=soon: must be a number")
