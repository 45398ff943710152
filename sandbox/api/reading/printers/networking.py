"""Services, their endpoints, Ingresses and network policies."""

from __future__ import annotations

from typing import Any

from sandbox.api.reading.printers.cells import NONE, UNSET, age, few, labels, name, printer, selector
from sandbox.api.types.sections import each, section

Object = dict[str, Any]


def _service(obj: Object, now: float) -> list[Any]:
    spec = section(obj, "spec")
    kind = spec.get("type", "")
    ports = ",".join(_port(port) for port in each(spec, "ports"))
    address = spec.get("clusterIP") or NONE
    return [
        name(obj),
        kind,
        address,
        _external(obj),
        ports or NONE,
        age(obj, now),
        labels(section(spec, "selector")),
    ]


def _port(port: Object) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}"


def _external(obj: Object) -> str:
    spec = section(obj, "spec")
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    balancers = _balancers(obj) if spec.get("type") == "LoadBalancer" else []
    addresses = [*balancers, *(spec.get("externalIPs") or ())]
    return ",".join(addresses) or ("<pending>" if spec.get("type") == "LoadBalancer" else NONE)


def _balancers(obj: Object) -> list[str]:
    ingress = each(section(obj, "status", "loadBalancer"), "ingress")
    return sorted({str(entry.get("ip") or entry.get("hostname")) for entry in ingress})


def _endpoints(obj: Object, now: float) -> list[Any]:
    found: list[str] = []
    for subset in each(obj, "subsets"):
        addresses = [str(entry.get("ip")) for entry in each(subset, "addresses")]
        ports = each(subset, "ports")
        found += [f"{ip}:{port.get('port')}" for port in ports for ip in addresses] if ports else addresses
    return [name(obj), few(found, NONE), age(obj, now)]


def _endpoint_slice(obj: Object, now: float) -> list[Any]:
    ports = [str(port.get("port", "*")) for port in each(obj, "ports")]
    addresses = [
        address for endpoint in each(obj, "endpoints") for address in endpoint.get("addresses") or ()
    ]
    return [name(obj), obj.get("addressType", ""), few(ports, UNSET), few(addresses, UNSET), age(obj, now)]


def _ingress(obj: Object, now: float) -> list[Any]:
    spec = section(obj, "spec")
    rules = each(spec, "rules")
    hosts = ",".join(str(rule["host"]) for rule in rules[:3] if rule.get("host")) or "*"
    more = f" + {len(rules) - 3} more..." if len(rules) > 3 and hosts != "*" else ""
    ports = "80, 443" if each(spec, "tls") else "80"
    return [
        name(obj),
        spec.get("ingressClassName") or NONE,
        hosts + more,
        ",".join(_balancers(obj)),
        ports,
        age(obj, now),
    ]


def _ingress_class(obj: Object, now: float) -> list[Any]:
    spec = section(obj, "spec")
    parameters = section(spec, "parameters")
    kind = ".".join(str(parameters[key]) for key in ("kind", "apiGroup") if parameters.get(key))
    return [
        name(obj),
        spec.get("controller", ""),
        f"{kind}/{parameters.get('name')}" if kind else NONE,
        age(obj, now),
    ]


def _network_policy(obj: Object, now: float) -> list[Any]:
    return [name(obj), selector(section(obj, "spec", "podSelector")), age(obj, now)]


PRINTERS = {
    "Service": printer("Name  Type  Cluster-IP  External-IP  Port(s)  Age  +Selector", _service),
    "Endpoints": printer("Name  Endpoints  Age", _endpoints),
    "EndpointSlice": printer("Name  AddressType  Ports  Endpoints  Age", _endpoint_slice),
    "Ingress": printer("Name  Class  Hosts  Address  Ports  Age", _ingress),
    "IngressClass": printer("Name  Controller  Parameters  Age", _ingress_class),
    "NetworkPolicy": printer("Name  Pod-Selector  Age", _network_policy),
}
