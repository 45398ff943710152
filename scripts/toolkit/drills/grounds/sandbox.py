"""The sandbox as a drilling ground: what a drilled app meets there are threads of this very process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.drills.grounds.counterparts import Late, Registry
from toolkit.drills.grounds.ground import Lot
from toolkit.settings.model import Cluster


class Sandbox:
    """The embedded cluster whose state is in a folder."""

    seconds = 300.0
    is_sandbox = True

    def __init__(self, cluster: Cluster, state: Path) -> None:
        self.cluster, self.state = cluster, state

    def configuration(self, text: str) -> str:
        """As it is: the sandbox is what it names."""
        return text

    def environment(self) -> Mapping[str, str]:
        """Which sandbox it is."""
        return {"SANDBOX_STATE": str(self.state)}

    def kubeconfigs(self) -> Sequence[Path]:
        """The one that it writes."""
        return [self.state / "kubeconfig"]

    def registry(self, lot: Lot, answers: Sequence[str]) -> Registry:  # noqa: ARG002 - a Ground
        """One that serves its images."""
        return Registry(self.state / "images", answers)

    def late(self, lot: Lot) -> Late:  # noqa: ARG002 - a Ground
        """A port of this machine."""
        return Late()

    def leave(self, lot: Lot, seconds: float) -> None:
        """Nothing of it is in the cluster."""
