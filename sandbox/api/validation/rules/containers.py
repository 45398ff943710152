"""Containers: pkg/apis/core/validation/validation.go of Kubernetes, for what the sandbox acts on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import (
    Causes,
    duplicate,
    forbidden,
    invalid,
    not_found,
    one_of,
    required,
)
from sandbox.api.validation.rules.environment import check_environment
from sandbox.api.validation.rules.probes import check_handler, check_probe
from sandbox.base.quantity import parse

Object = dict[str, Any]
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def check_containers(path: str, spec: Object, volumes: Collection[str]) -> Causes:
    """All containers of a pod; `volumes` are the names that they may mount."""
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    seen: set[str] = set()
    for kind in ("containers", "initContainers"):
        for i, container in enumerate(each(spec, kind)):
            at = f"{path}.{kind}[{i}]"
            name = container.get("name")
            if name in seen:
                yield duplicate(f"{at}.name", name)
            seen.add(str(name))
            yield from _check_container(at, container, volumes, init=kind == "initContainers")


def _check_container(path: str, container: Object, volumes: Collection[str], *, init: bool) -> Causes:
    name, image = container.get("name"), container.get("image")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from (invalid(f"{path}.name", name, why) for why in names.label(name))
    if not image:
        yield required(f"{path}.image")
    elif image != image.strip():
        yield invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    yield from one_of(
        f"{path}.imagePullPolicy", container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never")
    )
    yield from one_of(
        f"{path}.terminationMessagePolicy",
        container.get("terminationMessagePolicy"),
        ("FallbackToLogsOnError", "File"),
    )
    yield from _check_ports(path, each(container, "ports"))
    yield from check_environment(path, container)
    yield from _check_mounts(path, each(container, "volumeMounts"), volumes)
    yield from check_resources(f"{path}.resources", section(container, "resources"))
    lifecycle = section(container, "lifecycle")
    for hook in ("postStart", "preStop"):
        if hook in lifecycle:
            yield from check_handler(f"{path}.lifecycle.{hook}", lifecycle[hook])
    sidecar = container.get("restartPolicy") == "Always"
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            if init and not sidecar:
                yield forbidden(
                    f"{path}.{probe}", "may not be set for init containers without restartPolicy=Always"
                )
            yield from check_probe(f"{path}.{probe}", container[probe], only_one=probe != "readinessProbe")


def _check_ports(path: str, ports: list[Object]) -> Causes:
    seen: set[str] = set()
    for i, port in enumerate(ports):
        at = f"{path}.ports[{i}]"
        name = port.get("name")
        if name:
            yield from (invalid(f"{at}.name", name, why) for why in names.port_name(name))
            if name in seen:
                yield duplicate(f"{at}.name", name)
            seen.add(name)
        number = port.get("containerPort")
        if not number:
            yield required(f"{at}.containerPort")
        else:
            yield from (invalid(f"{at}.containerPort", number, why) for why in names.port_number(number))
        if port.get("hostPort"):
            yield from (
                invalid(f"{at}.hostPort", port["hostPort"], why)
                for why in names.port_number(port["hostPort"])
            )
        yield from one_of(f"{at}.protocol", port.get("protocol"), _PROTOCOLS)


def _check_mounts(path: str, mounts: list[Object], volumes: Collection[str]) -> Causes:
    seen: set[str] = set()
    for i, mount in enumerate(mounts):
        at = f"{path}.volumeMounts[{i}]"
        name, place = mount.get("name"), mount.get("mountPath")
        if not name:
            yield required(f"{at}.name")
        elif name not in volumes:
            yield not_found(f"{at}.name", name)
        if not place:
            yield required(f"{at}.mountPath")
        elif place in seen:
            yield invalid(f"{at}.mountPath", place, "must be unique")
        seen.add(str(place))
        below = mount.get("subPath")
        if below and below.startswith("/"):
            yield invalid(f"{at}.subPath", below, "must be a relative path")
        elif below and ".." in below.split("/"):
            yield invalid(f"{at}.subPath", below, "must not contain '..'")


def check_resources(path: str, resources: Object) -> Causes:
    """Requests and limits: not negative, and no request above its limit."""
    limits, requests = section(resources, "limits"), section(resources, "requests")
    for kind, quantities in (("limits", limits), ("requests", requests)):
        for name, quantity in quantities.items():
            if parse(quantity) < 0:
                yield invalid(f"{path}.{kind}[{name}]", quantity, "must be greater than or equal to 0")
    for name, quantity in requests.items():
        if name in limits and parse(quantity) > parse(limits[name]):
            yield invalid(
                f"{path}.requests", quantity, f"must be less than or equal to {name} limit of {limits[name]}"
            )
