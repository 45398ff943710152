"""Which addresses and ports are behind a Service. Pure.

Upstream: pkg/controller/endpoint and staging/src/k8s.io/endpointslice.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sandbox.base.client import Object
from sandbox.controllers.machinery import objects, pods

Ports = tuple[tuple[str, int, str], ...]  # (name, number, protocol), sorted
MANAGED_BY = "endpointslice-controller.k8s.io"


def target_port(port: Object, pod: Object) -> int | None:
    """The number of a Service port on a pod, None if its containers have no port of that name."""
    wanted = str(port.get("targetPort", port["port"]))
    if wanted.isdigit():
        return int(wanted)
    protocol = port.get("protocol", "TCP")
    for container in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]:
        for candidate in container.get("ports") or []:
            if candidate.get("name") == wanted and candidate.get("protocol", "TCP") == protocol:
                return int(candidate["containerPort"])
    return None


def ports_on(service: Object, pod: Object) -> Ports:
    """The Service's ports on this pod, without those whose name it does not know."""
    found = []
    for port in service["spec"].get("ports") or []:
        if (number := target_port(port, pod)) is not None:
            found.append((port.get("name", ""), number, port.get("protocol", "TCP")))
    return tuple(sorted(found))


def _grouped(service: Object, behind: Iterable[Object]) -> dict[Ports, list[Object]]:
    groups: defaultdict[Ports, list[Object]] = defaultdict(list)
    for pod in sorted(behind, key=lambda p: str(p["metadata"]["name"])):
        ports = ports_on(service, pod)
        if ports or not service["spec"].get("ports"):
            groups[ports].append(pod)
    return dict(sorted(groups.items()))


def chosen(service: Object, candidates: Iterable[Object]) -> list[Object]:
    """Pods that the Service selects and that have an address and containers that run or will."""
    selector = {"matchLabels": service["spec"]["selector"]}
    return [
        pod
        for pod in candidates
        if (pod.get("status") or {}).get("podIP")
        and not pods.finished(pod)
        and objects.selects(selector, objects.labels_of(pod))
    ]


def _reference(pod: Object) -> Object:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _port(name: str, number: int, protocol: str) -> Object:
    return (
        {"name": name, "port": number, "protocol": protocol}
        if name
        else {"port": number, "protocol": protocol}
    )


def subsets(service: Object, behind: Iterable[Object]) -> list[Object]:
    """v1 Endpoints subsets. Pods on their way out are left out, unless publishNotReadyAddresses wants all."""
    everyone = bool(service["spec"].get("publishNotReadyAddresses"))
    answer = []
    for ports, group in _grouped(service, behind).items():
        subset: defaultdict[str, list[Any]] = defaultdict(list)
        for pod in group:
            if everyone or not objects.deleting(pod):
                place = {"ip": pod["status"]["podIP"], "targetRef": _reference(pod)}
                place |= {"nodeName": pod["spec"]["nodeName"]} if pod["spec"].get("nodeName") else {}
                subset["addresses" if everyone or pods.ready(pod) else "notReadyAddresses"].append(place)
        if subset:
            listed = {"ports": [_port(*port) for port in ports]} if ports else {}
            answer.append({**subset, **listed})
    return answer


def slices(service: Object, behind: Iterable[Object]) -> list[Object]:
    """EndpointSlices, one for each set of port numbers; there is one, without endpoints, when there are no
    pods.

    Pods on their way out stay, as terminating, and serving while they are ready.
    """
    meta, everyone = service["metadata"], bool(service["spec"].get("publishNotReadyAddresses"))
    answer = []
    for ports, group in (_grouped(service, behind) or {(): []}).items():
        endpoints = []
        for pod in group:
            serving, leaving = pods.ready(pod), objects.deleting(pod)
            ready = everyone or (serving and not leaving)
            endpoint = {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": ready, "serving": serving, "terminating": leaving},
                "targetRef": _reference(pod),
            }
            if pod["spec"].get("nodeName"):
                endpoint["nodeName"] = pod["spec"]["nodeName"]
            endpoints.append(endpoint)
        mark = hashlib.sha256(json.dumps(ports).encode()).hexdigest()[:5]
        labels = objects.labels_of(service) | {
            "kubernetes.io/service-name": meta["name"],
            "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
        }
        if service["spec"].get("clusterIP") == "None":
            labels["service.kubernetes.io/headless"] = ""
        answer.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{meta['name']}-{mark}",
                    "namespace": meta["namespace"],
                    "labels": labels,
                    "ownerReferences": [objects.owner_reference(service)],
                },
                "addressType": "IPv4",
                "endpoints": endpoints,
                "ports": [{"name": name, "port": number, "protocol": kind} for name, number, kind in ports],
            }
        )
    return answer
