"""Nodes, namespaces, events, configuration, storage and roles."""

from __future__ import annotations

from typing import Any

from sandbox.api.reading.printers.cells import NONE, UNSET, age, condition, name, printer
from sandbox.api.reading.printers.times import UNKNOWN, since
from sandbox.api.types.sections import each, section

Object = dict[str, Any]
_ROLE = "node-role.kubernetes.io/"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def _node(obj: Object, now: float) -> list[Any]:
    status, labels = section(obj, "status"), section(obj, "metadata", "labels")
    ready = condition(obj, "Ready").get("status")
    words = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    if section(obj, "spec").get("unschedulable") is True:
        words.append("SchedulingDisabled")
    roles = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE) and key != _ROLE}
    roles |= {labels["kubernetes.io/role"]} if labels.get("kubernetes.io/role") else set()
    info = section(status, "nodeInfo")
    addresses = {entry.get("type"): entry.get("address") for entry in each(status, "addresses")}
    return [
        name(obj),
        ",".join(words),
        ",".join(sorted(roles)) or NONE,
        age(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP") or NONE,
        addresses.get("ExternalIP") or NONE,
        *(info.get(field) or UNKNOWN for field in ("osImage", "kernelVersion", "containerRuntimeVersion")),
    ]


def _namespace(obj: Object, now: float) -> list[Any]:
    return [name(obj), section(obj, "status").get("phase", ""), age(obj, now)]


def _event(obj: Object, now: float) -> list[Any]:
    target, source, series = section(obj, "involvedObject"), section(obj, "source"), section(obj, "series")
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    if series:
        last = since(series.get("lastObservedTime"), now)
    kind = str(target.get("kind", "")).lower()
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or obj.get("reportingInstance")
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{target['name']}" if target.get("name") else kind,
        target.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        str(obj.get("message", "")).strip(),
        first,
        series.get("count") or obj.get("count") or 1,
        name(obj),
    ]


def _config_map(obj: Object, now: float) -> list[Any]:
    return [name(obj), len(section(obj, "data")) + len(section(obj, "binaryData")), age(obj, now)]


def _secret(obj: Object, now: float) -> list[Any]:
    return [name(obj), obj.get("type", ""), len(section(obj, "data")), age(obj, now)]


def _service_account(obj: Object, now: float) -> list[Any]:
    return [name(obj), len(each(obj, "secrets")), age(obj, now)]


def _quota(obj: Object, now: float) -> list[Any]:
    hard = section(obj, "status", "hard") or section(obj, "spec", "hard")
    used = section(obj, "status", "used")
    told = {key: f"{key}: {used.get(key, 0)}/{hard[key]}" for key in sorted(hard)}
    limits = [text for key, text in told.items() if key.startswith("limits.")]
    return [
        name(obj),
        ", ".join(text for text in told.values() if text not in limits),
        ", ".join(limits),
        age(obj, now),
    ]


def _claim(obj: Object, now: float) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    phase = "Terminating" if section(obj, "metadata").get("deletionTimestamp") else status.get("phase", "")
    bound = bool(spec.get("volumeName"))
    return [
        name(obj),
        phase,
        spec.get("volumeName", ""),
        section(status, "capacity").get("storage", "") if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or UNSET,
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _modes(modes: Any) -> str:
    return ",".join(_MODES.get(mode, str(mode)) for mode in modes or ())


def _volume(obj: Object, now: float) -> list[Any]:
    spec, status, claim = section(obj, "spec"), section(obj, "status"), section(obj, "spec", "claimRef")
    phase = "Terminating" if section(obj, "metadata").get("deletionTimestamp") else status.get("phase", "")
    return [
        name(obj),
        section(spec, "capacity").get("storage", ""),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or UNSET,
        status.get("reason", ""),
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _storage_class(obj: Object, now: float) -> list[Any]:
    default = section(obj, "metadata", "annotations").get(_DEFAULT_CLASS) == "true"
    words = [obj.get(field, "") for field in ("provisioner", "reclaimPolicy", "volumeBindingMode")]
    return [name(obj) + " (default)" * default, *words, bool(obj.get("allowVolumeExpansion")), age(obj, now)]


def _priority_class(obj: Object, now: float) -> list[Any]:
    return [
        name(obj),
        obj.get("value") or 0,
        bool(obj.get("globalDefault")),
        age(obj, now),
        obj.get("preemptionPolicy", ""),
    ]


def _lease(obj: Object, now: float) -> list[Any]:
    return [name(obj), section(obj, "spec").get("holderIdentity", ""), age(obj, now)]


def _created(obj: Object, _now: float) -> list[Any]:
    return [name(obj), section(obj, "metadata").get("creationTimestamp", UNKNOWN)]


def _binding(obj: Object, now: float) -> list[Any]:
    role, subjects = section(obj, "roleRef"), each(obj, "subjects")
    users = [str(s.get("name")) for s in subjects if s.get("kind") == "User"]
    groups = [str(s.get("name")) for s in subjects if s.get("kind") == "Group"]
    accounts = [
        f"{s.get('namespace')}/{s.get('name')}" for s in subjects if s.get("kind") == "ServiceAccount"
    ]
    told = [", ".join(names) for names in (users, groups, accounts)]
    return [name(obj), f"{role.get('kind')}/{role.get('name')}", age(obj, now), *told]


_BINDING = printer("Name  Role  Age  +Users  +Groups  +ServiceAccounts", _binding)
_CREATED = printer("Name  Created At", _created)

PRINTERS = {
    "Node": printer(
        "Name  Status  Roles  Age  Version  "
        "+Internal-IP  +External-IP  +OS-Image  +Kernel-Version  +Container-Runtime",
        _node,
    ),
    "Namespace": printer("Name  Status  Age", _namespace),
    "Event": printer(
        "Last Seen  Type  Reason  Object  +Subobject  +Source  Message  +First Seen  +Count  +Name", _event
    ),
    "ConfigMap": printer("Name  Data  Age", _config_map),
    "Secret": printer("Name  Type  Data  Age", _secret),
    "ServiceAccount": printer("Name  Secrets  Age", _service_account),
    "ResourceQuota": printer("Name  Request  Limit  Age", _quota),
    "LimitRange": _CREATED,
    "PersistentVolumeClaim": printer(
        "Name  Status  Volume  Capacity  Access Modes  StorageClass  VolumeAttributesClass  Age  +VolumeMode",
        _claim,
    ),
    "PersistentVolume": printer(
        "Name  Capacity  Access Modes  Reclaim Policy  Status  Claim  StorageClass  VolumeAttributesClass  "
        "Reason  Age  +VolumeMode",
        _volume,
    ),
    "StorageClass": printer(
        "Name  Provisioner  ReclaimPolicy  VolumeBindingMode  AllowVolumeExpansion  Age", _storage_class
    ),
    "PriorityClass": printer("Name  Value  Global-Default  Age  PreemptionPolicy", _priority_class),
    "Lease": printer("Name  Holder  Age", _lease),
    "Role": _CREATED,
    "ClusterRole": _CREATED,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
}
