"""Which kinds the sandbox serves, under which names, and whether anything acts on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class KindInfo:
    """One kind as discovery shows it.

    `controller` says whether something in the sandbox acts on objects of this kind; the others are kept and
    served, no more. `verbs` of a kind that is only ever posted (a review) is ("create",): it is not stored.
    `definition` describes a custom kind (api/types/customs.py), None for those that are built in. Two are the
    same kind when group, version and names are.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str = field(compare=False)
    short_names: tuple[str, ...] = field(compare=False)
    namespaced: bool = field(compare=False)
    controller: bool = field(compare=False)
    subresources: tuple[str, ...] = field(compare=False)
    categories: tuple[str, ...] = field(default=(), compare=False)
    verbs: tuple[str, ...] = field(default=ALL_VERBS, compare=False)
    definition: Any = field(default=None, compare=False, repr=False)

    @property
    def api_version(self) -> str:
        """The spelling of objects: "v1" or "apps/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def native(self) -> str:
        """The kind if it is one that Kubernetes itself knows, else "": a custom Service is no Service."""
        return self.kind if self.definition is None else ""

    @property
    def stored_as(self) -> str:
        """What its objects lie under in the database: a custom kind's stay there when its version changes."""
        return f"{self.group}/*/{self.plural}" if self.definition else f"{self.api_version}/{self.plural}"

    @property
    def resource(self) -> str:
        """The spelling of error messages: "pods" or "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def stored(self) -> bool:
        """Whether objects of this kind are kept (reviews are answered and forgotten)."""
        return "list" in self.verbs


def _kinds(api_version: str, *rows: str) -> tuple[KindInfo, ...]:
    """Rows: "Kind plural short,names or - [cluster] [acted-on] [all] [review] [/subresource...]"."""
    group, _, version = api_version.rpartition("/")
    kinds = []
    for row in rows:
        kind, plural, short, *flags = row.split()
        kinds.append(
            KindInfo(
                group=group,
                version=version,
                kind=kind,
                plural=plural,
                singular=kind.lower(),
                short_names=() if short == "-" else tuple(short.split(",")),
                namespaced="cluster" not in flags,
                controller="acted-on" in flags,
                subresources=tuple(flag[1:] for flag in flags if flag.startswith("/")),
                categories=("all",) if "all" in flags else (),
                verbs=("create",) if "review" in flags else ALL_VERBS,
            )
        )
    return tuple(kinds)


KINDS: tuple[KindInfo, ...] = (
    *_kinds(
        "v1",
        "ConfigMap configmaps cm acted-on",
        "Endpoints endpoints ep acted-on",
        "Event events ev acted-on",
        "LimitRange limitranges limits acted-on",
        "Namespace namespaces ns cluster acted-on /finalize /status",
        "Node nodes no cluster acted-on /status /proxy",
        "PersistentVolume persistentvolumes pv cluster acted-on /status",
        "PersistentVolumeClaim persistentvolumeclaims pvc acted-on /status",
        "Pod pods po acted-on all /binding /eviction /log /proxy /status /exec /attach /portforward",
        "PodTemplate podtemplates -",
        "ReplicationController replicationcontrollers rc all /scale /status",
        "ResourceQuota resourcequotas quota acted-on /status",
        "Secret secrets - acted-on",
        "Service services svc acted-on all /proxy /status",
        "ServiceAccount serviceaccounts sa acted-on /token",
    ),
    *_kinds(
        "apps/v1",
        "ControllerRevision controllerrevisions - acted-on",
        "DaemonSet daemonsets ds acted-on all /status",
        "Deployment deployments deploy acted-on all /scale /status",
        "ReplicaSet replicasets rs acted-on all /scale /status",
        "StatefulSet statefulsets sts acted-on all /scale /status",
    ),
    *_kinds("batch/v1", "CronJob cronjobs cj acted-on all /status", "Job jobs - acted-on all /status"),
    *_kinds("autoscaling/v2", "HorizontalPodAutoscaler horizontalpodautoscalers hpa all /status"),
    *_kinds("autoscaling/v1", "HorizontalPodAutoscaler horizontalpodautoscalers hpa all /status"),
    *_kinds(
        "networking.k8s.io/v1",
        "Ingress ingresses ing /status",
        "IngressClass ingressclasses - cluster",
        "NetworkPolicy networkpolicies netpol",
    ),
    *_kinds("policy/v1", "PodDisruptionBudget poddisruptionbudgets pdb /status"),
    *_kinds(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole clusterroles - cluster acted-on",
        "ClusterRoleBinding clusterrolebindings - cluster acted-on",
        "Role roles - acted-on",
        "RoleBinding rolebindings - acted-on",
    ),
    *_kinds("discovery.k8s.io/v1", "EndpointSlice endpointslices - acted-on"),
    *_kinds("coordination.k8s.io/v1", "Lease leases - acted-on"),
    *_kinds("storage.k8s.io/v1", "StorageClass storageclasses sc cluster acted-on"),
    *_kinds(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition customresourcedefinitions crd,crds cluster acted-on /status",
    ),
    *_kinds("scheduling.k8s.io/v1", "PriorityClass priorityclasses pc cluster"),
    *_kinds(
        "authorization.k8s.io/v1",
        "LocalSubjectAccessReview localsubjectaccessreviews - review acted-on",
        "SelfSubjectAccessReview selfsubjectaccessreviews - cluster review acted-on",
        "SelfSubjectRulesReview selfsubjectrulesreviews - cluster review acted-on",
        "SubjectAccessReview subjectaccessreviews - cluster review acted-on",
    ),
    *_kinds(
        "authentication.k8s.io/v1",
        "SelfSubjectReview selfsubjectreviews - cluster review acted-on",
        "TokenReview tokenreviews - cluster review acted-on",
    ),
    *_kinds("monitoring.coreos.com/v1", "ServiceMonitor servicemonitors smon"),
)

CUSTOM = "CustomResourceDefinition"
_BY_PLURAL = {(info.group, info.version, info.plural): info for info in KINDS}
_BY_KIND = {(info.api_version, info.kind): info for info in KINDS}


def by_plural(group: str, version: str, plural: str) -> KindInfo | None:
    """The kind behind a path such as /apis/<group>/<version>/.../<plural>; group is "" for core."""
    return _BY_PLURAL.get((group, version, plural))


def by_kind(api_version: str, kind: str) -> KindInfo | None:
    """The kind of an object that says `apiVersion` and `kind`."""
    return _BY_KIND.get((api_version, kind))


def the_kind(api_version: str, kind: str) -> KindInfo:
    """A kind that is known to be served; KeyError otherwise."""
    return _BY_KIND[api_version, kind]


class Catalogue:
    """The kinds that one cluster serves: those that are built in, and those that definitions add while it
    runs. `changes` counts the latter's comings and goings."""

    def __init__(self) -> None:
        self._added: dict[str, KindInfo] = {}
        self.changes = 0

    def __iter__(self) -> Iterator[KindInfo]:
        yield from KINDS
        yield from self._added.values()

    def added(self, resource: str) -> KindInfo | None:
        """The custom kind of a resource's full name ("widgets.example.com"), if it is served."""
        return self._added.get(resource)

    def add(self, info: KindInfo) -> None:
        """Serve a custom kind, in the place of the one of its name."""
        self._added[info.resource] = info
        self.changes += 1

    def remove(self, info: KindInfo) -> None:
        """Serve it no more."""
        self._added.pop(info.resource, None)
        self.changes += 1

    def by_plural(self, group: str, version: str, plural: str) -> KindInfo | None:
        """The kind behind a path."""
        wanted = (group, version, plural)
        found = by_plural(*wanted)
        same = (i for i in self._added.values() if (i.group, i.version, i.plural) == wanted)
        return found or next(same, None)
