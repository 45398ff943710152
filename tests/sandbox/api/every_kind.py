"""A good object of every kind that the sandbox stores, and what can be torn out of one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from sandbox.base.kinds import CUSTOM, KindInfo

Object = dict[str, Any]
_CONTAINER: Object = {
    "name": "main",
    "image": "sandbox/x",
    "ports": [{"containerPort": 80, "name": "http"}],
    "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    "envFrom": [{"configMapRef": {"name": "c"}}],
    "resources": {"limits": {"cpu": "1", "memory": "1Mi"}, "requests": {"cpu": "1"}},
    "readinessProbe": {"httpGet": {"port": 80}},
    "livenessProbe": {"exec": {"command": ["true"]}},
    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
}
_TERM = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}
_AFFINITY = {
    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_TERM]}}
}
_POD: Object = {
    "containers": [_CONTAINER],
    "initContainers": [{"name": "first", "image": "x"}],
    "volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "a", "path": "b"}]}}],
    "affinity": _AFFINITY,
    "tolerations": [{"key": "a", "operator": "Exists"}],
}
_LABELS = {"app": "x"}
_TEMPLATE: Object = {"metadata": {"labels": _LABELS}, "spec": _POD}
_ENDING: Object = {"metadata": {"labels": _LABELS}, "spec": {**_POD, "restartPolicy": "Never"}}
_SELECTOR: Object = {"matchLabels": _LABELS}
_CLAIM: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
_RBAC = "rbac.authorization.k8s.io"
_WORKLOAD: Object = {"selector": _SELECTOR, "template": _TEMPLATE}
_PATH = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {"number": 80}}}}
_CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
_SCALER: Object = {
    "minReplicas": 1,
    "maxReplicas": 2,
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"},
    "metrics": [{"type": "Resource", "resource": _CPU}],
}


def _rolling(**rolling: Any) -> Object:
    return {"type": "RollingUpdate", "rollingUpdate": rolling}


def _bound(kind: str, subject: Object) -> Object:
    role = {"apiGroup": _RBAC, "kind": kind, "name": "v"}
    return {"roleRef": role, "subjects": [{"kind": "ServiceAccount", "name": "a", **subject}]}


_STRUCTURE: Object = {"type": "object", "properties": {"spec": {"type": "object"}}}
_VERSION: Object = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": _STRUCTURE}}
_NAMES = {"plural": "xs", "kind": "X"}
_DEFINED: Object = {"group": "a.b", "scope": "Cluster", "names": _NAMES, "versions": [_VERSION]}

GOOD: dict[str, Object] = {
    "CustomResourceDefinition": {"spec": _DEFINED},
    "ConfigMap": {"data": {"a": "b"}, "binaryData": {"c": "YQ=="}, "immutable": False},
    "Endpoints": {"subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]},
    "Event": {
        "involvedObject": {"kind": "Pod", "name": "x"},
        "reason": "r",
        "message": "m",
        "type": "Normal",
    },
    "LimitRange": {"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}, "max": {"cpu": "2"}}]}},
    "Namespace": {},
    "Node": {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}},
    "PersistentVolume": {
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/x"},
        }
    },
    "PersistentVolumeClaim": {"spec": _CLAIM},
    "Pod": {"spec": _POD},
    "PodTemplate": {"template": _TEMPLATE},
    "ReplicationController": {"spec": {"replicas": 1, "selector": _LABELS, "template": _TEMPLATE}},
    "ResourceQuota": {
        "spec": {"hard": {"pods": "10", "count/configmaps": "9"}, "scopes": ["NotTerminating"]}
    },
    "Secret": {"data": {"a": "YQ=="}, "stringData": {"b": "c"}, "type": "Opaque"},
    "Service": {"spec": {"selector": _LABELS, "ports": [{"name": "h", "port": 80, "targetPort": "http"}]}},
    "ServiceAccount": {"secrets": [{"name": "x"}], "imagePullSecrets": [{"name": "x"}]},
    "ControllerRevision": {"revision": 1, "data": {"a": 1}},
    "DaemonSet": {"spec": {**_WORKLOAD, "updateStrategy": _rolling(maxUnavailable=1)}},
    "Deployment": {"spec": {**_WORKLOAD, "strategy": _rolling(maxUnavailable="25%")}},
    "ReplicaSet": {"spec": _WORKLOAD},
    "StatefulSet": {
        "spec": {
            **_WORKLOAD,
            "serviceName": "s",
            "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": _CLAIM}],
            "updateStrategy": _rolling(partition=1),
        }
    },
    "CronJob": {
        "spec": {
            "schedule": "5 4 * * *",
            "timeZone": "Etc/UTC",
            "jobTemplate": {"spec": {"template": _ENDING}},
        }
    },
    "Job": {
        "spec": {
            "template": _ENDING,
            "podFailurePolicy": {
                "rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}]
            },
        }
    },
    "HorizontalPodAutoscaler": {"spec": _SCALER},
    "Ingress": {"spec": {"ingressClassName": "n", "rules": [{"host": "a.b", "http": {"paths": [_PATH]}}]}},
    "IngressClass": {"spec": {"controller": "a/b"}},
    "NetworkPolicy": {
        "spec": {
            "podSelector": _SELECTOR,
            "ingress": [{"from": [{"podSelector": _SELECTOR}], "ports": [{"port": 80}]}],
        }
    },
    "PodDisruptionBudget": {"spec": {"selector": _SELECTOR, "minAvailable": 1}},
    "ClusterRole": {"rules": _RULES},
    "Role": {"rules": _RULES},
    "ClusterRoleBinding": _bound("ClusterRole", {"namespace": "b"}),
    "RoleBinding": _bound("Role", {}),
    "EndpointSlice": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.1"]}],
        "ports": [{"port": 80}],
    },
    "Lease": {"spec": {"holderIdentity": "x", "leaseDurationSeconds": 1}},
    "StorageClass": {"provisioner": "a/b"},
    "PriorityClass": {"value": 1},
    "ServiceMonitor": {"spec": {"endpoints": [{"port": "http"}]}},
}


def good(info: KindInfo) -> Object:
    """A new valid object of a kind."""
    name = "xs.a.b" if info.kind == CUSTOM else "x"
    metadata = {"name": name, "labels": {"a": "b"}, "annotations": {"a": "b"}}
    head = {"apiVersion": info.api_version, "kind": info.kind, "metadata": metadata}
    return copy.deepcopy({**head, **GOOD[info.kind]})


def mutilations(obj: Object) -> Iterator[tuple[str, Object]]:
    """(what was done, the object) for every value: gone, null, or an empty one of its own kind."""
    for path in list(_places(obj)):
        if path[0] in ("apiVersion", "kind"):
            continue
        for how in ("gone", None, "empty"):
            torn = copy.deepcopy(obj)
            parent: Any = torn
            for step in path[:-1]:
                parent = parent[step]
            if how == "gone":
                del parent[path[-1]]
            else:
                parent[path[-1]] = None if how is None else type(parent[path[-1]])()
            yield f"{path} {how}", torn


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*path, key)
        yield from _places(child, (*path, key))
