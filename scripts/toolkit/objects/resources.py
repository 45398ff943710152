"""Where a kind lives in the API: plural, group, scope. Built-in kinds are known, the rest is discovered."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Resource:
    """One kind as the API's paths spell it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str | None = None, sub: str | None = None) -> str:
        """The path of a collection (of all namespaces without one), of an object or of its subresource."""
        parts = ["api" if "/" not in self.api_version else "apis", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        if sub:
            parts.append(sub)
        return "/" + "/".join(parts)


def _known(api_version: str, *names: str, namespaced: bool = True) -> list[Resource]:
    pairs = (name.split(":") for name in names)
    return [Resource(api_version, kind, plural, namespaced) for kind, plural in pairs]


# Plurals of the built-in kinds that a platform's manifests use (Kubernetes API reference).
BUILT_IN: dict[tuple[str, str], Resource] = {
    (each.api_version, each.kind): each
    for each in (
        *_known(
            "v1", "Namespace:namespaces", "Node:nodes", "PersistentVolume:persistentvolumes", namespaced=False
        ),
        *_known(
            "v1",
            "ConfigMap:configmaps",
            "Endpoints:endpoints",
            "Event:events",
            "LimitRange:limitranges",
            "PersistentVolumeClaim:persistentvolumeclaims",
            "Pod:pods",
            "ReplicationController:replicationcontrollers",
            "ResourceQuota:resourcequotas",
            "Secret:secrets",
            "Service:services",
            "ServiceAccount:serviceaccounts",
        ),
        *_known("apps/v1", "DaemonSet:daemonsets", "Deployment:deployments", "ReplicaSet:replicasets"),
        *_known("apps/v1", "StatefulSet:statefulsets"),
        *_known("batch/v1", "CronJob:cronjobs", "Job:jobs"),
        *_known("autoscaling/v2", "HorizontalPodAutoscaler:horizontalpodautoscalers"),
        *_known("networking.k8s.io/v1", "Ingress:ingresses", "NetworkPolicy:networkpolicies"),
        *_known("policy/v1", "PodDisruptionBudget:poddisruptionbudgets"),
        *_known("rbac.authorization.k8s.io/v1", "Role:roles", "RoleBinding:rolebindings"),
        *_known(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole:clusterroles",
            "ClusterRoleBinding:clusterrolebindings",
            namespaced=False,
        ),
        *_known("discovery.k8s.io/v1", "EndpointSlice:endpointslices"),
        *_known("coordination.k8s.io/v1", "Lease:leases"),
        *_known("monitoring.coreos.com/v1", "ServiceMonitor:servicemonitors"),
    )
}


def built_in(kind: str, api_version: str = "") -> Resource:
    """The built-in resource of that kind. Raises KeyError for a kind that is not in the table."""
    for (version, known), resource in BUILT_IN.items():
        if known == kind and api_version in ("", version):
            return resource
    raise KeyError(kind)


def title(api_version: str, kind: str) -> str:
    """A kind as people name it: Deployment, or Certificate.cert-manager.io where it is not built in.

    Whatever the version, so that one kind has one name; two groups may each have a Service.
    """
    group = api_version.rpartition("/")[0]
    known = any(name == kind and version.rpartition("/")[0] == group for version, name in BUILT_IN)
    return kind if known or not group else f"{kind}.{group}"
