"""Who says how many replicas a workload has: an autoscaler where one targets it, the templates elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from toolkit.cluster.api.connection import FIELD_MANAGER, Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects.fields import at, mapping, objects, text
from toolkit.objects.resources import Key, built_in, is_a, key_to

Json = dict[str, Any]
AUTOSCALER = "HorizontalPodAutoscaler"
SCALABLE = ("Deployment", "StatefulSet")
# How the API server names the built-in autoscaler in a conflict: it writes through the scale subresource.
_AUTOSCALERS_NAME = '"kube-controller-manager" with subresource "scale"'


def autoscaled(connection: Connection, namespace: str, found: Iterable[Json]) -> frozenset[Key]:
    """Which workloads an autoscaler targets, in the cluster or among these objects.

    Nothing is asked where none of the objects can be scaled.
    """
    wanted = list(found)
    if not any(is_scalable(obj) for obj in wanted):
        return frozenset()
    scalers = [obj for obj in wanted if is_a(obj, AUTOSCALER)]
    try:
        live = connection.list(built_in(AUTOSCALER).path(namespace))
        scalers += [each for each in objects(live, "items") if not at(each, "metadata", "deletionTimestamp")]
    except ApiError as error:
        if error.status not in (403, 404):  # not ours to read, or not served: then nobody scales for us
            raise
    targets = [mapping(scaler, "spec", "scaleTargetRef") for scaler in scalers]
    return frozenset(key_to(target, namespace) for target in targets)


def is_scalable(obj: Json) -> bool:
    """Whether an object is of a kind that has a number of replicas, be it said or not."""
    return is_a(obj, *SCALABLE) or "replicas" in mapping(obj, "spec")


def without_replicas(obj: Json, live: Json | None) -> Json:
    """A workload that an autoscaler targets, as it is to be applied: without replicas.

    live is the object as it is in the cluster, None when it is not there: then the number is where it starts.
    While nobody else owns the field, it is applied with the live number: dropping a field that only we own
    would reset it to 1 (Kubernetes: Server-Side Apply, "Transferring ownership").
    """
    if live is None:
        return obj
    changed = copy.deepcopy(obj)
    spec = changed.setdefault("spec", {})
    spec.pop("replicas", None)
    owners = {
        text(entry, "manager")
        for entry in objects(live, "metadata", "managedFields")
        if "f:replicas" in mapping(entry, "fieldsV1", "f:spec")
    }
    if owners == {FIELD_MANAGER}:
        spec["replicas"] = mapping(live, "spec").get("replicas", 1)
    return changed


def left_behind(causes: Iterable[Json]) -> bool:
    """Whether a conflict is about nothing but the replicas that an autoscaler has set."""
    known = list(causes)
    return bool(known) and all(
        text(cause, "field") == ".spec.replicas" and _AUTOSCALERS_NAME in text(cause, "message")
        for cause in known
    )
