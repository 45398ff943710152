"""Which ground a cluster of apps.toml is."""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.base.outcome import Misused
from toolkit.drills.grounds.ground import Ground
from toolkit.drills.grounds.kubernetes import Kubernetes, for_one_each
from toolkit.drills.grounds.sandbox import Sandbox
from toolkit.settings.model import Cluster
from toolkit.settings.sandbox import is_sandbox, state_of


def choose(cluster: Cluster, root: Path, state: Path | None = None) -> Ground:
    """The ground; state: of the sandbox, where it is not the one that SANDBOX_STATE or the repository has.

    Raises Misused for a cluster whose credential is for one namespace each.
    """
    if variable := for_one_each(cluster):
        raise Misused(
            f"drills make namespaces of their own: {variable} of {cluster.name} is for one each",
            remedy="take a cluster whose credential may create namespaces, such as CLUSTER=kubeconfig",
        )
    if not is_sandbox(cluster):
        return Kubernetes(cluster)
    where = (state or state_of(cluster, root)).resolve()
    os.environ["SANDBOX_STATE"] = str(where)  # for all that this process asks of it, too
    return Sandbox(cluster, where)
