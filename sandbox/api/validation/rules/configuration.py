"""ConfigMaps, Secrets, quotas, claims, autoscalers and roles."""

from __future__ import annotations

import base64
import json
from typing import Any

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import (
    Causes,
    duplicate,
    forbidden,
    immutable,
    invalid,
    one_of,
    required,
    too_long,
)
from sandbox.api.validation.rules.workloads import check_share
from sandbox.base.quantity import parse

Object = dict[str, Any]
DATA_BYTES = 1024 * 1024
_IMMUTABLE = "field is immutable when `immutable` is set"
_REQUIRED_KEYS = {
    "kubernetes.io/basic-auth": (),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def check_event(obj: Object, old: Object | None) -> Causes:
    """An event is where the object is that it tells of; of a cluster-wide one it is in default."""
    del old
    here, there = section(obj, "metadata").get("namespace"), section(obj, "involvedObject").get("namespace")
    if (there or "default") != here:
        yield invalid("involvedObject.namespace", there or "", "does not match event.namespace")


def check_config_map(obj: Object, old: Object | None) -> Causes:
    """Keys, size, and the promise of `immutable`."""
    data, binary = section(obj, "data"), section(obj, "binaryData")
    for field, values in (("data", data), ("binaryData", binary)):
        for key in values:
            yield from (invalid(f"{field}[{key}]", key, why) for why in names.config_key(key))
    for key in data.keys() & binary.keys():
        yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    if sum(len(text.encode()) for text in data.values()) + _decoded(binary) > DATA_BYTES:
        yield too_long("[]", DATA_BYTES)
    yield from _check_immutable(obj, old, ("data", "binaryData"))


def check_secret(obj: Object, old: Object | None) -> Causes:
    """Keys, size, what the type requires, and the promise of `immutable`."""
    data = section(obj, "data")
    for key in data:
        yield from (invalid(f"data[{key}]", key, why) for why in names.config_key(key))
    if _decoded(data) > DATA_BYTES:
        yield too_long("data", DATA_BYTES)
    for key in _REQUIRED_KEYS.get(obj.get("type", ""), ()):
        if key not in data:
            yield required(f"data[{key}]")
    if ".dockerconfigjson" in data and obj.get("type") == "kubernetes.io/dockerconfigjson":
        try:
            json.loads(base64.b64decode(data[".dockerconfigjson"]))
        except (ValueError, RecursionError):
            yield invalid("data[.dockerconfigjson]", "<secret contents redacted>", "must be JSON")
    if old is not None and obj.get("type") != old.get("type"):
        yield immutable("type", obj.get("type"))
    yield from _check_immutable(obj, old, ("data",))


def _decoded(data: Object) -> int:
    return sum(len(text) * 3 // 4 - text.count("=") for text in data.values())


def _check_immutable(obj: Object, old: Object | None, fields: tuple[str, ...]) -> Causes:
    if old is None or old.get("immutable") is not True:
        return
    if obj.get("immutable") is not True:
        yield forbidden("immutable", _IMMUTABLE)
    for field in fields:
        if section(obj, field) != section(old, field):
            yield forbidden(field, _IMMUTABLE)


def check_quota(obj: Object, _old: Object | None) -> Causes:
    """Limits are quantities from zero up."""
    for name, quantity in section(obj, "spec", "hard").items():
        if parse(quantity) < 0:
            yield invalid(f"spec.hard[{name}]", quantity, "must be greater than or equal to 0")


def check_claim(obj: Object, old: Object | None) -> Causes:
    """A PersistentVolumeClaim: modes and size; little may change."""
    spec = section(obj, "spec")
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    modes = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
    for mode in spec.get("accessModes") or ():
        yield from one_of("spec.accessModes", mode, modes)
    storage = section(spec, "resources", "requests").get("storage")
    if storage is None:
        yield required("spec.resources[storage]")
    elif parse(storage) <= 0:
        yield invalid("spec.resources[storage]", storage, "must be greater than zero")
    if old is None:
        return
    before = section(old, "spec")
    fixed = (spec.keys() | before.keys()) - {"resources", "volumeAttributesClassName"}
    # A claim that is not bound yet may still be given its volume.
    if any(spec.get(key) != before.get(key) for key in fixed if key != "volumeName" or before.get(key)):
        why = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName "
            "for bound claims"
        )
        yield forbidden("spec", why)


def check_autoscaler(obj: Object, _old: Object | None) -> Causes:
    """Bounds that fit each other, and a target."""
    spec = section(obj, "spec")
    most, least = spec.get("maxReplicas") or 0, spec.get("minReplicas")
    if least is not None and least < 1:
        yield invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield invalid("spec.maxReplicas", most, "must be greater than 0")
    elif least is not None and most < least:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    for field in ("kind", "name"):
        if not section(spec, "scaleTargetRef").get(field):
            yield required(f"spec.scaleTargetRef.{field}")


def check_disruption_budget(obj: Object, _old: Object | None) -> Causes:
    """One of two limits."""
    spec = section(obj, "spec")
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield invalid("spec", {}, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        yield from check_share(f"spec.{field}", spec.get(field))


def check_role(obj: Object, _old: Object | None) -> Causes:
    """Rules that say who may do what to what."""
    for i, rule in enumerate(each(obj, "rules")):
        if not rule.get("verbs"):
            yield required(f"rules[{i}].verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            if obj.get("kind") == "Role":
                why = "namespaced rules cannot apply to non-resource URLs"
                yield invalid(f"rules[{i}].nonResourceURLs", rule["nonResourceURLs"], why)
            continue
        if not rule.get("apiGroups"):
            yield required(f"rules[{i}].apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield required(f"rules[{i}].resources", "resource rules must supply at least one resource")


def check_binding(obj: Object, old: Object | None) -> Causes:
    """A role that exists by name, and subjects; the role stays."""
    role = section(obj, "roleRef")
    kinds = ("ClusterRole",) if obj.get("kind") == "ClusterRoleBinding" else ("ClusterRole", "Role")
    yield from one_of("roleRef.kind", role.get("kind", ""), kinds)
    if not role.get("name"):
        yield required("roleRef.name")
    for i, subject in enumerate(each(obj, "subjects")):
        yield from one_of(f"subjects[{i}].kind", subject.get("kind", ""), ("ServiceAccount", "User", "Group"))
        if not subject.get("name"):
            yield required(f"subjects[{i}].name")
        # In a RoleBinding the namespace may be left out: authorization takes the binding's own then.
        clusterwide = obj.get("kind") == "ClusterRoleBinding"
        if clusterwide and subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            yield required(f"subjects[{i}].namespace")
    if old is not None and role != section(old, "roleRef"):
        yield invalid("roleRef", role, "cannot change roleRef")


def check_service_account(obj: Object, _old: Object | None) -> Causes:
    """Secrets that are named once."""
    seen: set[str] = set()
    for i, secret in enumerate(each(obj, "secrets")):
        if secret.get("name") in seen:
            yield duplicate(f"secrets[{i}].name", secret["name"])
        seen.add(str(secret.get("name")))
