"""Pods and pod templates: pkg/apis/core/validation/validation.go of Kubernetes, for what the sandbox acts
on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import (
    Causes,
    at_least,
    duplicate,
    forbidden,
    invalid,
    one_of,
    required,
)
from sandbox.api.validation.rules.containers import check_containers
from sandbox.api.validation.rules.metadata import check_annotations, check_labels
from sandbox.base.copying import copied

Object = dict[str, Any]
RESTART = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_MAY_CHANGE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def check_pod(obj: Object, old: Object | None) -> Causes:
    """A Pod; once made, little of its spec may change. A node, once given, stays."""
    if "spec" not in obj:
        yield required("spec")
        return
    yield from check_pod_spec("spec", section(obj, "spec"))
    if old is None:
        return
    before, after = _comparable(old), _comparable(obj)
    if not before.get("nodeName"):
        after.pop("nodeName", None)
    if before != after:
        differing = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        yield forbidden("spec", f"{_MAY_CHANGE}; changed: {', '.join(f'spec.{key}' for key in differing)}")
    known = section(old, "spec").get("tolerations") or []
    if any(toleration not in (section(obj, "spec").get("tolerations") or []) for toleration in known):
        yield forbidden(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )


def _comparable(pod: Object) -> Object:
    """The spec without what an update may change."""
    spec = copied(section(pod, "spec"))
    for kind in ("containers", "initContainers"):
        for container in each(spec, kind):
            container.pop("image", None)
    for field in ("activeDeadlineSeconds", "tolerations", "ephemeralContainers", "schedulingGates"):
        spec.pop(field, None)
    return spec


def check_template(path: str, template: Object, restart: Collection[str] = RESTART) -> Causes:
    """A pod template; `restart` are the restart policies that its owner can work with."""
    yield from check_labels(f"{path}.metadata.labels", section(template, "metadata", "labels"))
    yield from check_annotations(f"{path}.metadata.annotations", section(template, "metadata", "annotations"))
    yield from check_pod_spec(f"{path}.spec", section(template, "spec"), restart)


def check_pod_spec(path: str, spec: Object, restart: Collection[str] = RESTART) -> Causes:
    """What a Pod and a template have in common."""
    volumes = {volume["name"] for volume in each(spec, "volumes") if volume.get("name")}
    yield from _check_volumes(path, each(spec, "volumes"))
    yield from check_containers(path, spec, volumes)
    yield from one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), restart)
    yield from one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS)
    yield from at_least(f"{path}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline < 2**31:
        yield invalid(
            f"{path}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive"
        )
    account = spec.get("serviceAccountName")
    if account:
        yield from (invalid(f"{path}.serviceAccountName", account, why) for why in names.subdomain(account))
    yield from check_labels(f"{path}.nodeSelector", section(spec, "nodeSelector"))


def _check_volumes(path: str, volumes: list[Object]) -> Causes:
    seen: set[str] = set()
    for i, volume in enumerate(volumes):
        at = f"{path}.volumes[{i}]"
        name = volume.get("name")
        if not name:
            yield required(f"{at}.name")
        else:
            yield from (invalid(f"{at}.name", name, why) for why in names.label(name))
        if name in seen:
            yield duplicate(f"{at}.name", name)
        seen.add(str(name))
        sources = [key for key in volume if key != "name"]
        if not sources:
            yield required(at, "must specify a volume type")
        for extra in sources[1:]:
            yield forbidden(f"{at}.{extra}", "may not specify more than 1 volume type")
        for kind, field in (
            ("secret", "secretName"),
            ("configMap", "name"),
            ("persistentVolumeClaim", "claimName"),
        ):
            if kind in volume and not section(volume, kind).get(field):
                yield required(f"{at}.{kind}.{field}")
