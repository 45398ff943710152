"""Whether an object may be stored, in the words of the real API server (kubectl prints them unchanged)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.api.types import schema
from sandbox.api.types.schema import Schema, Shape
from sandbox.api.validation import jsontypes
from sandbox.api.validation.rules import configuration, definitions, networking, pods, workloads
from sandbox.api.validation.rules.causes import Cause, Causes
from sandbox.api.validation.rules.metadata import check_metadata, check_metadata_update

__all__ = ["Cause", "type_error", "unknown_fields", "validate"]

Object = dict[str, Any]
Rule = Callable[[Object, Object | None], Causes]

_RULES: dict[tuple[str, str], Rule] = {
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): definitions.check_definition,
    ("v1", "ConfigMap"): configuration.check_config_map,
    ("v1", "Event"): configuration.check_event,
    ("v1", "PersistentVolumeClaim"): configuration.check_claim,
    ("v1", "Pod"): pods.check_pod,
    ("v1", "ResourceQuota"): configuration.check_quota,
    ("v1", "Secret"): configuration.check_secret,
    ("v1", "Service"): networking.check_service,
    ("v1", "ServiceAccount"): configuration.check_service_account,
    ("apps/v1", "DaemonSet"): workloads.check_replica_set,
    ("apps/v1", "Deployment"): workloads.check_deployment,
    ("apps/v1", "ReplicaSet"): workloads.check_replica_set,
    ("apps/v1", "StatefulSet"): workloads.check_stateful_set,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): configuration.check_autoscaler,
    ("batch/v1", "CronJob"): workloads.check_cron_job,
    ("batch/v1", "Job"): workloads.check_job,
    ("networking.k8s.io/v1", "Ingress"): networking.check_ingress,
    ("policy/v1", "PodDisruptionBudget"): configuration.check_disruption_budget,
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): configuration.check_role,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): configuration.check_binding,
    ("rbac.authorization.k8s.io/v1", "Role"): configuration.check_role,
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): configuration.check_binding,
}


def validate(new: Object, old: Object | None = None) -> list[Cause]:
    """What is wrong with an object (with defaults filled in), and with replacing `old` by it. Never raises.

    Values of the wrong JSON type are all there is to say when there are any; type_error has the decoder's
    words for them.
    """
    wrong = [
        Cause(path, "FieldValueTypeInvalid", f"Invalid value: {why}")
        for path, why in jsontypes.mismatches(new, schema.of(new))
    ]
    if wrong:
        return wrong
    causes = list(check_metadata(new))
    if old is not None:
        causes += check_metadata_update(new, old)
    rule = _RULES.get((new.get("apiVersion", ""), new.get("kind", "")))
    return causes + list(rule(new, old) if rule else ())


def type_error(obj: Object) -> str | None:
    """The decoder's sentence about the first value of a wrong JSON type; None when all fit.

    The server answers 400 with it: `Deployment in version "v1" cannot be handled as a Deployment:
    <sentence>`.
    """
    return next((why for _, why in jsontypes.mismatches(obj, schema.of(obj))), None)


def unknown_fields(obj: Mapping[str, Any], described: Schema) -> list[str]:
    """Paths of the fields that the kind does not have: `spec.template.spec.containers[0].imgae`."""
    if described.known:
        return list(_unknown("", obj, described))
    metadata = obj.get("metadata")
    return list(_unknown("metadata", metadata, described.child("metadata")))


def _unknown(path: str, value: Any, described: Schema) -> Iterator[str]:
    if isinstance(value, list) and described.shape is Shape.LIST:
        for i, item in enumerate(value):
            yield from _unknown(f"{path}[{i}]", item, described.item)
    if not isinstance(value, dict) or described.shape not in (Shape.OBJECT, Shape.MAP):
        return
    for key, inner in value.items():
        at = f"{path}.{key}" if path else str(key)
        if described.shape is Shape.OBJECT and described.closed and key not in described.fields:
            yield at
        else:
            yield from _unknown(at, inner, described.child(key))
