"""What belongs to the server in an object, kind by kind: set on create, carried over on update. Pure.

The rules are those of pkg/registry/*/strategy.go in Kubernetes.
"""

from __future__ import annotations

import base64
from typing import Any

from sandbox.base.kinds import KindInfo
from sandbox.base.quantity import parse

Object = dict[str, Any]
_NO_GENERATION = {
    "ConfigMap",
    "Endpoints",
    "Event",
    "HorizontalPodAutoscaler",
    "Lease",
    "LimitRange",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "PriorityClass",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
    "StorageClass",
    "ControllerRevision",
}
# How many templates a DaemonSet has had (DeprecatedTemplateGeneration), by which clients tell its newest
# pods.
TEMPLATES = "deprecated.daemonset.template.generation"
_KEPT_METADATA = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def has_generation(info: KindInfo) -> bool:
    """Whether metadata.generation counts the changes of spec."""
    return info.native not in _NO_GENERATION and info.group != "rbac.authorization.k8s.io"


def prepare_create(info: KindInfo, obj: Object, *, uid: str, now: str) -> None:
    """Sets what a new object gets from the server, in place; drops what only the server may say."""
    metadata = obj["metadata"]
    for field in (
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "generation",
        "resourceVersion",
    ):
        metadata.pop(field, None)
    metadata.update(uid=uid, creationTimestamp=now)
    if has_generation(info):
        metadata["generation"] = 1
    if "status" in info.subresources and info.native != "Node":
        obj.pop("status", None)
    match info.native:
        case "Namespace":
            obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
            obj["status"] = {"phase": "Active"}
        case "Pod":
            obj["status"] = {"phase": "Pending", "qosClass": "BestEffort"}
        case "PersistentVolume" | "PersistentVolumeClaim":
            obj["status"] = {"phase": "Pending"}
        case "Secret":
            fold_string_data(obj)
        case "DaemonSet":
            metadata["annotations"] = {TEMPLATES: "1"} | (metadata.get("annotations") or {})


def prepare_update(info: KindInfo, new: Object, old: Object, subresource: str) -> Object:
    """The object to store when a client sends `new` over `old`, directly or through `subresource`."""
    kept = {key: old["metadata"][key] for key in (*_KEPT_METADATA, "generation") if key in old["metadata"]}
    if subresource == "status":
        annotations = (new.get("metadata") or {}).get("annotations")
        result = {
            **old,
            "status": new.get("status") or {},
            "metadata": {**old["metadata"], "annotations": annotations},
        }
        if not annotations:
            del result["metadata"]["annotations"]
        return result
    for field in (*_KEPT_METADATA, "generation", "selfLink"):
        new["metadata"].pop(field, None)
    new["metadata"].update(kept)
    if "status" in info.subresources:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    if info.native == "Secret":
        fold_string_data(new)
    if info.native == "Namespace":
        new["spec"] = old.get("spec") or {}
    if info.native == "Service":
        _keep_addresses(new.get("spec") or {}, old.get("spec") or {})
    return new


def _keep_addresses(new: Object, old: Object) -> None:
    """What a Service was allocated stays when an update does not name it (upstream: patchAllocatedValues)."""
    if "ExternalName" in (new.get("type"), old.get("type")):
        return
    for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if not new.get(field) and field in old:
            new[field] = old[field]


def changed_generation(info: KindInfo, new: Object, old: Object) -> bool:
    """Whether the update counts as a new generation: spec differs (of a Deployment also its annotations)."""
    if not has_generation(info):
        return False
    custom = info.definition is not None  # one without status subresource has a status like any other field
    ignored = ("metadata",) if custom and "status" not in info.subresources else ("metadata", "status")
    if any(new.get(key) != old.get(key) for key in new.keys() | old.keys() if key not in ignored):
        return True
    return info.native == "Deployment" and new["metadata"].get("annotations") != old["metadata"].get(
        "annotations"
    )


def count_templates(info: KindInfo, new: Object, old: Object) -> None:
    """Carries a DaemonSet's count of templates over, one more where this update brings another, in place."""
    if info.native != "DaemonSet":
        return
    known = (old["metadata"].get("annotations") or {}).get(TEMPLATES, "")
    count = int(known) if known.isdigit() else 0
    changed = (new.get("spec") or {}).get("template") != (old.get("spec") or {}).get("template")
    annotations = new["metadata"].get("annotations") or {}
    new["metadata"]["annotations"] = annotations | {TEMPLATES: str(count + changed)}


def fold_string_data(secret: Object) -> None:
    """stringData is for writing only: it ends in data, in base64."""
    text = secret.pop("stringData", None)
    if isinstance(text, dict):
        data = secret["data"] = dict(secret.get("data") or {})
        for key, value in text.items():
            data[key] = base64.b64encode(str(value).encode()).decode()


def select_own_pods(job: Object) -> None:
    """Makes a Job select its pods by its own uid, in place (generateSelector in its strategy upstream)."""
    spec = job.get("spec")
    if not isinstance(spec, dict) or spec.get("manualSelector") or not isinstance(spec.get("template"), dict):
        return
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    for prefix in ("", "batch.kubernetes.io/"):
        labels.setdefault(f"{prefix}controller-uid", uid)
        labels.setdefault(f"{prefix}job-name", name)
    spec["template"]["metadata"] = {**(spec["template"].get("metadata") or {}), "labels": labels}
    spec.setdefault("selector", {}).setdefault("matchLabels", {})["batch.kubernetes.io/controller-uid"] = uid


def qos_class(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, as the eviction order of the kubelet knows them."""
    requests: list[dict[str, str]] = []
    limits: list[dict[str, str]] = []
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        resources = (container.get("resources") or {}) if isinstance(container, dict) else {}
        requests.append(resources.get("requests") or {})
        limits.append(resources.get("limits") or {})
    if not any(requests) and not any(limits):
        return "BestEffort"
    try:
        for request, limit in zip(requests, limits, strict=True):
            for name in ("cpu", "memory"):
                if name not in limit or parse(request.get(name, limit[name])) != parse(limit[name]):
                    return "Burstable"
    except ValueError:
        return "Burstable"
    return "Guaranteed"
