"""What a container needs of the pod it lives in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Protocol

from sandbox.images.keeping.store import Store
from sandbox.node.configuration.cluster import Cluster
from sandbox.node.configuration.environment import Sources
from sandbox.node.timing.backoff import Backoff
from sandbox.node.timing.slowness import Slowness

Object = dict[str, Any]


class Home(Protocol):
    """Implemented by the pod's worker."""

    pod: Object
    directory: Path
    volumes: dict[str, Path]
    ip: str
    scale: float
    slowness: Slowness
    store: Store
    cluster: Cluster
    pull_backoff: Backoff

    @property
    def named(self) -> str:
        """name_namespace(uid), as the kubelet's messages name a pod."""

    @property
    def grace(self) -> float:
        """terminationGracePeriodSeconds."""

    def sources(self) -> Sources:
        """What every environment in this pod can refer to, without Secrets and ConfigMaps."""

    def changed(self) -> None:
        """The container's view has changed: the status has to be told."""

    def event(self, kind: str, reason: str, message: str, container: str = "") -> None:
        """Record an event about the pod."""

    async def something_new(self, seconds: float, asked: asyncio.Event) -> None:
        """Wait until a Secret or ConfigMap of the namespace changes, ``asked`` is set, or the time is
        over."""
