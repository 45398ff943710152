"""Cluster IPs of Services: 127.N.128.1 to 127.N.255.254, where 127.N.0.0/16 is this sandbox's block."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from sandbox.api.wire.status import invalid

Object = dict[str, Any]
_FIRST, _LAST = (128 << 8) + 1, (255 << 8) + 254


class ClusterAddresses:
    """Hands out addresses; the used ones are read from the Services each time, so nothing can leak."""

    def __init__(self, address: str) -> None:
        self._base = int(ipaddress.IPv4Address(address)) & 0xFFFF0000
        self._next = _FIRST

    def __contains__(self, address: object) -> bool:
        try:
            offset = int(ipaddress.IPv4Address(str(address))) - self._base
        except ValueError:
            return False
        return _FIRST <= offset <= _LAST

    def assign(self, service: Object, services: Iterable[Object]) -> None:
        """Gives a new Service its cluster IP, in place. 422 for a taken or foreign one."""
        spec = service.setdefault("spec", {})
        name = service["metadata"]["name"]
        kind = spec.get("type") or "ClusterIP"
        ports = [port for port in spec.get("ports") or () if isinstance(port, dict)]
        if kind in ("NodePort", "LoadBalancer") or any(port.get("nodePort") for port in ports):
            why = "the sandbox has no node ports and no load balancers, use ClusterIP"
            message = f'Unsupported value: "{kind}": {why}'
            raise invalid("Service", "", name, [("spec.type", "FieldValueNotSupported", message)])
        if kind == "ExternalName" or spec.get("clusterIP") == "None":
            if kind != "ExternalName":
                spec["clusterIPs"] = ["None"]
            return
        used = {(other.get("spec") or {}).get("clusterIP") for other in services}
        wanted = spec.get("clusterIP")
        if wanted and (wanted not in self or wanted in used):
            why = (
                "provided IP is already allocated"
                if wanted in used
                else "the provided IP is not in the valid range"
            )
            message = f'Invalid value: ["{wanted}"]: failed to allocate IP {wanted}: {why}'
            raise invalid("Service", "", name, [("spec.clusterIPs", "FieldValueInvalid", message)])
        spec["clusterIP"] = wanted or self._free(used)
        spec["clusterIPs"] = [spec["clusterIP"]]

    def _free(self, used: set[Any]) -> str:
        """The next one after the last given, so that an address is not reused while clients remember it."""
        for _ in range(_LAST - _FIRST):
            if self._next > _LAST:
                self._next = _FIRST
            address = str(ipaddress.IPv4Address(self._base + self._next))
            self._next += 1
            if address not in used and not address.endswith((".0", ".255")):
                return address
        raise invalid(
            "Service", "", "", [("spec.clusterIPs", "FieldValueInvalid", "Invalid value: []: range is full")]
        )
