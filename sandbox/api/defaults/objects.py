"""What the API server fills in where an object is silent: pkg/apis/*/v1/defaults.go of Kubernetes.

A Job's selector and labels, a Service's addresses and a Namespace's finalizer need more than the object and
are set elsewhere (sandbox.api.defaults.strategies, sandbox.api.admission.addresses).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.api.defaults.pods import default_pod, default_pod_spec
from sandbox.api.types import schema
from sandbox.api.types.canonical import canonical
from sandbox.api.types.sections import each, put, section
from sandbox.api.types.skeletons import fill

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
_CLIENT_IP_SECONDS = 10_800


def default(obj: Object) -> Object:
    """A copy of the object in the server's spelling, with every default of its kind.

    Never raises: what is malformed stays as it is, for validation to name.
    """
    described = schema.of(obj)
    result: Object = canonical(obj, described)
    fill(result, described)
    version, kind = str(result.get("apiVersion")), str(result.get("kind"))
    for path in _POD_SPECS.get(kind, ()):
        default_pod_spec(section(result, *path))
    defaults = _KINDS.get((version, kind))
    if defaults:
        defaults(result)
    return result


_POD_SPECS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Pod": (("spec",),),
    "PodTemplate": (("template", "spec"),),
    "CronJob": (("spec", "jobTemplate", "spec", "template", "spec"),),
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"),
        (("spec", "template", "spec"),),
    ),
}


def _deployment(obj: Object) -> None:
    spec = section(obj, "spec")
    put(spec, replicas=1, strategy={}, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = section(spec, "strategy")
    put(strategy, type="RollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        put(strategy, rollingUpdate={})
        put(section(strategy, "rollingUpdate"), maxUnavailable="25%", maxSurge="25%")


def _replica_set(obj: Object) -> None:
    put(section(obj, "spec"), replicas=1)


def _replication_controller(obj: Object) -> None:
    spec = section(obj, "spec")
    put(spec, replicas=1)
    labels = section(spec, "template", "metadata", "labels")
    if labels:
        put(spec, selector=dict(labels))
        put(section(obj, "metadata"), labels=dict(labels))


def _stateful_set(obj: Object) -> None:
    spec = section(obj, "spec")
    put(spec, replicas=1, podManagementPolicy="OrderedReady", updateStrategy={}, revisionHistoryLimit=10)
    put(spec, persistentVolumeClaimRetentionPolicy={})
    put(section(spec, "persistentVolumeClaimRetentionPolicy"), whenDeleted="Retain", whenScaled="Retain")
    strategy = section(spec, "updateStrategy")
    put(strategy, type="RollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        put(strategy, rollingUpdate={})
        put(section(strategy, "rollingUpdate"), partition=0)
    for claim in each(spec, "volumeClaimTemplates"):
        put(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        _claim(claim)


def _daemon_set(obj: Object) -> None:
    spec = section(obj, "spec")
    put(spec, updateStrategy={}, revisionHistoryLimit=10)
    strategy = section(spec, "updateStrategy")
    put(strategy, type="RollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        put(strategy, rollingUpdate={})
        put(section(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)


def _job(obj: Object) -> None:
    spec = section(obj, "spec")
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    put(spec, parallelism=1, completionMode="NonIndexed", suspend=False)
    put(spec, backoffLimit=2**31 - 1 if spec.get("backoffLimitPerIndex") is not None else 6)
    put(spec, podReplacementPolicy="Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed")
    labels = section(spec, "template", "metadata", "labels")
    if labels:
        put(section(obj, "metadata"), labels=dict(labels))


def _cron_job(obj: Object) -> None:
    put(
        section(obj, "spec"),
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )


def _service(obj: Object) -> None:
    spec = section(obj, "spec")
    put(spec, type="ClusterIP", sessionAffinity="None")
    for port in each(spec, "ports"):
        put(port, protocol="TCP")
        if not port.get("targetPort") and "port" in port:
            port["targetPort"] = port["port"]
    if spec.get("sessionAffinity") == "ClientIP":
        put(spec, sessionAffinityConfig={"clientIP": {"timeoutSeconds": _CLIENT_IP_SECONDS}})
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        put(spec, externalTrafficPolicy="Cluster")
    if spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer"):
        put(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec.get("type") == "LoadBalancer":
        put(spec, allocateLoadBalancerNodePorts=True)


def _endpoints(obj: Object) -> None:
    for subset in each(obj, "subsets"):
        for port in each(subset, "ports"):
            put(port, protocol="TCP")


def _endpoint_slice(obj: Object) -> None:
    for port in each(obj, "ports"):
        put(port, protocol="TCP", name="")


def _namespace(obj: Object) -> None:
    metadata = section(obj, "metadata")
    if metadata.get("name"):
        metadata["labels"] = {**section(metadata, "labels"), "kubernetes.io/metadata.name": metadata["name"]}


def _secret(obj: Object) -> None:
    put(obj, type="Opaque")


def _claim(obj: Object) -> None:
    put(section(obj, "spec"), volumeMode="Filesystem")


def _volume(obj: Object) -> None:
    put(section(obj, "spec"), volumeMode="Filesystem", persistentVolumeReclaimPolicy="Retain")


def _limit_range(obj: Object) -> None:
    for item in each(section(obj, "spec"), "limits"):
        if item.get("type") == "Container":
            limits = {**section(item, "max"), **section(item, "default")}
            requests = {**section(item, "min"), **limits, **section(item, "defaultRequest")}
            item.update(
                {key: value for key, value in (("default", limits), ("defaultRequest", requests)) if value}
            )


def _autoscaler(obj: Object) -> None:
    spec = section(obj, "spec")
    put(spec, minReplicas=1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        put(spec, metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": target}}])


def _network_policy(obj: Object) -> None:
    spec = section(obj, "spec")
    for rule in (*each(spec, "ingress"), *each(spec, "egress")):
        for port in each(rule, "ports"):
            put(port, protocol="TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _binding(obj: Object) -> None:
    put(section(obj, "roleRef"), apiGroup=RBAC)
    for subject in each(obj, "subjects"):
        if subject.get("kind") in ("User", "Group"):
            put(subject, apiGroup=RBAC)


def _storage_class(obj: Object) -> None:
    put(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _definition(obj: Object) -> None:
    spec = section(obj, "spec")
    put(spec, conversion={"strategy": "None"})
    names = section(spec, "names")
    if isinstance(names.get("kind"), str):
        put(names, singular=names["kind"].lower(), listKind=f"{names['kind']}List")


def _priority_class(obj: Object) -> None:
    put(obj, preemptionPolicy="PreemptLowerPriority")


_KINDS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): _definition,
    ("v1", "Endpoints"): _endpoints,
    ("v1", "LimitRange"): _limit_range,
    ("v1", "Namespace"): _namespace,
    ("v1", "PersistentVolume"): _volume,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("v1", "Pod"): default_pod,
    ("v1", "ReplicationController"): _replication_controller,
    ("v1", "Secret"): _secret,
    ("v1", "Service"): _service,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "ReplicaSet"): _replica_set,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): _autoscaler,
    ("batch/v1", "CronJob"): _cron_job,
    ("batch/v1", "Job"): _job,
    ("discovery.k8s.io/v1", "EndpointSlice"): _endpoint_slice,
    ("networking.k8s.io/v1", "NetworkPolicy"): _network_policy,
    (f"{RBAC}/v1", "ClusterRoleBinding"): _binding,
    (f"{RBAC}/v1", "RoleBinding"): _binding,
    ("scheduling.k8s.io/v1", "PriorityClass"): _priority_class,
    ("storage.k8s.io/v1", "StorageClass"): _storage_class,
}
