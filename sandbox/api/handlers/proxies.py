"""pods/proxy and services/proxy: [scheme:]name[:port]/proxy/path, to a pod's address."""

from __future__ import annotations

import random

from aiohttp import web

from sandbox.api.calls.call import Call
from sandbox.api.calls.proxy import forward, request_headers
from sandbox.api.wire.status import bad_request, not_found, unavailable
from sandbox.base.kinds import the_kind

_ENDPOINTS = the_kind("v1", "Endpoints")


async def proxy(call: Call) -> web.StreamResponse:
    """Any method; the body streams both ways."""
    scheme, name, port = split(call.target.name, call.target.info.singular)
    address = _of_pod(call, name, port) if call.target.info.native == "Pod" else _of_service(call, name, port)
    request = call.request
    # What follows /api/v1/namespaces/<namespace>/<plural>/<name>/proxy, exactly as it was spelled.
    rest = "/" + request.rel_url.raw_path.split("/", 8)[8] if request.rel_url.raw_path.count("/") > 7 else "/"
    return await forward(
        call,
        f"{scheme}://{address}{rest}",
        method=request.method,
        query=request.rel_url.raw_query_string,
        headers=request_headers(request),
    )


def split(name: str, what: str) -> tuple[str, str, str]:
    """Scheme, name and port of "http:web:8080"; scheme http and port "" when not given. 400 otherwise.

    `what` is asked, a service or a pod.
    """
    parts = name.split(":")
    if len(parts) == 1:
        return "http", parts[0], ""
    if len(parts) == 2:
        return "http", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in ("", "http", "https"):
        if parts[0] == "https":
            raise bad_request(f'invalid {what} request "{name}": the sandbox reaches pods by http only')
        return "http", parts[1], parts[2]
    raise bad_request(f'invalid {what} request "{name}"')


def _of_pod(call: Call, name: str, port: str) -> str:
    pod = call.cluster.registry.live(call.target.info, call.target.namespace, name).object
    ports = [one for container in pod["spec"]["containers"] for one in container.get("ports") or ()]
    if not port and ports:
        port = str(ports[0]["containerPort"])
    named = {one.get("name"): str(one["containerPort"]) for one in ports}
    port = named.get(port, port or "80")
    address = (pod.get("status") or {}).get("podIP")
    if not address:
        raise unavailable(f'pod "{name}" has no address yet')
    return f"{address}:{_number(port, name)}"


def _of_service(call: Call, name: str, port: str) -> str:
    """A ready endpoint by chance. A number is a port of the Service, anything else the name of one: without a
    name it is the port that has none (registry/core/service/storage, ResourceLocation)."""
    cluster, namespace = call.cluster, call.target.namespace
    if port.isdigit():
        service = cluster.registry.live(call.target.info, namespace, name).object
        ports = service["spec"].get("ports") or ()
        named = [one.get("name", "") for one in ports if one["port"] == int(port)]
        if not named:
            raise unavailable(f'no service port {port} found for service "{name}"')
        port = named[0]
    entry = cluster.store.get(_ENDPOINTS, namespace, name)
    if entry is None:
        raise not_found(call.target.info, name)
    subsets = entry.object.get("subsets") or ()
    found: list[str] = []
    for subset in subsets:
        numbers = [one["port"] for one in subset.get("ports") or () if one.get("name", "") == port]
        found += [f"{one['ip']}:{number}" for one in subset.get("addresses") or () for number in numbers]
    if not found:
        raise unavailable(f'no endpoints available for service "{call.target.name}"')
    return random.choice(found)  # noqa: S311 - spreads load, hides nothing


def _number(port: str, name: str) -> int:
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise bad_request(f'pod "{name}" has no port "{port}"')
    return int(port)
