"""Services, Ingresses and what says where they lead."""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import Causes, duplicate, invalid, one_of, required
from sandbox.api.validation.rules.metadata import check_labels

Object = dict[str, Any]
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def check_service(obj: Object, old: Object | None) -> Causes:
    """A Service: its ports, and an address that stays."""
    spec = section(obj, "spec")
    ports, kind = each(spec, "ports"), spec.get("type")
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if kind == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    yield from one_of("spec.type", kind, _TYPES)
    yield from one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    yield from check_labels("spec.selector", section(spec, "selector"))
    yield from _check_ports(ports)
    address = spec.get("clusterIP")
    if address and address != "None" and not _is_address(address):
        yield invalid(
            "spec.clusterIPs[0]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        )
    before = section(old or {}, "spec")
    if (
        before.get("clusterIP")
        and "ExternalName" not in (kind, before.get("type"))
        and address != before["clusterIP"]
    ):
        yield invalid("spec.clusterIPs[0]", [address], "may not change once set")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _check_ports(ports: list[Object]) -> Causes:
    called: set[str] = set()
    numbers: set[tuple[Any, Any]] = set()
    for i, port in enumerate(ports):
        at = f"spec.ports[{i}]"
        name, number, target = port.get("name"), port.get("port"), port.get("targetPort")
        if not name and len(ports) > 1:
            yield required(f"{at}.name")
        elif name:
            yield from (invalid(f"{at}.name", name, why) for why in names.label(name))
            if name in called:
                yield duplicate(f"{at}.name", name)
            called.add(name)
        yield from (invalid(f"{at}.port", number or 0, why) for why in names.port_number(number or 0))
        yield from one_of(f"{at}.protocol", port.get("protocol"), _PROTOCOLS)
        if isinstance(target, str):
            yield from (invalid(f"{at}.targetPort", target, why) for why in names.port_name(target))
        elif target is not None:
            yield from (invalid(f"{at}.targetPort", target, why) for why in names.port_number(target))
        if (number, port.get("protocol")) in numbers:
            yield duplicate(at, {key: port[key] for key in ("protocol", "port") if key in port})
        numbers.add((number, port.get("protocol")))


def check_ingress(obj: Object, _old: Object | None) -> Causes:
    """An Ingress: hosts, absolute paths, backends."""
    spec = section(obj, "spec")
    if not each(spec, "rules") and "defaultBackend" not in spec:
        yield invalid("spec", {}, "either `defaultBackend` or `rules` must be specified")
    for i, rule in enumerate(each(spec, "rules")):
        if rule.get("host"):
            host = rule["host"].removeprefix("*.")
            yield from (invalid(f"spec.rules[{i}].host", rule["host"], why) for why in names.subdomain(host))
        for j, path in enumerate(each(section(rule, "http"), "paths")):
            at = f"spec.rules[{i}].http.paths[{j}]"
            if not path.get("pathType"):
                yield required(f"{at}.pathType", "pathType must be specified")
            yield from one_of(
                f"{at}.pathType", path.get("pathType"), ("Exact", "ImplementationSpecific", "Prefix")
            )
            if path.get("pathType") in ("Exact", "Prefix") and not str(path.get("path", "")).startswith("/"):
                yield invalid(f"{at}.path", path.get("path", ""), "must be an absolute path")
            backend = section(path, "backend")
            if "service" in backend and not section(backend, "service").get("name"):
                yield required(f"{at}.backend.service.name")
            if not backend:
                yield required(f"{at}.backend")
