"""The addresses that a Service sends to, as the cluster's own proxies read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects.fields import at, objects, text
from toolkit.objects.resources import built_in

SERVICE_NAME = "kubernetes.io/service-name"


class Endpoint(NamedTuple):
    """One address behind a Service; pod is the name of the pod that it stands for, "" when it is none."""

    address: str
    ready: bool
    pod: str


def behind(connection: Connection, namespace: str, service: str) -> list[Endpoint] | None:
    """Every address behind a Service, None when this credential may not read them."""
    try:
        path = built_in("EndpointSlice").path(namespace)
        return of_slices(connection.list(path, labelSelector=f"{SERVICE_NAME}={service}")["items"])
    except ApiError as error:
        if error.status not in (403, 404):
            raise
    try:
        return of_endpoints(connection.find(built_in("Endpoints").path(namespace, service)))
    except ApiError as error:
        if error.status != 403:
            raise
    return None


def of_slices(slices: Iterable[Any]) -> list[Endpoint]:
    """The endpoints of EndpointSlices. A condition that is not there means ready (discovery.k8s.io/v1)."""
    found: dict[tuple[str, str], Endpoint] = {}
    for each in slices:
        for endpoint in objects(each, "endpoints"):
            ready = at(endpoint, "conditions", "ready") is not False
            ready = ready and at(endpoint, "conditions", "terminating") is not True
            for address in endpoint.get("addresses") or []:
                made = Endpoint(str(address), ready, _pod(endpoint))
                found.setdefault((made.address, made.pod), made)  # a slice for each set of ports
    return list(found.values())


def of_endpoints(endpoints: Any) -> list[Endpoint]:
    """The same of the older Endpoints object; [] for None."""
    found: dict[tuple[str, str], Endpoint] = {}
    for subset in objects(endpoints, "subsets"):
        for word, ready in (("addresses", True), ("notReadyAddresses", False)):
            for row in objects(subset, word):
                made = Endpoint(text(row, "ip"), ready, _pod(row))
                found.setdefault((made.address, made.pod), made)
    return list(found.values())


def _pod(row: Any) -> str:
    return text(row, "targetRef", "name") if text(row, "targetRef", "kind") == "Pod" else ""
