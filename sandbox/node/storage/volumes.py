"""A pod's volumes as directories, and the mounts that show them to its containers.

emptyDir, configMap, secret, projected (with service account tokens), downwardAPI and persistentVolumeClaim.
Any other kind is refused by name: the sandbox does not pretend to have a disk, a driver or a node's file
system to give.
"""

from __future__ import annotations

import base64
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox.node.configuration.environment import ConfigError, Sources, pod_field, resource_field
from sandbox.node.storage.root import Mount

Object = dict[str, Any]


class VolumeError(Exception):
    """A volume cannot be set up; the text is the message of the FailedMount event."""


class Cluster(Protocol):
    """What volumes ask of the API."""

    async def secret(self, namespace: str, name: str) -> Object | None: ...
    async def config_map(self, namespace: str, name: str) -> Object | None: ...
    async def token(self, pod: Object, audience: str, seconds: int) -> str: ...
    async def claim(self, namespace: str, name: str) -> Path: ...


@dataclass(frozen=True)
class Content:
    """One file of a volume made from objects."""

    data: bytes
    mode: int


def mounts_of(container: Object, directories: dict[str, Path], expand: dict[str, str]) -> list[Mount]:
    """What a container's volumeMounts show. Raises ConfigError for a mount without its volume or subPath."""
    mounts = []
    for wanted in container.get("volumeMounts") or ():
        source = directories.get(wanted["name"])
        if source is None:
            raise ConfigError(f'volume "{wanted["name"]}" of container "{container["name"]}" is not declared')
        below = wanted.get("subPath") or ""
        for name, value in expand.items():
            below = below.replace(f"$({name})", value) if wanted.get("subPathExpr") else below
        if ".." in below.split("/") or below.startswith("/"):
            raise ConfigError(f"subPath {below!r} must be relative and may not contain ..")
        source = source / below if below else source
        if not source.exists():
            source.mkdir(parents=True, exist_ok=True)
        mounts.append(Mount(wanted["mountPath"], source))
    return mounts


async def set_up(pod: Object, volume: Object, directory: Path, cluster: Cluster, sources: Sources) -> Path:
    """Make one volume (or bring it up to date) and return its directory. Raises VolumeError."""
    name = volume["name"]
    kind = next((key for key in volume if key != "name"), "emptyDir")
    try:
        if kind == "emptyDir":
            directory.mkdir(parents=True, exist_ok=True)
            return directory
        if kind == "persistentVolumeClaim":
            return await cluster.claim(pod["metadata"]["namespace"], volume[kind]["claimName"])
        if kind not in ("configMap", "secret", "projected", "downwardAPI"):
            raise VolumeError(
                f'volume "{name}": {kind} volumes are not supported by the sandbox; use emptyDir, '
                "configMap, secret, projected, downwardAPI or persistentVolumeClaim"
            )
        parts = volume[kind]["sources"] if kind == "projected" else [{kind: volume[kind]}]
        content: dict[str, Content] = {}
        for part in parts:
            content |= await _content(pod, part, volume[kind].get("defaultMode") or 0o644, cluster, sources)
        write(directory, content)
        return directory
    except (ConfigError, OSError) as error:
        raise VolumeError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from error


async def _content(
    pod: Object, part: Object, mode: int, cluster: Cluster, sources: Sources
) -> dict[str, Content]:
    kind, source = next(iter(part.items()))
    mode = source.get("defaultMode") or mode
    namespace = pod["metadata"]["namespace"]
    if kind == "serviceAccountToken":
        token = await cluster.token(
            pod, source.get("audience", ""), int(source.get("expirationSeconds") or 3600)
        )
        return {source["path"]: Content(token.encode(), 0o600)}
    if kind == "downwardAPI":
        return {item["path"]: _downward(pod, item, mode, sources) for item in source.get("items") or ()}
    if kind not in ("secret", "configMap"):
        raise ConfigError(f"projected source {kind} is not supported by the sandbox")
    name = source.get("secretName") or source.get("name") or ""
    found = await (cluster.secret if kind == "secret" else cluster.config_map)(namespace, name)
    if found is None:
        if source.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{name}" not found')
    values = {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}
    if kind == "secret":
        values |= {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
    else:
        values |= {key: value.encode() for key, value in (found.get("data") or {}).items()}
    if not source.get("items"):
        return {key: Content(value, mode) for key, value in values.items()}
    chosen = {}
    for item in source["items"]:
        if item["key"] not in values:
            if source.get("optional"):
                continue
            raise ConfigError(f"references non-existent {kind.lower()} key: {item['key']}")
        chosen[item["path"]] = Content(values[item["key"]], item.get("mode") or mode)
    return chosen


def _downward(pod: Object, item: Object, mode: int, sources: Sources) -> Content:
    if "fieldRef" in item:
        text = pod_field(pod, item["fieldRef"].get("fieldPath", ""), sources)
    else:
        text = resource_field(pod, pod["spec"]["containers"][0], item["resourceFieldRef"], sources)
    return Content(text.encode(), item.get("mode") or mode)


def write(directory: Path, content: dict[str, Content]) -> None:
    """Replace the volume's files all at once, as the kubelet does: ..data points to a directory of the new
    ones."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in content:
        if path.startswith("/") or ".." in path.split("/"):
            raise ConfigError(f"{path}: must be relative and may not contain ..")
    if _same(directory, content):
        return
    fresh = directory / f"..{os.urandom(6).hex()}"
    for path, one in content.items():
        target = fresh / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(one.mode)
        target.write_bytes(one.data)
        target.chmod(one.mode)
    fresh.mkdir(exist_ok=True)
    pointer, old = directory / "..data", directory / "..data_tmp"
    previous = pointer.readlink() if pointer.is_symlink() else None
    old.unlink(missing_ok=True)
    old.symlink_to(fresh.name)
    old.replace(pointer)
    wanted = {path.split("/")[0] for path in content}
    for entry in list(directory.iterdir()):
        if not entry.name.startswith("..") and entry.name not in wanted:
            entry.unlink()
    for name in wanted:
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(Path("..data") / name)
    if previous is not None:
        shutil.rmtree(directory / previous, ignore_errors=True)


def _same(directory: Path, content: dict[str, Content]) -> bool:
    data = directory / "..data"
    if not data.is_dir():
        return False
    there = {str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()}
    return there == {path: one.data for path, one in content.items()}
