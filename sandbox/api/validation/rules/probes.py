"""Probes and lifecycle hooks of containers: pkg/apis/core/validation/validation.go of Kubernetes."""

from __future__ import annotations

from typing import Any

from sandbox.api.types.sections import section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import Causes, at_least, forbidden, invalid, one_of, required

Object = dict[str, Any]
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


def check_probe(path: str, probe: Object, *, only_one: bool) -> Causes:
    """A probe; `only_one`: one success must be enough, as for liveness and startup probes."""
    yield from check_handler(path, {key: value for key, value in probe.items() if key in _HANDLERS[:-1]})
    for field in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        yield from at_least(f"{path}.{field}", probe.get(field))
    if only_one and probe.get("successThreshold") not in (None, 1):
        yield invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")
    if probe.get("terminationGracePeriodSeconds") is not None and probe["terminationGracePeriodSeconds"] <= 0:
        yield invalid(
            f"{path}.terminationGracePeriodSeconds",
            probe["terminationGracePeriodSeconds"],
            "must be greater than 0",
        )


def check_handler(path: str, handler: Object) -> Causes:
    """What a probe or a hook does: exactly one thing."""
    kinds = [kind for kind in _HANDLERS if kind in handler]
    if not kinds:
        yield required(path, "must specify a handler type")
    for kind in kinds[1:]:
        yield forbidden(f"{path}.{kind}", "may not specify more than 1 handler type")
    if kinds[:1] == ["exec"] and not section(handler, "exec").get("command"):
        yield required(f"{path}.exec.command")
    for kind in ("httpGet", "tcpSocket", "grpc"):
        if kinds[:1] == [kind]:
            yield from _check_target(f"{path}.{kind}.port", section(handler, kind).get("port"))
    if kinds[:1] == ["httpGet"]:
        yield from one_of(
            f"{path}.httpGet.scheme", section(handler, "httpGet").get("scheme"), ("HTTP", "HTTPS")
        )


def _check_target(path: str, port: Any) -> Causes:
    """A port by number or by name."""
    if isinstance(port, str):
        yield from (invalid(path, port, why) for why in names.port_name(port))
    else:
        yield from (invalid(path, port or 0, why) for why in names.port_number(port or 0))
