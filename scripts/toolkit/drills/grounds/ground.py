"""What a drill asks of the cluster that it happens in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import Connection
from toolkit.settings.model import Cluster


class NotHere(Failed):
    """A drill needs what this cluster does not have: it is left out, and why is said."""


class Lot(NamedTuple):
    """A drill's place in the cluster. image is that of the good version, by digest."""

    connection: Connection
    namespace: str
    image: str


class Registry(Protocol):
    """A registry that refuses as it was told. host is host:port as the node reaches it."""

    @property
    def host(self) -> str:
        """Its address, host:port."""

    def close(self) -> None:
        """Stop serving."""


class Late(Protocol):
    """An address that refuses connections until it is opened."""

    @property
    def host(self) -> str:
        """The address, host:port."""

    def open(self) -> None:
        """Take connections from now on."""

    def close(self) -> None:
        """Give the address back."""


class Ground(Protocol):
    """A kind of cluster that drills can happen in. seconds is how long one command of the pipeline may take.

    is_sandbox says whether what causes.toml says of Kubernetes is left out.
    """

    cluster: Cluster
    seconds: float
    is_sandbox: bool

    def configuration(self, text: str) -> str:
        """drills/apps.toml for a working copy: the same, and this is its cluster."""

    def environment(self) -> Mapping[str, str]:
        """The variables that the pipeline's commands need to reach it."""

    def kubeconfigs(self) -> Sequence[Path]:
        """The files by which kubectl reaches it; none where only variables lead there."""

    def registry(self, lot: Lot, answers: Sequence[str]) -> Registry:
        """See counterparts.Registry for the answers. Raises NotHere."""

    def late(self, lot: Lot) -> Late:
        """An address that refuses connections. Raises NotHere."""

    def leave(self, lot: Lot, seconds: float) -> None:
        """Take away all that was made for a place, within so many seconds."""
