"""Pods as a busy API server sends them: every field that a Deployment's pod has, managedFields included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
NAMESPACE = "formbuilder-platform-live-production"
SINCE = "2026-11-23T04:05:06Z"


def compact(value: Any) -> bytes:
    """JSON as Go writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


def name_of(index: int) -> str:
    return f"fb-submitter-api-live-production-6c9f5d7b8c-{index:05d}"


def pod(index: int, version: int, restarts: int) -> Json:
    """One that is ready, or in a crash loop after so many restarts."""
    spec, status = _spec(index), _status(index, restarts)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name_of(index),
            "generateName": "fb-submitter-api-live-production-6c9f5d7b8c-",
            "namespace": NAMESPACE,
            "uid": f"0b9c6a4e-5a3f-4f0e-9d0a-{index:012d}",
            "resourceVersion": str(version),
            "creationTimestamp": SINCE,
            "labels": {"appGroup": "fb-submitter", "pod-template-hash": "6c9f5d7b8c"},
            "annotations": {"form-builder/commit": "6d1f" * 10, "form-builder/run": "20261123T040506"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": "fb-submitter-api-live-production-6c9f5d7b8c",
                    "uid": "5f0c3c9e-9a47-4f6d-8a11-3a1d4d6f8e21",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": list(_managers(spec, status)),
        },
        "spec": spec,
        "status": status,
    }


def _spec(index: int) -> Json:
    return {
        "containers": [_container()],
        "volumes": [{"name": "data", "emptyDir": {}}],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "nodeName": f"node-{index % 40}",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute"}
            for key in ("not-ready", "unreachable")
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _container() -> Json:
    variables = ("NAMESPACE", "DATABASE_URL", "SERVICE_TOKEN_CACHE_ROOT_URL", "SENTRY_DSN", "AWS_REGION")
    return {
        "name": "api",
        "image": f"registry.example.test/fb-submitter-api@sha256:{'0123456789abcdef' * 4}",
        "ports": [{"name": "http", "containerPort": 3000, "protocol": "TCP"}],
        "env": [
            {"name": "HOST", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
            *({"name": name, "value": f"the value of {name}"} for name in variables),
        ],
        "resources": {"limits": {"memory": "384Mi"}, "requests": {"cpu": "50m", "memory": "128Mi"}},
        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/submitter"}],
        "livenessProbe": _probe("/health", 10),
        "readinessProbe": _probe("/readiness", 1),
        "startupProbe": _probe("/health", 1),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _probe(path: str, period: int) -> Json:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "timeoutSeconds": 3, "periodSeconds": period, "successThreshold": 1, "failureThreshold": 3,
    }  # fmt: skip


def _status(index: int, restarts: int) -> Json:
    ready = not restarts
    ended = {"exitCode": 1, "reason": "Error", "startedAt": SINCE, "finishedAt": SINCE}
    waits = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container=api"}
    conditions = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "conditions": [
            {
                "type": kind,
                "status": "True" if ready or "Ready" not in kind else "False",
                "lastProbeTime": None,
                "lastTransitionTime": SINCE,
            }
            for kind in conditions
        ],
        "hostIP": "10.0.0.7",
        "podIP": f"10.1.{index // 250}.{index % 250}",
        "podIPs": [{"ip": f"10.1.{index // 250}.{index % 250}"}],
        "startTime": SINCE,
        "containerStatuses": [
            {
                "name": "api",
                "state": {"running": {"startedAt": SINCE}} if ready else {"waiting": waits},
                "lastState": {} if ready else {"terminated": ended},
                "ready": ready,
                "restartCount": restarts,
                "image": "registry.example.test/fb-submitter-api",
                "imageID": f"registry.example.test/fb-submitter-api@sha256:{'0123456789abcdef' * 4}",
                "containerID": f"containerd://{index:064x}",
                "started": ready,
            }
        ],
        "qosClass": "Burstable",
    }


def _managers(spec: Json, status: Json) -> Iterator[Json]:
    """Two managers: the ReplicaSet controller has made the spec, a kubelet writes the status."""
    for manager, subresource, fields in (
        ("kube-controller-manager", "", {"f:spec": _owned(spec)}),
        ("kubelet", "status", {"f:status": _owned(status)}),
    ):
        yield {
            "manager": manager, "operation": "Update", "apiVersion": "v1", "time": SINCE,
            "fieldsType": "FieldsV1", "fieldsV1": fields, "subresource": subresource,
        }  # fmt: skip


def _owned(value: Any) -> Json:
    """The fields of a value as managedFields have them; items of lists by what tells them apart."""
    if isinstance(value, dict):
        return {f"f:{key}": _owned(inner) for key, inner in value.items()}
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return {}
    keys = ("name", "type", "key", "ip", "containerPort")
    known = [(next(key for key in keys if key in item), item) for item in value]
    return {
        f"k:{json.dumps({key: item[key]}, separators=(',', ':'))}": {".": {}, **_owned(item)}
        for key, item in known
    }
