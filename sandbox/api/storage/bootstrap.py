"""What a cluster holds before anybody has written to it: namespaces and the usual ClusterRoles.

Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy of Kubernetes, for the kinds that are served here.
"""

from __future__ import annotations

from typing import Any

NAMESPACES = ("default", "kube-public", "kube-system")
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_ALL = ["*"]

_VIEWED: dict[str, list[str]] = {
    "": [
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "namespaces",
        "persistentvolumeclaims",
        "pods",
        "pods/log",
        "pods/status",
        "replicationcontrollers",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ],
    "apps": ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "discovery.k8s.io": ["endpointslices"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "policy": ["poddisruptionbudgets"],
}
_EDITED: dict[str, list[str]] = {
    "": [
        "configmaps",
        "events",
        "persistentvolumeclaims",
        "pods",
        "pods/eviction",
        "pods/proxy",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "secrets",
        "serviceaccounts",
        "serviceaccounts/token",
        "services",
        "services/proxy",
    ],
    "apps": [
        "daemonsets",
        "deployments",
        "deployments/scale",
        "replicasets",
        "replicasets/scale",
        "statefulsets",
        "statefulsets/scale",
    ],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "coordination.k8s.io": ["leases"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "policy": ["poddisruptionbudgets"],
}
_RBAC = {"rbac.authorization.k8s.io": ["rolebindings", "roles"]}
_DISCOVERY = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
]


def _rules(resources: dict[str, list[str]], verbs: list[str]) -> list[dict[str, Any]]:
    return [{"apiGroups": [group], "resources": names, "verbs": verbs} for group, names in resources.items()]


def _review(group: str, *resources: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": ["create"]}


_VIEW = _rules(_VIEWED, _READ)
_EDIT = [*_VIEW, *_rules(_EDITED, [*_READ, *_WRITE])]
_CLUSTER_ROLES: dict[str, list[dict[str, Any]]] = {
    "cluster-admin": [
        {"apiGroups": _ALL, "resources": _ALL, "verbs": _ALL},
        {"nonResourceURLs": _ALL, "verbs": _ALL},
    ],
    "admin": [
        *_EDIT,
        *_rules(_RBAC, [*_READ, *_WRITE]),
        _review("authorization.k8s.io", "localsubjectaccessreviews"),
    ],
    "edit": _EDIT,
    "view": _VIEW,
    "system:discovery": [{"nonResourceURLs": _DISCOVERY, "verbs": ["get"]}],
    "system:basic-user": [
        _review("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
        _review("authentication.k8s.io", "selfsubjectreviews"),
    ],
}
_BINDINGS = {
    "cluster-admin": "system:masters",
    "system:discovery": "system:authenticated",
    "system:basic-user": "system:authenticated",
}


def objects() -> list[dict[str, Any]]:
    """The objects to create where they do not exist, in an order that works."""
    label = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    group = "rbac.authorization.k8s.io"
    made: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in NAMESPACES
    ]
    for name, rules in _CLUSTER_ROLES.items():
        role = {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name, "labels": label},
        }
        made.append({**role, "rules": rules})
    for name, subject in _BINDINGS.items():
        binding = {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name, "labels": label},
        }
        subjects = [{"kind": "Group", "apiGroup": group, "name": subject}]
        made.append(
            {
                **binding,
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
                "subjects": subjects,
            }
        )
    return made
