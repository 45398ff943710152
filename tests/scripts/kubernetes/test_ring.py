"""The ring where it cannot run: one line that says why, exit code 2; its tests are skipped by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.kubernetes import cluster
from tests.kubernetes.node import certificates

NAMES = (cluster.CONFIG, cluster.REGISTRY, "T", "ARGS")


def run(*words: str, **given: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env={**env, **given}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def kubeconfig(folder: Path) -> str:
    """Of a cluster whose server is not there."""
    certificates.make(folder / "pki")
    file = folder / "pki" / "admin.kubeconfig"
    file.write_text(file.read_text().replace("10.98.0.2:6443", "127.0.0.1:1"))
    return str(file)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({cluster.CONFIG: "/nope"}, f"{cluster.REGISTRY} is not set"),
        ({cluster.REGISTRY: "127.0.0.1:1/x"}, f"{cluster.CONFIG} is not set"),
        (
            {cluster.CONFIG: "/nope", cluster.REGISTRY: "x"},
            f"{cluster.CONFIG} names /nope, and there is no such",
        ),
    ],
)
def test_half_of_a_cluster_is_misused(given: dict[str, str], said: str) -> None:
    ran = run("tests.kubernetes", **given)
    assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1), ran.stderr
    assert said in ran.stderr


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    ran = run("tests.kubernetes", **{cluster.CONFIG: kubeconfig(tmp_path), cluster.REGISTRY: "x"})
    assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1), ran.stderr
    assert cluster.CONFIG in ran.stderr and "127.0.0.1" in ran.stderr


def test_a_machine_that_cannot_have_a_node_says_so(tmp_path: Path) -> None:
    """It has no tools: by PATH none is found, whatever is installed here."""
    env = {"PATH": str(tmp_path), "KUBERNETES_NODE_HOME": str(tmp_path / "node")}
    for words in (
        ("tests.kubernetes",),
        ("tests.kubernetes.node", "up"),
        ("tests.kubernetes.node", "possible"),
    ):
        ran = run(*words, **env)
        assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1), ran.stderr
        assert "KUBERNETES_TEST_CONFIG" in ran.stderr or "make kubernetes-tools" in ran.stderr
    assert not (tmp_path / "node").exists(), "nothing was begun"


def test_a_word_that_is_none_is_misused() -> None:
    ran = run("tests.kubernetes.node", "start")
    assert ran.returncode == 2 and "up, down, status" in ran.stderr


def test_without_a_cluster_its_tests_are_skipped_by_name() -> None:
    ran = run("pytest", "-q", "-n", "0", "tests/kubernetes/test_outages.py")
    assert ran.returncode == 0, ran.stdout
    assert "no real cluster: make test-kubernetes brings one up" in ran.stdout and "passed" not in ran.stdout
