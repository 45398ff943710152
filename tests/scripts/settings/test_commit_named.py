"""COMMIT= that git does not know is a sentence and misuse, whichever script it is given to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.ways import Foreign

APPS = """
default_cluster = "none"
[environments.test]
spaces = ["test-dev"]
[clusters.none]
kubeconfig = "no-such-kubeconfig"
[apps.tiny]
path = "PATH"
namespace = "tiny-{space}"
service = "tiny"
lint = [["true"]]
"""
SCRIPTS = sorted(file.stem for file in (ROOT / "scripts").glob("*.py"))
MORE = {
    name: ["--env", "test"]
    for name in ("deploy", "healthcheck", "smoke", "acceptance", "approve", "rollback")
}
MORE |= {name: ["--env", "test"] for name in ("watch", "prerequisites", "start_platform")}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    return Foreign(tmp_path_factory.mktemp("commits"), "sibling checkout", APPS, {"file": "one"})


@pytest.mark.parametrize("commit", ["no-such-tag", "c" * 40], ids=["a word", "a whole hash"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_refuses_a_commit_that_git_does_not_know(
    foreign: Foreign, script: str, commit: str
) -> None:
    argv = [sys.executable, str(ROOT / "scripts" / f"{script}.py")]
    takes = subprocess.run([*argv, "--help"], capture_output=True, text=True, check=True).stdout
    argv += ["--config", str(foreign.root / "apps.toml")] if "--config" in takes else []
    argv += ["--root", str(foreign.root)] if "--root" in takes else []
    argv += ["--app", "tiny"] if "--app" in takes else []
    ran = subprocess.run(
        [*argv, *MORE.get(script, [])],
        cwd=foreign.root,
        env={**foreign.env, "COMMIT": commit},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2, ran.stdout + ran.stderr
    said = ran.stdout + ran.stderr
    assert f"COMMIT={commit}: git knows no such commit in {foreign.root.parent}" in said
    assert "Traceback" not in said
    assert not (foreign.root / ".pipeline" / "runs").exists(), "nothing was begun"


def test_a_commit_of_the_app_is_one_though_the_repository_of_apps_toml_does_not_know_it(
    foreign: Foreign, tmp_path: Path
) -> None:
    for named in (foreign.head, foreign.head[:9], "HEAD"):
        assert foreign.run("plan", COMMIT=named).code == 0
    ops = foreign.git(foreign.root, "rev-parse", "HEAD")
    assert foreign.run("plan", COMMIT=ops).code == 2, "that is a commit of another repository"


def test_without_git_a_whole_hash_is_believed(foreign: Foreign, tmp_path: Path) -> None:
    """A tarball in CI: nobody can say more, and the files are not taken for that commit's."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/unpacked").touch()
    (tmp_path / "apps.toml").write_text(APPS.replace("PATH", "app"), encoding="utf-8")
    argv = [
        sys.executable,
        str(ROOT / "scripts/lint.py"),
        "--config",
        str(tmp_path / "apps.toml"),
        "--app",
        "tiny",
    ]
    env = {**foreign.env, "GIT_CEILING_DIRECTORIES": str(tmp_path), "COMMIT": "c" * 40}
    ran = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    record = next((tmp_path / ".pipeline/runs").glob("*/run.json")).read_text(encoding="utf-8")
    assert f'"version": "{"c" * 12}-dirty"' in record
    short = subprocess.run(argv, env={**env, "COMMIT": "cccc"}, capture_output=True, text=True, check=False)
    assert short.returncode == 2 and "COMMIT=cccc: git knows no such commit" in short.stdout
    assert len(list((tmp_path / ".pipeline/runs").iterdir())) == 1, "nothing was begun"
