"""A real cluster's controllers behind the same stage: KUBERNETES_TEST_CONFIG names it.

The pods go to the pretended node alone: whatever is created here is told so, and nobody else's pods tolerate
that node. What needs the sandbox's own server is left out by name. One process at a time: the node has one
name.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.base.client import ApiError, Client, Object
from tests.sandbox.api.real import VARIABLE, named

SPACE = f"stage-{secrets.token_hex(3)}" if named() else "default"
BLOCK = "198.18" if named() else "127.1"
"""Of the pods' addresses, where nobody answers: a real API server takes no loopback ones for Endpoints."""
MARK = "tests.example.com/stage"
SECONDS = 90.0
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def template_of(obj: Object) -> Object | None:
    """The pod's spec in an object that has one."""
    spec = obj.get("spec") or {}
    if "jobTemplate" in spec:
        spec = spec["jobTemplate"]["spec"]
    found: Object | None = (spec.get("template") or {}).get("spec")
    return spec if obj.get("kind") == "Pod" else found


def kept(obj: Object) -> Object:
    """The object with what keeps its pods to the pretended node."""
    pod = template_of(obj)
    if pod is not None:
        pod["nodeSelector"] = {**(pod.get("nodeSelector") or {}), MARK: SPACE}
        mine = [{"key": MARK, "operator": "Exists"}]
        mine.append({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"})
        pod["tolerations"] = [*(pod.get("tolerations") or ()), *mine]
    return obj


class Guest(Client):
    """A client of a cluster that has others in it too. ``beating`` are the nodes whose heart beats, ``made``
    is what belongs to no namespace and has to be taken away."""

    beating: set[str]
    made: set[str]

    async def create(self, path: str, obj: Object, **query: Any) -> Object:
        """As asked, with what keeps to the pretended node."""
        if path == "/api/v1/nodes":
            labels = {**(obj["metadata"].get("labels") or {}), MARK: SPACE}
            taint = {"key": MARK, "value": SPACE, "effect": "NoSchedule"}
            spec = obj.get("spec") or {}
            kept_to = {**spec, "taints": [*(spec.get("taints") or ()), taint]}
            obj = {**obj, "metadata": {**obj["metadata"], "labels": labels}, "spec": kept_to}
            self.beating.add(obj["metadata"]["name"])
        elif "/namespaces/" not in path and obj["metadata"]["name"] != SPACE:
            self.made.add(f"{path}/{obj['metadata']['name']}")
        return await super().create(path, kept(obj), **query)


async def beat(client: Guest) -> None:
    """Renew the nodes' Leases for ever: a node that does not is soon taken for dead."""
    there: set[str] = set()
    while True:
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for name in tuple(client.beating):
            spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": time}
            with contextlib.suppress(ApiError):
                if name not in there:
                    there.add(name)
                    await client.create(LEASES, {"metadata": {"name": name}, "spec": spec})
                else:
                    await client.merge(f"{LEASES}/{name}", {"spec": spec})
        await asyncio.sleep(1)


@contextlib.contextmanager
def proxied(config: Path) -> Any:
    """The URL of a `kubectl proxy` of the kubeconfig's."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed on this machine")
    argv = [program, f"--kubeconfig={config}", "proxy", "--port=0", "--reject-paths=^$"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"127\.0\.0\.1:\d+", line)
            assert found, f"kubectl proxy: {line}"
            yield f"http://{found.group()}"
        finally:
            process.terminate()


def token_of(config: Path) -> str:
    """The token in a kubeconfig; a word that is none where it has a certificate."""
    users = yaml.safe_load(config.read_text())["users"]
    return str(users[0]["user"].get("token") or "none")


@asynccontextmanager
async def guest() -> AsyncIterator[Guest]:
    """A client of the named cluster with a namespace, and the nodes that it makes, for one test."""
    config = named()
    assert config is not None
    with proxied(config) as url:
        async with Guest(url, token_of(config), agent="stage") as client:
            client.beating, client.made = set(), set()
            await client.create("/api/v1/namespaces", {"metadata": {"name": SPACE}})
            heart = asyncio.ensure_future(beat(client))
            try:
                accounts = f"/api/v1/namespaces/{SPACE}/serviceaccounts/default"
                await _until(client, accounts, there=True)
                yield client
            finally:
                heart.cancel()
                await asyncio.gather(heart, return_exceptions=True)
                nodes = await client.get("/api/v1/nodes", labelSelector=f"{MARK}={SPACE}")
                for each in nodes["items"]:
                    await client.delete(f"/api/v1/nodes/{each['metadata']['name']}")
                    with contextlib.suppress(ApiError):
                        await client.delete(f"{LEASES}/{each['metadata']['name']}")
                await client.delete(f"/api/v1/namespaces/{SPACE}")
                for path in client.made:
                    with contextlib.suppress(ApiError):
                        await client.delete(path)
                    await _until(client, path, there=False)
                await _force(client, f"/api/v1/namespaces/{SPACE}")
                await _until(client, f"/api/v1/namespaces/{SPACE}", there=False)


async def _force(client: Client, space: str) -> None:
    """Pods of a node that is gone have nobody to end them. ``space`` is the path of a namespace."""
    pods = f"{space}/pods"
    for each in (await client.get(pods))["items"]:
        with contextlib.suppress(ApiError):
            await client.delete(f"{pods}/{each['metadata']['name']}", grace=0)


async def _until(client: Client, path: str, *, there: bool) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await client.get(path)
                found = True
            except ApiError as error:
                if error.status != 404:
                    raise
                found = False
            if found is there:
                return
            if not there and path.startswith("/api/v1/namespaces/"):
                await _force(client, path)
            await asyncio.sleep(0.2)


def ours(pod: Object) -> bool:
    """Whether a pod is one of this test's: in a cluster that has others in it, theirs are left alone."""
    return named() is None or (pod["spec"].get("nodeSelector") or {}).get(MARK) == SPACE


def only_a_sandbox(what: str) -> None:
    """Leave a test out, by name, that is about the sandbox itself."""
    if named() is not None:
        pytest.skip(f"{what}, and {VARIABLE} names a cluster")


def says(message: str, why: str) -> bool:
    """Whether that is the scheduler's message for a pod that no node can take. Where there are other nodes it
    says why those cannot either, and what evicting other pods would help."""
    return message == f"0/1 nodes are available: {why}." if named() is None else why in message
