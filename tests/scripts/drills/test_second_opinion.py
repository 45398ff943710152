"""kubectl beside a drill: a program of that name on the PATH is asked once, and its end is its opinion."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.drills.second_opinion import SecondOpinion


def opinion(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> SecondOpinion:
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return SecondOpinion([folder / "kubeconfig"], "ns", "Deployment/web", folder / "kubectl.log")


def test_its_end_is_its_opinion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = opinion(tmp_path, monkeypatch, 'echo "$@"')
    assert good.said() is None, "it was not asked"
    good.ask()
    good.ask()
    assert good.said() == ""
    told = (tmp_path / "kubectl.log").read_text()
    assert told.count("--namespace=ns rollout status deployment/web") == 1
    bad = opinion(tmp_path, monkeypatch, "echo 'error: exceeded its progress deadline'; exit 1")
    bad.ask()
    assert bad.said() == "error: exceeded its progress deadline"


def test_one_that_still_waits_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.drills.second_opinion.LATE_SECONDS", 0.5)
    late = opinion(tmp_path, monkeypatch, "echo Waiting; exec sleep 600")
    late.ask()
    assert late.said() == "still waits: Waiting"


def test_without_kubectl_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    alone = SecondOpinion([tmp_path / "kubeconfig"], "ns", "Deployment/web", tmp_path / "kubectl.log")
    alone.ask()
    assert alone.said() is None
