"""Objects as YAML that kubectl applies, with comments for the person who does. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from toolkit.cluster.handover.roles import Granted

Json = dict[str, Any]


def documents(found: Iterable[Json]) -> str:
    """The objects as one YAML stream."""
    return "".join(
        f"---\n{yaml.safe_dump(obj, sort_keys=False, width=100, default_flow_style=None)}" for obj in found
    )


def roles(granted: Granted, command: str) -> str:
    """What `make role` prints: how it is applied, where each token goes, and the objects."""
    lines = [
        f"# The least that the stages of {granted.app.name} need on cluster {granted.cluster.name}.",
        "# To be granted by whoever looks after it:",
        f"#   {command} | kubectl apply -f -",
        "# The tokens, and where the pipeline looks for them:",
    ]
    for namespace, account, variable in granted.tokens():
        into = f"{variable}=" if variable else "the kubeconfig: "
        lines.append(f"#   {into}$(kubectl -n {namespace} create token {account} --duration=8760h)")
    for kind, plural in granted.guessed.items():
        lines.append(
            f"# {kind}: taken to be called {plural} in rules; kubectl api-resources shows what it is"
        )
    return "\n".join(lines) + "\n" + documents(granted.objects())
