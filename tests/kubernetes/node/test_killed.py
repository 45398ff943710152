"""A node whose programs were killed, as a machine short of memory does, comes up with what was in it."""

from __future__ import annotations

import os
import signal

import pytest

from tests.kubernetes.cluster import Cluster, Home, eventually
from tests.kubernetes.node import processes

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(
    "names", [("etcd", "apiserver"), ("containerd", "kubelet", "proxy"), ("builder", "dns")]
)
def test_what_was_killed_is_started_again(cluster: Cluster, home: Home, names: tuple[str, ...]) -> None:
    node = cluster.node
    if node is None:
        pytest.skip("the programs of a cluster of somebody else's are not ended")
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "namespace": home.name}}
    cluster.apply(kept)
    before = {name: node.pid(name) for name in node.running()}
    for name in names:
        pid = before[name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda pid=pid: not processes.started(pid), 30)
    node.up()
    assert node.is_up()
    after = {name: node.pid(name) for name in node.running()}
    assert {name for name in before if before[name] != after[name]} == set(names)
    assert cluster.find(f"/api/v1/namespaces/{home.name}/configmaps/kept") is not None
