"""The Node object: what this machine offers, that it is ready, and a heartbeat.

The heartbeat is a Lease in kube-node-lease, as upstream; the Node's own status is written when something
changed and every five minutes (kubelet: nodeStatusReportFrequency).
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.base.client import ApiError, Client, path
from sandbox.node.timing.durations import rfc3339

Object = dict[str, Any]
HEARTBEAT_SECONDS, STATUS_SECONDS = 10.0, 300.0
PODS = 110  # kubelet: maxPods
log = logging.getLogger(__name__)


def capacity(state: Path) -> dict[str, str]:
    """cpu, memory, ephemeral-storage and pods of this machine, as quantities."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
    disk = shutil.disk_usage(state).total // 1024
    return {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{memory}Ki",
        "ephemeral-storage": f"{disk}Ki",
        "pods": str(PODS),
    }


def conditions(now: str, old: list[Object]) -> list[Object]:
    """Ready, and no pressure; the node looks at none of the pressures and says so."""
    since = {one["type"]: one["lastTransitionTime"] for one in old if one.get("status")}
    truth = [
        ("MemoryPressure", "False", "NotWatched", "the sandbox does not evict pods"),
        ("DiskPressure", "False", "NotWatched", "the sandbox does not evict pods"),
        ("PIDPressure", "False", "NotWatched", "the sandbox does not evict pods"),
        ("Ready", "True", "KubeletReady", "the sandbox's node is posting ready status"),
    ]
    same = {one["type"]: one.get("status") for one in old}
    return [
        {
            "type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now,
            "lastTransitionTime": since.get(kind, now) if same.get(kind) == status else now,
        }
        for kind, status, reason, message in truth
    ]  # fmt: skip


class Registration:
    """Keeps the Node object. ``registered`` is set once the API shows it Ready."""

    def __init__(
        self, client: Client, name: str, ip: str, port: int, offers: dict[str, str], registered: asyncio.Event
    ) -> None:
        self._client, self._name, self._ip, self._port = client, name, ip, port
        self._offers, self._registered = offers, registered

    async def run(self) -> None:
        """Register, then keep the heartbeat, for ever."""
        pause = 0.05
        told = 0.0
        while True:
            try:
                if not told or time.monotonic() - told > STATUS_SECONDS:
                    await self._tell()
                    told = time.monotonic()
                    self._registered.set()
                await self._beat()
                pause = HEARTBEAT_SECONDS
            except ApiError as error:
                log.debug("node: %s", error)
                told = 0.0 if error.status == 404 else told
                pause = min(pause * 2, HEARTBEAT_SECONDS)
            await asyncio.sleep(pause)

    async def _tell(self) -> None:
        where = path("v1", "nodes", None, self._name)
        try:
            node = await self._client.get(where)
        except ApiError as error:
            if error.status != 404:
                raise
            node = await self._client.create(path("v1", "nodes"), self._object())
        status = self._status((node.get("status") or {}).get("conditions") or [])
        await self._client.merge(where + "/status", {"status": status})

    def _object(self) -> Object:
        labels = {
            "kubernetes.io/arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(
                platform.machine(), platform.machine()
            ),
            "kubernetes.io/hostname": self._name,
            "kubernetes.io/os": "linux",
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self._name, "labels": labels},
            "spec": {},
        }

    def _status(self, old: list[Object]) -> Object:
        return {
            "addresses": [
                {"type": "InternalIP", "address": self._ip},
                {"type": "Hostname", "address": self._name},
            ],
            "capacity": self._offers,
            "allocatable": self._offers,
            "conditions": conditions(rfc3339(time.time()), old),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
            "nodeInfo": {
                "architecture": platform.machine(), "operatingSystem": "linux",
                "kernelVersion": platform.release(),
                "osImage": "sandbox (processes of this machine)", "containerRuntimeVersion": "sandbox://1",
                "kubeletVersion": "v1.32.0", "kubeProxyVersion": "v1.32.0", "machineID": "", "systemUUID": "",
                "bootID": "",
            },
        }  # fmt: skip

    async def _beat(self) -> None:
        where = path("coordination.k8s.io/v1", "leases", "kube-node-lease", self._name)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        try:
            await self._client.merge(where, {"spec": {"renewTime": now}})
        except ApiError as error:
            if error.status != 404:
                raise
            lease = {
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": self._name, "namespace": "kube-node-lease"},
                "spec": {"holderIdentity": self._name, "leaseDurationSeconds": 40, "renewTime": now},
            }  # fmt: skip
            try:
                await self._client.create(path("coordination.k8s.io/v1", "leases", "kube-node-lease"), lease)
            except ApiError as refused:
                if refused.status not in (403, 404):  # no such namespace here: the Node's status must do
                    raise
