"""pods/log: fetched from the node that runs the pod."""

from __future__ import annotations

from aiohttp import web

from sandbox.api.calls.call import Call
from sandbox.api.calls.proxy import forward
from sandbox.api.storage.store import Object
from sandbox.api.wire.status import StatusError, bad_request, unavailable
from sandbox.base.kinds import the_kind

_NODE = the_kind("v1", "Node")
_PASSED_ON = ("follow", "previous", "timestamps", "tailLines", "limitBytes", "sinceSeconds", "sinceTime")


async def logs(call: Call) -> web.StreamResponse:
    """GET .../log as plain text; empty while the pod has no node, as upstream."""
    target = call.target
    pod = call.cluster.registry.live(target.info, target.namespace, target.name).object
    container = _container(pod, call.query.get("container", ""))
    for number in ("tailLines", "limitBytes", "sinceSeconds"):
        call.number(number)
    node = pod["spec"].get("nodeName")
    if not node:
        return web.Response(status=204)
    path = f"/containerLogs/{target.namespace}/{target.name}/{container}"
    query = {key: call.query[key] for key in _PASSED_ON if call.query.get(key)}
    headers = {"Authorization": f"Bearer {call.cluster.token}"}
    url = _kubelet(call, node) + path
    return await forward(call, url, query=query, headers=headers, check=_check, method="GET")


def _container(pod: Object, wanted: str) -> str:
    name = pod["metadata"]["name"]
    spec = pod["spec"]
    containers = [one["name"] for one in spec["containers"]]
    first = [one["name"] for one in spec.get("initContainers") or ()]
    if not wanted:
        default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
        if len(containers) == 1:
            return str(containers[0])
        if default in containers:
            return str(default)
        choices = f"choose one of: [{' '.join(containers)}]"
        if first:
            choices += f" or one of the init containers: [{' '.join(first)}]"
        raise bad_request(f"a container name must be specified for pod {name}, {choices}")
    if wanted not in containers + first:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _kubelet(call: Call, name: str) -> str:
    entry = call.cluster.store.get(_NODE, "", name)
    status = (entry.object.get("status") or {}) if entry else {}
    port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port")
    addresses = {one["type"]: one["address"] for one in status.get("addresses") or ()}
    if not port or "InternalIP" not in addresses:
        raise unavailable(f'node "{name}" of the pod is not running')
    return f"http://{addresses['InternalIP']}:{port}"


def _check(status: int, text: str) -> None:
    """The kubelet's refusals in the API's form (GenericHttpResponseChecker upstream)."""
    if status == 400:
        raise bad_request(text)
    if status >= 300:
        reasons = {404: "NotFound", 500: "InternalError", 503: "ServiceUnavailable"}
        raise StatusError(status, reasons.get(status, "InternalError"), text)
