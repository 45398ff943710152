"""Cluster addresses of Services."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.api.admission.addresses import ClusterAddresses
from sandbox.api.wire.status import StatusError


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec}


def test_cluster_addresses() -> None:
    addresses = ClusterAddresses("127.9.0.1")
    taken: list[dict[str, Any]] = []
    for number in range(300):
        one = service(f"s{number}")
        addresses.assign(one, taken)
        taken.append(one)
    given_out = {one["spec"]["clusterIP"] for one in taken}
    assert len(given_out) == 300 and all(address in addresses for address in given_out)
    assert not any(address.endswith((".0", ".255")) for address in given_out)
    wanted = service("w", clusterIP="127.9.200.7")
    addresses.assign(wanted, taken)
    assert wanted["spec"]["clusterIPs"] == ["127.9.200.7"]
    for spec in (
        {"clusterIP": "127.8.128.1"},
        {"clusterIP": "nonsense"},
        {"type": "LoadBalancer"},
        {"ports": [{"nodePort": 1}]},
    ):
        with pytest.raises(StatusError) as error:
            addresses.assign(service("x", **spec), taken)
        assert error.value.code == 422
