"""Where a kind lives in the API: plural, group, scope; and which object is which. Built-in kinds are known,
the rest is discovered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from toolkit.objects.fields import name, text


class Key(NamedTuple):
    """What tells an object from all others of a cluster. The version of its group does not: it is one object
    in all versions. A kind's name alone does not either: there are a v1 and a serving.knative.dev Service."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def shown(self) -> str:
        """How a person names it: Kind/name."""
        return f"{self.kind}/{self.name}"


def key_of(obj: Any, namespace: str = "") -> Key:
    """The key of an object; namespace is where one that does not say so is."""
    return Key(
        group_of(text(obj, "apiVersion")),
        text(obj, "kind"),
        text(obj, "metadata", "namespace") or namespace,
        text(obj, "metadata", "name"),
    )


def group_of(api_version: str) -> str:
    """The API group of an apiVersion, "" for the core one."""
    return api_version.rpartition("/")[0]


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
        *_known("storage.k8s.io/v1", "StorageClass:storageclasses", namespaced=False),
        *_known("scheduling.k8s.io/v1", "PriorityClass:priorityclasses", namespaced=False),
        *_known("networking.k8s.io/v1", "IngressClass:ingressclasses", namespaced=False),
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


def named(obj: Any) -> str:
    """An object as apps.toml names it: Deployment/web, Certificate.cert-manager.io/web."""
    return f"{title(text(obj, 'apiVersion'), text(obj, 'kind'))}/{name(obj)}"


def title(api_version: str, kind: str) -> str:
    """A kind as people name it: Deployment, or Certificate.cert-manager.io where it is not built in.

    Whatever the version, so that one kind has one name; two groups may each have a Service.
    """
    group = api_version.rpartition("/")[0]
    known = any(name == kind and version.rpartition("/")[0] == group for version, name in BUILT_IN)
    return kind if known or not group else f"{kind}.{group}"


GROUPS: dict[str, str] = {each.kind: group_of(each.api_version) for each in BUILT_IN.values()}
"""The group of each built-in kind."""


def key_to(reference: Any, namespace: str) -> Key:
    """What a reference (apiVersion, kind, name) points to; one without apiVersion means the built-in kind."""
    kind, version = text(reference, "kind"), text(reference, "apiVersion")
    group = group_of(version) if version else GROUPS.get(kind, "")
    return Key(group, kind, namespace, text(reference, "name"))


# Kubernetes' own groups: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/
_OWN = {"", "apps", "autoscaling", "batch", "policy", "extensions"} | {
    f"{name}.k8s.io"
    for name in (
        *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization"),
        *(
            "certificates",
            "coordination",
            "discovery",
            "events",
            "flowcontrol.apiserver",
            "networking",
            "node",
        ),
        *(
            "internal.apiserver",
            "rbac.authorization",
            "resource",
            "scheduling",
            "storage",
            "storagemigration",
        ),
    )
}


def is_own_group(group: str) -> bool:
    """Whether a group is Kubernetes' own; the kinds of all others are custom ones."""
    return group in _OWN


def is_a(obj: Any, *kinds: str) -> bool:
    """Whether an object is of one of these built-in kinds, and not of another group's kind of that name.

    One that has no apiVersion, as in a list of one kind, is taken at its kind's word.
    """
    kind, version = text(obj, "kind"), text(obj, "apiVersion")
    return kind in kinds and (not version or group_of(version) == GROUPS.get(kind))


# Cluster-wide kinds whose group need not be asked for: Kubernetes' own, and those that come with much used
# controllers. All others are told by discovery (namespaced: false).
_WIDE: dict[str, str] = {
    "": "Namespace Node PersistentVolume ComponentStatus",
    "admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingWebhookConfiguration "
    "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy "
    "MutatingAdmissionPolicyBinding",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "authentication.k8s.io": "TokenReview SelfSubjectReview",
    "authorization.k8s.io": "SubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io": "IngressClass IPAddress ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "StorageClass CSIDriver CSINode VolumeAttachment VolumeAttributesClass",
    "cert-manager.io": "ClusterIssuer",
    "external-secrets.io": "ClusterSecretStore ClusterExternalSecret",
    "gateway.networking.k8s.io": "GatewayClass",
    "kyverno.io": "ClusterPolicy",
}


WIDE = "belongs to the whole cluster, not to an app"
WIDE_REMEDY = (
    "take it out of the app's manifests and have the cluster's owner apply it; "
    "where the cluster is provisioned, it may be among the fixtures (provision/)"
)


def is_cluster_wide(api_version: str, kind: str) -> bool | None:
    """Whether objects of a kind belong to the whole cluster; None when only the cluster can tell."""
    if kind in _WIDE.get(group_of(api_version), "").split():
        return True
    known = BUILT_IN.get((api_version, kind))
    return not known.namespaced if known else None
