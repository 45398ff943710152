"""The doctor: a cross for each need that is not met, with its fix, before anything is set up."""

from __future__ import annotations

import ast
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import doctor
import pytest
from bare import cluster

SCRIPT = Path(doctor.__file__)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a commit, set up."""
    folder = tmp_path / "a clone"
    (folder / ".venv").mkdir(parents=True)
    (folder / ".venv/.ready-1").touch()
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "--quiet"], [*identity, "commit", "--quiet", "--allow-empty", "--message=x"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, timeout=30)
    return folder


def consult(root: Path, code: int, **env: str) -> str:
    """What the doctor says when started by a bare interpreter: no site-packages, so no .venv."""
    ran = subprocess.run(
        [sys.executable, "-S", str(SCRIPT), "--root", str(root)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert ran.stderr == ""
    return ran.stdout


def test_a_machine_that_is_ready(root: Path) -> None:
    said = consult(root, 0, SLACK_WEBHOOK="")
    assert "✘" not in said
    assert "✔ git, at commit " in said
    assert "· SLACK_WEBHOOK is not set: alerts are printed and kept" in said
    assert said.endswith("Ready: make pipeline APP=submitter\n")


def test_a_webhook_is_noticed_and_not_shown(root: Path) -> None:
    said = consult(root, 0, SLACK_WEBHOOK="https://canary.example/7f3a9b51c2")
    assert "SLACK_WEBHOOK is set" in said
    assert "canary" not in said


def test_programs_that_are_missing_are_all_named(root: Path, tmp_path: Path) -> None:
    said = consult(root, 2, PATH=str(tmp_path))
    assert "✘ make is missing\n    fix: install GNU make" in said
    assert "✘ git is missing\n    fix: install git" in said
    assert "· kubectl is not here: optional" in said
    assert "2 of these must be mended first." in said


def test_a_folder_without_a_commit(root: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    (bare / ".venv").mkdir(parents=True)
    (bare / ".venv/.ready-1").touch()
    said = consult(bare, 2, GIT_CEILING_DIRECTORIES=str(tmp_path))
    assert "✘ this folder is no git repository with a commit" in said
    assert "git init && git add -A" in said


def test_no_such_root(tmp_path: Path) -> None:
    assert "no such folder" in consult(tmp_path / "nowhere", 2)


def test_a_terminal_without_unicode(root: Path) -> None:
    said = consult(root, 0, PYTHONIOENCODING="ascii")
    assert said.startswith("ok Python 3.")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A package index that knows pip."""
    page = tmp_path / "simple/pip"
    page.mkdir(parents=True)
    (page / "index.html").write_text('<a href="pip-99.0-py3-none-any.whl">pip-99.0-py3-none-any.whl</a>')

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *given: object) -> None:
            super().__init__(*given, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def pip_settings(monkeypatch: pytest.MonkeyPatch, index: str) -> None:
    for name in list(os.environ):
        if name.upper().startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", index)


def test_a_registry_that_answers(tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_settings(monkeypatch, registry)
    assert doctor.registry(tmp_path) == doctor.Finding(True, "the package registry answers")


def test_a_registry_that_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_settings(monkeypatch, "http://127.0.0.1:9/simple")
    well, saw, fix = doctor.registry(tmp_path)
    assert (well, saw) == (False, "the package registry does not answer, and .venv is not set up")
    assert "pip config set global.index-url" in fix


def test_an_old_python() -> None:
    assert doctor.python((3, 11, 0)).well
    well, saw, fix = doctor.python((3, 10, 13))
    assert (well, saw) == (False, "Python 3.10.13 is too old")
    assert "make PYTHON=" in fix


def test_a_python_without_all_its_parts() -> None:
    well, saw, fix = doctor.modules(("venv", "no_such_part"))
    assert (well, saw) == (False, "this Python lacks no_such_part")
    assert "apt install python3." in fix


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_GIGABYTES", 10**9)
    well, saw, fix = doctor.disk(tmp_path)
    assert not well
    assert "GB of disk are free" in saw
    assert "make clean" in fix


def test_an_address_that_this_machine_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOOPBACK", "203.0.113.1")
    well, saw, fix = doctor.loopback()
    assert not well
    assert "203.0.113.1 cannot be used (Cannot assign requested address)" in saw
    assert "use Linux" in fix


def test_the_sandbox_is_told_from_the_note_of_a_dead_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SANDBOX_STATE", raising=False)
    note = tmp_path / ".sandbox/daemon.json"
    note.parent.mkdir()
    note.write_text(json.dumps({"pid": os.getpid()}))
    assert "is running" in doctor.sandbox(tmp_path).saw
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(timeout=30)
    for text in (json.dumps({"pid": ended.pid}), "{", "[]"):
        note.write_text(text)
        assert "is not running" in doctor.sandbox(tmp_path).saw


BARE = sorted((SCRIPT.parent / "bare").glob("*.py"))


@pytest.mark.parametrize("path", [SCRIPT, *BARE], ids=lambda path: path.stem)
def test_it_needs_nothing_that_is_not_there_before_the_set_up(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names | {"bare"}


def test_what_a_refused_question_about_a_cluster_says_is_told_with_its_fix() -> None:
    said = "✘ doctor: misused\n  why: there is no cluster of that name\n  fix: take one of apps.toml\n"
    told = cluster.refusal(said)
    assert told == (False, "there is no cluster of that name", "take one of apps.toml")
    assert cluster.refusal("something else\nended badly\n") == (False, "ended badly", "")
    assert cluster.refusal("") == (False, "the cluster could not be asked", "")


def test_a_cluster_is_asked_once_the_toolkit_is_set_up(root: Path) -> None:
    (root / "apps.toml").write_text((SCRIPT.parents[1] / "apps.toml").read_text())
    said = consult(root, 2, CLUSTER="cloud-platform")
    assert "✘ the cluster was not asked: .venv is not set up\n    fix: make setup" in said
    assert "the cluster" not in consult(root, 0, CLUSTER="")


def installed(root: Path) -> None:
    """This very interpreter as the one of .venv; the apps as they are."""
    (root / "apps.toml").write_text((SCRIPT.parents[1] / "apps.toml").read_text())
    (root / ".venv/bin").mkdir(exist_ok=True)
    program = root / ".venv/bin/python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)


def test_a_cluster_of_which_nothing_is_set_is_not_ready_and_each_variable_is_named(root: Path) -> None:
    installed(root)
    names = [name for name in os.environ if name.startswith(("EKS_", "ECR_"))]
    unset = {**dict.fromkeys(names, ""), "CLUSTER": "cloud-platform", "APP": "runner", "ENV": "test"}
    said = consult(root, 2, **unset)
    assert "Ready" not in said
    for name in ("EKS_CLUSTER_NAME", "EKS_CLUSTER_CERT", "ECR_REGISTRY"):
        assert f"✘ {name} is not set: " in said
    for word in ("PLATFORM_TEST_DEV", "SERVICES_TEST_DEV", "PLATFORM_TEST_PRODUCTION"):
        namespace = f"formbuilder-{word.lower().replace('_', '-')}"
        assert f"✘ EKS_TOKEN_FORMBUILDER_{word} is not set: token for {namespace}" in said
    assert "LIVE" not in said
    assert said.count("make role APP=runner CLUSTER=cloud-platform says how tokens are made") == 1


def test_a_cluster_that_there_is_not_is_named_with_those_that_there_are(root: Path) -> None:
    installed(root)
    said = consult(root, 2, CLUSTER="cloud-platfrom")
    assert '✘ CLUSTER=cloud-platfrom: there is no such cluster, did you mean "cloud-platform"?' in said
    assert "fix: clusters: sandbox, cloud-platform, kubeconfig" in said
