"""Which ground drills happen on."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.drills.grounds import choosing
from toolkit.drills.grounds.kubernetes import Kubernetes
from toolkit.drills.grounds.sandbox import Sandbox
from toolkit.settings.model import Cluster, Ref


def test_the_sandbox_is_the_one_that_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_STATE", "elsewhere")
    ground = choosing.choose(Cluster("sandbox", "sandbox"), tmp_path, tmp_path / "state")
    assert isinstance(ground, Sandbox) and ground.is_sandbox
    assert ground.environment() == {"SANDBOX_STATE": str(tmp_path / "state")}


def test_any_other_cluster_is_one_of_kubernetes(tmp_path: Path) -> None:
    ground = choosing.choose(Cluster("real", "docker", token=Ref("TOKEN")), tmp_path)
    assert isinstance(ground, Kubernetes) and not ground.is_sandbox


def test_a_credential_for_one_namespace_each_is_refused_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"TOKEN_\{SPACE\} of real is for one each"):
        choosing.choose(Cluster("real", "docker", token=Ref("TOKEN_{SPACE}")), tmp_path)
