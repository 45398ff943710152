"""/api, /apis and below, /version: what a client reads to find out what it can ask for. Pure."""

from __future__ import annotations

import platform
from typing import Any

from sandbox.api.wire.status import no_such_path
from sandbox.base.kinds import Catalogue, KindInfo

# The version whose behaviour is followed; clients compare it with their own.
VERSION = ("1", "32", "v1.32.0+sandbox")
_SUBRESOURCES: dict[str, tuple[str, tuple[str, ...], tuple[str, str] | None]] = {
    "status": ("", ("get", "patch", "update"), None),
    "scale": ("Scale", ("get", "patch", "update"), ("autoscaling", "v1")),
    "binding": ("Binding", ("create",), None),
    "eviction": ("Eviction", ("create",), ("policy", "v1")),
    "token": ("TokenRequest", ("create",), ("authentication.k8s.io", "v1")),
    "finalize": ("", ("update",), None),
    "log": ("", ("get",), None),
    "proxy": ("{}ProxyOptions", ("create", "delete", "get", "patch", "update"), None),
    "exec": ("PodExecOptions", ("create", "get"), None),
    "attach": ("PodAttachOptions", ("create", "get"), None),
    "portforward": ("PodPortForwardOptions", ("create", "get"), None),
}


def _groups(kinds: Catalogue) -> dict[str, list[str]]:
    """Versions of each named group, in the order of kinds.py."""
    groups: dict[str, list[str]] = {}
    for info in kinds:
        if info.group and info.version not in groups.setdefault(info.group, []):
            groups[info.group].append(info.version)
    return groups


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    spelled = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": spelled, "preferredVersion": spelled[0]}


def document(path: str, host: str, kinds: Catalogue) -> dict[str, Any] | None:
    """The discovery document at a path, None when that is none. Raises 404 for an unknown group."""
    match path.strip("/").split("/"):
        case ["version"]:
            return version()
        case ["api"]:
            addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
        case ["api", "v1"]:
            return resources("", "v1", kinds)
        case ["apis"]:
            groups = [_group(name, versions) for name, versions in _groups(kinds).items()]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["apis", group]:
            if group not in _groups(kinds):
                raise no_such_path()
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, _groups(kinds)[group])}
        case ["apis", group, version_]:
            if version_ not in _groups(kinds).get(group, ()):
                raise no_such_path()
            return resources(group, version_, kinds)
    return None


def resources(group: str, version: str, kinds: Catalogue) -> dict[str, Any]:
    """The APIResourceList of one group and version."""
    listed: list[dict[str, Any]] = []
    for info in kinds:
        if (info.group, info.version) == (group, version):
            listed.append(_resource(info))
            listed += [_subresource(info, name) for name in info.subresources]
    group_version = f"{group}/{version}" if group else version
    listed.sort(key=lambda one: str(one["name"]))
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _resource(info: KindInfo) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": info.plural,
        "singularName": info.singular,
        "namespaced": info.namespaced,
        "kind": info.kind,
        "verbs": list(info.verbs),
    }
    if info.short_names:
        made["shortNames"] = list(info.short_names)
    if info.categories:
        made["categories"] = list(info.categories)
    return made


def _subresource(info: KindInfo, name: str) -> dict[str, Any]:
    kind, verbs, group_version = _SUBRESOURCES[name]
    made: dict[str, Any] = {
        "name": f"{info.plural}/{name}",
        "singularName": "",
        "namespaced": info.namespaced,
    }
    if group_version:
        made["group"], made["version"] = group_version
    return {**made, "kind": kind.format(info.kind) or info.kind, "verbs": list(verbs)}


def version() -> dict[str, Any]:
    """What `kubectl version` shows of the server."""
    major, minor, full = VERSION
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {
        "major": major,
        "minor": minor,
        "gitVersion": full,
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": f"linux/{machine}",
    }
