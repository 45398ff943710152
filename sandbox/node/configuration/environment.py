"""A container's environment, as a kubelet makes it. Pure: every object it needs is handed in.

Rules: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.base import quantity

Object = dict[str, Any]
_LABEL = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class ConfigError(Exception):
    """The container cannot be configured: CreateContainerConfigError, in the kubelet's words."""


@dataclass
class Sources:
    """What an environment is made from. ``secrets`` and ``config_maps`` by name, only those that exist;
    ``services`` are those of the pod's namespace; ``api`` is the (host, port) of the API server; ``capacity``
    the node's, for resourceFieldRef without a limit."""

    secrets: dict[str, Object] = field(default_factory=dict)
    config_maps: dict[str, Object] = field(default_factory=dict)
    services: list[Object] = field(default_factory=list)
    api: tuple[str, int] = ("", 0)
    host_ip: str = ""
    pod_ip: str = ""
    capacity: dict[str, str] = field(default_factory=dict)


def expand(text: str, values: Mapping[str, str]) -> str:
    """``text`` with $(NAME) replaced. $$ is a dollar sign; an unknown $(NAME) and any other $ stay as they
    are.

    >>> expand("$(A)-$$(A)-$(B)-$A", {"A": "1"})
    '1-$(A)-$(B)-$A'
    """

    def replace(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return values.get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", replace, text)


def references(container: Object) -> tuple[set[str], set[str]]:
    """(Secrets, ConfigMaps) that a container's environment names."""
    secrets: set[str] = set()
    config_maps: set[str] = set()
    for source in container.get("envFrom") or ():
        if "secretRef" in source:
            secrets.add(source["secretRef"].get("name", ""))
        if "configMapRef" in source:
            config_maps.add(source["configMapRef"].get("name", ""))
    for variable in container.get("env") or ():
        given = variable.get("valueFrom") or {}
        if "secretKeyRef" in given:
            secrets.add(given["secretKeyRef"].get("name", ""))
        if "configMapKeyRef" in given:
            config_maps.add(given["configMapKeyRef"].get("name", ""))
    return secrets, config_maps


def construct(pod: Object, container: Object, sources: Sources) -> dict[str, str]:
    """The variables that the manifest and the cluster give. Raises ConfigError for what is missing."""
    around = service_variables(
        sources.services, bool(pod["spec"].get("enableServiceLinks", True)), sources.api
    )
    result: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        result |= _all_of(source, sources)
    for variable in container.get("env") or ():
        name = variable["name"]
        given = variable.get("valueFrom")
        if given:
            value = _value_from(pod, container, given, sources)
            if value is None:
                continue
        else:
            value = expand(variable.get("value") or "", {**around, **result})
        result[name] = value
    return {**around, **result}


def _all_of(source: Object, sources: Sources) -> dict[str, str]:
    """The variables of one envFrom entry; keys that cannot be a variable's name are left out."""
    prefix = source.get("prefix") or ""
    if "configMapRef" in source:
        found, reference, word = sources.config_maps, source["configMapRef"], "configmap"
    else:
        found, reference, word = sources.secrets, source["secretRef"], "secret"
    obj = found.get(reference.get("name", ""))
    if obj is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{word} "{reference.get("name", "")}" not found')
    values = secret_values(obj) if word == "secret" else dict(obj.get("data") or {})
    return {prefix + key: value for key, value in values.items() if "=" not in prefix + key}


def secret_values(secret: Object) -> dict[str, str]:
    """A Secret's data decoded; bytes that are no UTF-8 survive as surrogates."""
    data = secret.get("data") or {}
    return {key: base64.b64decode(value).decode("utf-8", "surrogateescape") for key, value in data.items()}


def _value_from(pod: Object, container: Object, given: Object, sources: Sources) -> str | None:
    """One valueFrom; None for an optional one that is not there."""
    if "fieldRef" in given:
        return pod_field(pod, given["fieldRef"].get("fieldPath", ""), sources)
    if "resourceFieldRef" in given:
        return resource_field(pod, container, given["resourceFieldRef"], sources)
    if "secretKeyRef" in given:
        reference, found, word, kind = given["secretKeyRef"], sources.secrets, "secret", "Secret"
    elif "configMapKeyRef" in given:
        reference, found, word, kind = given["configMapKeyRef"], sources.config_maps, "configmap", "ConfigMap"
    else:
        raise ConfigError(f"valueFrom {', '.join(given)} is not supported by the sandbox")
    name, key = reference.get("name", ""), reference.get("key", "")
    obj = found.get(name)
    if obj is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{word} "{name}" not found')
    values = secret_values(obj) if kind == "Secret" else obj.get("data") or {}
    if key not in values:
        if reference.get("optional"):
            return None
        raise ConfigError(f"couldn't find key {key} in {kind} {pod['metadata']['namespace']}/{name}")
    return str(values[key])


def pod_field(pod: Object, path: str, sources: Sources) -> str:
    """A fieldRef's value. Raises ConfigError for a path the API does not offer."""
    meta, spec = pod["metadata"], pod["spec"]
    simple = {
        "metadata.name": meta.get("name"),
        "metadata.namespace": meta.get("namespace"),
        "metadata.uid": meta.get("uid"),
        "spec.nodeName": spec.get("nodeName"),
        "spec.serviceAccountName": spec.get("serviceAccountName") or "default",
        "status.hostIP": sources.host_ip,
        "status.hostIPs": sources.host_ip,
        "status.podIP": sources.pod_ip,
        "status.podIPs": sources.pod_ip,
    }
    if path in simple:
        return str(simple[path] or "")
    found = _LABEL.fullmatch(path)
    if found:
        return str((meta.get(found[1]) or {}).get(found[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = meta.get(path.partition(".")[2]) or {}
        return "\n".join(f'{key}="{value}"' for key, value in sorted(pairs.items()))
    raise ConfigError(f"unsupported fieldPath: {path}")


def resource_field(pod: Object, container: Object, reference: Object, sources: Sources) -> str:
    """A resourceFieldRef's value: limits fall back to the node's capacity, requests to the limits."""
    named = reference.get("containerName") or container["name"]
    everyone = [*pod["spec"].get("containers", ()), *pod["spec"].get("initContainers", ())]
    resources = next((one.get("resources") or {} for one in everyone if one["name"] == named), {})
    which, _, what = str(reference.get("resource", "")).partition(".")
    limits = resources.get("limits") or {}
    requests = resources.get("requests") or {}
    if which not in ("limits", "requests") or what not in ("cpu", "memory", "ephemeral-storage"):
        raise ConfigError(f"unsupported container resource: {which}.{what}")
    if which == "limits":
        given = limits.get(what, sources.capacity.get(what, "0"))
    else:
        given = requests.get(what, limits.get(what, "0"))
    unit = quantity.parse(reference.get("divisor") or "1") or 1
    return str(math.ceil(quantity.parse(given) / unit))


def service_variables(services: Iterable[Object], links: bool, api: tuple[str, int]) -> dict[str, str]:
    """The variables that name each Service of the namespace, as the kubelet and Docker links make them.

    The API server's own are always there; the others only with ``links`` (enableServiceLinks).
    """
    host, port = api
    wanted: list[tuple[str, str, list[Object]]] = []
    if host:
        wanted.append(("KUBERNETES", host, [{"port": port, "name": "https"}]))
    for service in services if links else ():
        address = service["spec"].get("clusterIP")
        ports = service["spec"].get("ports") or []
        name = service["metadata"]["name"].replace("-", "_").upper()
        if address and address != "None" and ports and name != "KUBERNETES":
            wanted.append((name, address, ports))
    result: dict[str, str] = {}
    for name, address, ports in wanted:
        result |= _links(name, address, ports)
    return result


def _links(name: str, address: str, ports: list[Object]) -> dict[str, str]:
    result = {f"{name}_SERVICE_HOST": address, f"{name}_SERVICE_PORT": str(ports[0]["port"])}
    for at, port in enumerate(ports):
        number, protocol = str(port["port"]), port.get("protocol") or "TCP"
        url = f"{protocol.lower()}://{address}:{number}"
        if port.get("name"):
            result[f"{name}_SERVICE_PORT_{port['name'].replace('-', '_').upper()}"] = number
        if at == 0:
            result[f"{name}_PORT"] = url
        link = f"{name}_PORT_{number}_{protocol}"
        result |= {
            link: url,
            f"{link}_PROTO": protocol.lower(),
            f"{link}_PORT": number,
            f"{link}_ADDR": address,
        }
    return result
