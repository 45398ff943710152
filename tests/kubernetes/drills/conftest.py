"""Drills on the ring's cluster: some side by side, each in a namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from toolkit.drills.grounds.kubernetes import Kubernetes
from toolkit.settings.config import Config

from tests import ROOT, drilling

LANES = 6
"""All of them in 9 minutes on two cores: they wait for the node more than they work."""
PATIENCE = 0.1
KEPT = ROOT / ".pipeline" / "fidelity" / "kubernetes.json"


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest,
    kubeconfig: Path,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[drilling.Results]:
    """The drills that the selected tests want, under way. Their report is kept for `make fidelity`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        patch.setenv("REGISTRY", registry)
        patch.delenv("KUBE_CONTEXT", raising=False)
        ground = Kubernetes(Config.load(ROOT / "apps.toml").cluster("kubeconfig"))
        work = tmp_path_factory.mktemp("drills")
        for running in drilling.running(request, ground, work, lanes=LANES, patience=PATIENCE):
            yield running
            drilling.keep(running, ground, PATIENCE, KEPT)
