"""metadata: names, labels, annotations, owners, finalizers
(apimachinery/pkg/api/validation/objectmeta.go)."""

from __future__ import annotations

from typing import Any

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import Causes, forbidden, invalid, required, too_long
from sandbox.base.kinds import by_kind

Object = dict[str, Any]
ANNOTATIONS_BYTES = 256 * 1024
_NAME_RULES: dict[str, names.Check] = {
    "Service": names.dns_1035,
    "Namespace": names.label,
    **dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), names.path_segment),
}


def check_metadata(obj: Object) -> Causes:
    """metadata of any object that is about to be stored."""
    metadata = section(obj, "metadata")
    native = by_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
    kind = native.kind if native else ""  # a custom Service may have any name
    rule = _NAME_RULES.get(kind, names.subdomain)
    name, prefix = metadata.get("name"), metadata.get("generateName")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (invalid("metadata.name", name, why) for why in rule(name))
        if kind == "CronJob" and len(name) > 52:  # 11 more make the names of its Jobs
            yield invalid("metadata.name", name, "must be no more than 52 characters")
    if prefix:
        # The last character will not be the last of the name.
        tried = prefix[:-1] + "a" if prefix.endswith("-") else prefix
        yield from (invalid("metadata.generateName", prefix, why) for why in rule(tried))
    if metadata.get("namespace"):
        yield from (
            invalid("metadata.namespace", metadata["namespace"], why)
            for why in names.label(metadata["namespace"])
        )
    yield from check_labels("metadata.labels", section(metadata, "labels"))
    yield from check_annotations("metadata.annotations", section(metadata, "annotations"))
    yield from _check_owners(metadata)
    for finalizer in metadata.get("finalizers") or ():
        yield from (invalid("metadata.finalizers", finalizer, why) for why in names.qualified(finalizer))


def check_labels(path: str, labels: Object) -> Causes:
    """Keys and values of labels."""
    for key, value in labels.items():
        yield from (invalid(path, key, why) for why in names.qualified(key))
        yield from (invalid(path, value, why) for why in names.label_value(value))


def check_label_selector(path: str, selector: Object) -> Causes:
    """matchLabels and matchExpressions, as far as their meaning depends on it."""
    yield from check_labels(f"{path}.matchLabels", section(selector, "matchLabels"))
    for i, term in enumerate(each(selector, "matchExpressions")):
        at, operator = f"{path}.matchExpressions[{i}]", term.get("operator")
        yield from (
            invalid(f"{at}.key", term.get("key", ""), why) for why in names.qualified(term.get("key", ""))
        )
        if operator in ("In", "NotIn"):
            if not term.get("values"):
                yield required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in ("Exists", "DoesNotExist"):
            if term.get("values"):
                yield forbidden(
                    f"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                )
        else:
            yield invalid(f"{at}.operator", operator or "", "not a valid selector operator")


def check_annotations(path: str, annotations: Object) -> Causes:
    """Keys of annotations, and the size of all of them."""
    for key in annotations:
        yield from (invalid(path, key, why) for why in names.qualified(key.lower()))
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_BYTES:
        yield too_long(path, ANNOTATIONS_BYTES)


def _check_owners(metadata: Object) -> Causes:
    controllers = 0
    for i, owner in enumerate(each(metadata, "ownerReferences")):
        path = f"metadata.ownerReferences[{i}]"
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield invalid(f"{path}.{field}", owner.get(field, ""), "must not be empty")
        controllers += owner.get("controller") is True
    if controllers > 1:
        yield invalid("metadata.ownerReferences", "", "Only one reference can have Controller set to true")


def check_metadata_update(new: Object, old: Object) -> Causes:
    """Once deleted, an object may lose finalizers but not gain any."""
    before, after = section(old, "metadata"), section(new, "metadata")
    if before.get("deletionTimestamp"):
        added = [f for f in after.get("finalizers") or () if f not in (before.get("finalizers") or ())]
        if added:
            found = ", ".join(f'"{name}"' for name in added)
            why = "no new finalizers can be added if the object is being deleted"
            told = f"{why}, found new finalizers []string{{{found}}}"
            yield forbidden("metadata.finalizers", told)
