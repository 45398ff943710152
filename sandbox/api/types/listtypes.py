"""How lists and maps of the Kubernetes API merge: the facts that the API's definitions carry beside the field
types.

Source: the `x-kubernetes-list-type`, `x-kubernetes-list-map-keys`, `x-kubernetes-map-type`,
`x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key` extensions of the Kubernetes OpenAPI
definitions. A list that is not named here is atomic: server-side apply owns and replaces it whole, and a
strategic merge patch replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass

ATOMIC, SET, MAP = "atomic", "set", "map"


@dataclass(frozen=True)
class ListRule:
    """`kind` and `keys` serve server-side apply; `merge` and `merge_key` serve strategic merge patches.

    They differ: ports of a container are told apart by containerPort and protocol when applied, by
    containerPort alone when patched. `merge` without `merge_key` merges a list of plain values. `retain` is
    the strategy retainKeys. `defaults`: a key that is left out has a value all the same, "" or 0.
    """

    kind: str = ATOMIC
    keys: tuple[str, ...] = ()
    merge: bool = False
    merge_key: str = ""
    retain: bool = False
    defaults: bool = False


def _by(*keys: str, merge_key: str = "", retain: bool = False) -> ListRule:
    return ListRule(MAP, keys, True, merge_key or keys[0], retain, defaults=True)


# Atomic when applied, but merged by a strategic merge patch.
_PATCHED_BY_TYPE = ListRule(merge=True, merge_key="type")

_CONTAINER: dict[str, ListRule] = {
    "env": _by("name"),
    "ports": _by("containerPort", "protocol"),
    "volumeMounts": _by("mountPath"),
    "volumeDevices": _by("devicePath"),
}
_CONDITIONS: dict[str, ListRule] = {"conditions": _by("type")}

LISTS: dict[str, dict[str, ListRule]] = {
    "V1ObjectMeta": {"finalizers": ListRule(SET, merge=True), "ownerReferences": _by("uid")},
    "V1PodSpec": {
        "containers": _by("name"),
        "initContainers": _by("name"),
        "ephemeralContainers": _by("name"),
        "volumes": _by("name", retain=True),
        "imagePullSecrets": _by("name"),
        "hostAliases": _by("ip"),
        "resourceClaims": _by("name", retain=True),
        "schedulingGates": _by("name"),
        "topologySpreadConstraints": _by("topologyKey", "whenUnsatisfiable"),
    },
    "V1Container": _CONTAINER,
    "V1EphemeralContainer": _CONTAINER,
    "V1ResourceRequirements": {"claims": ListRule(MAP, ("name",))},
    "V1PodStatus": {
        **_CONDITIONS,
        "podIPs": _by("ip"),
        "hostIPs": ListRule(merge=True, merge_key="ip"),
        "resourceClaimStatuses": _by("name", retain=True),
    },
    "V1ContainerStatus": {"allocatedResourcesStatus": _by("name"), "volumeMounts": _by("mountPath")},
    "V1ServiceSpec": {"ports": _by("port", "protocol")},
    "V1ServiceStatus": _CONDITIONS,
    "V1ServiceAccount": {"secrets": _by("name")},
    "V1NamespaceStatus": _CONDITIONS,
    "V1NodeSpec": {"podCIDRs": ListRule(SET, merge=True)},
    "V1NodeStatus": {**_CONDITIONS, "addresses": _by("type")},
    "V1PersistentVolumeClaimStatus": _CONDITIONS,
    "V1ReplicationControllerStatus": _CONDITIONS,
    "V1DeploymentStatus": _CONDITIONS,
    "V1ReplicaSetStatus": _CONDITIONS,
    "V1StatefulSetStatus": _CONDITIONS,
    "V1DaemonSetStatus": _CONDITIONS,
    "V1PodDisruptionBudgetStatus": _CONDITIONS,
    "V2HorizontalPodAutoscalerStatus": _CONDITIONS,
    "V1JobStatus": {"conditions": _PATCHED_BY_TYPE},
    "V1UncountedTerminatedPods": {"failed": ListRule(SET), "succeeded": ListRule(SET)},
    "V1PodFailurePolicyOnExitCodesRequirement": {"values": ListRule(SET)},
    "V1Endpoint": {"addresses": ListRule(SET)},
}

# Types that are owned and replaced whole: `x-kubernetes-map-type: atomic` on the type.
ATOMIC_TYPES = frozenset(
    (
        "V1ConfigMapKeySelector",
        "V1CrossVersionObjectReference",
        "V1FileKeySelector",
        "V1LabelSelector",
        "V1LocalObjectReference",
        "V1NodeSelector",
        "V1NodeSelectorTerm",
        "V1ObjectFieldSelector",
        "V1ObjectReference",
        "V1ResourceFieldSelector",
        "V1RoleRef",
        "V1ScopeSelector",
        "V1ScopedResourceSelectorRequirement",
        "V1SecretKeySelector",
        "V1SecretReference",
        "V1ServiceBackendPort",
        "V1TopologySelectorTerm",
        "V1TypedLocalObjectReference",
        "RbacV1Subject",
    )
)

# The same, said of one field.
ATOMIC_FIELDS = frozenset(
    (
        ("V1PodSpec", "nodeSelector"),
        ("V1ReplicationControllerSpec", "selector"),
        ("V1ServiceSpec", "selector"),
    )
)

# A field of an atomic type that is granular after all.
GRANULAR_FIELDS = frozenset((("V1PersistentVolumeSpec", "claimRef"),))

# Structures that a strategic merge patch replaces, or trims to the keys it names.
REPLACED_FIELDS = frozenset((("V1PodDisruptionBudgetSpec", "selector"),))
RETAIN_KEYS_FIELDS = frozenset((("V1DeploymentSpec", "strategy"),))

# A key that an item may leave out, and what it then is: `default` in the OpenAPI definitions of the ports.
KEY_DEFAULTS: dict[str, str | int] = {"protocol": "TCP", "containerPort": 0, "port": 0}

# The generated client calls these "object"; the API says IntOrString.
INT_OR_STRING = frozenset(
    (
        ("V1HTTPGetAction", "port"),
        ("V1NetworkPolicyPort", "port"),
        ("V1PodDisruptionBudgetSpec", "maxUnavailable"),
        ("V1PodDisruptionBudgetSpec", "minAvailable"),
        ("V1RollingUpdateDaemonSet", "maxSurge"),
        ("V1RollingUpdateDaemonSet", "maxUnavailable"),
        ("V1RollingUpdateDeployment", "maxSurge"),
        ("V1RollingUpdateDeployment", "maxUnavailable"),
        ("V1RollingUpdateStatefulSetStrategy", "maxUnavailable"),
        ("V1ServicePort", "targetPort"),
        ("V1TCPSocketAction", "port"),
    )
)

# The generated client calls these strings; the API says Quantity, which JSON may also spell as a number.
QUANTITIES = frozenset(
    (
        ("V1ContainerStatus", "allocatedResources"),
        ("V1EmptyDirVolumeSource", "sizeLimit"),
        ("V1LimitRangeItem", "default"),
        ("V1LimitRangeItem", "defaultRequest"),
        ("V1LimitRangeItem", "max"),
        ("V1LimitRangeItem", "maxLimitRequestRatio"),
        ("V1LimitRangeItem", "min"),
        ("V1NodeStatus", "allocatable"),
        ("V1NodeStatus", "capacity"),
        ("V1PersistentVolumeClaimStatus", "allocatedResources"),
        ("V1PersistentVolumeClaimStatus", "capacity"),
        ("V1PersistentVolumeSpec", "capacity"),
        ("V1PodSpec", "overhead"),
        ("V1ResourceFieldSelector", "divisor"),
        ("V1ResourceQuotaSpec", "hard"),
        ("V1ResourceQuotaStatus", "hard"),
        ("V1ResourceQuotaStatus", "used"),
        ("V1ResourceRequirements", "limits"),
        ("V1ResourceRequirements", "requests"),
        ("V1VolumeResourceRequirements", "limits"),
        ("V1VolumeResourceRequirements", "requests"),
        ("V2MetricTarget", "averageValue"),
        ("V2MetricTarget", "value"),
        ("V2MetricValueStatus", "averageValue"),
        ("V2MetricValueStatus", "value"),
    )
)
