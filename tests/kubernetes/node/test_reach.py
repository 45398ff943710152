"""What this machine reaches of its node: the API server, as with any cluster, and nothing behind it."""

from __future__ import annotations

import errno
import socket

import pytest

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.node.places import API_SERVICE, PODS, THERE


def test_nobody_outside_has_a_way_to_its_services_and_pods(cluster: Cluster) -> None:
    if cluster.node is None:
        pytest.skip("this is a cluster of somebody else's: what it lets in is theirs to say")
    assert cluster.api.text("GET", "/readyz") == "ok"
    socket.create_connection((THERE, 6443), timeout=10).close()
    for address in (API_SERVICE, PODS.replace(".0.0/16", ".0.1")):
        with pytest.raises(OSError, match=r"unreachable|No route") as raised:
            socket.create_connection((address, 443), timeout=10).close()
        assert raised.value.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH), address
