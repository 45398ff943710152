"""Which cluster is the sandbox of this repository, where it lives, and how it is told something."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from toolkit.settings.model import Cluster
from toolkit.settings.tables.clusters import KUBECONFIG as KUBECONFIG

# Where `python -m sandbox` is found, wherever apps.toml is and the command was typed.
TOOLKIT = Path(__file__).resolve().parents[3]


def is_sandbox(cluster: Cluster) -> bool:
    """Whether a cluster is the embedded one: built for by it, and reached by the file that it writes itself.

    A kubeconfig that a variable names is somebody else's, and nothing is started for it.
    """
    own = isinstance(cluster.kubeconfig, Path) and cluster.kubeconfig.name == KUBECONFIG
    return cluster.builder == "sandbox" and cluster.server is None and (own or cluster.kubeconfig is None)


def state_of(cluster: Cluster, root: Path) -> Path:
    """The folder that the sandbox lives in: SANDBOX_STATE, else where apps.toml has its kubeconfig."""
    if given := os.environ.get("SANDBOX_STATE"):
        return Path(given).expanduser().absolute()
    named = cluster.kubeconfig if is_sandbox(cluster) and isinstance(cluster.kubeconfig, Path) else None
    return (root / (named or Path(".sandbox") / KUBECONFIG)).parent


def told(state: Path, command: str, *words: str) -> list[str]:
    """The command that tells the sandbox of a folder something; to be run in TOOLKIT."""
    return [sys.executable, "-m", "sandbox", command, "--state", str(state), *words]
