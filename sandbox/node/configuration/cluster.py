"""What the node asks of the API on behalf of its pods, and what volume claims get."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from sandbox.base.client import ApiError, Client, path
from sandbox.base.files import remove_tree
from sandbox.node.configuration.environment import ConfigError, Sources, references

Object = dict[str, Any]


class Cluster:
    """Reads objects at the moment they are needed: a cache could miss a Secret that was created just before
    its pod."""

    def __init__(self, client: Client, volumes: Path) -> None:
        self._client, self._volumes = client, volumes

    async def secret(self, namespace: str, name: str) -> Object | None:
        """The Secret, or None."""
        return await self._find(path("v1", "secrets", namespace, name))

    async def config_map(self, namespace: str, name: str) -> Object | None:
        """The ConfigMap, or None."""
        return await self._find(path("v1", "configmaps", namespace, name))

    async def _find(self, where: str) -> Object | None:
        try:
            return await self._client.get(where)
        except ApiError as error:
            if error.status == 404:
                return None
            raise ConfigError(error.message or str(error)) from error

    async def sources(self, pod: Object, container: Object, known: Sources) -> Sources:
        """``known`` completed with the objects that the container's environment names. Raises ConfigError."""
        namespace = pod["metadata"]["namespace"]
        secrets, config_maps = references(container)
        try:
            services = (await self._client.get(path("v1", "services", namespace))).get("items") or []
        except ApiError as error:
            raise ConfigError(error.message or str(error)) from error
        found_secrets = {name: await self.secret(namespace, name) for name in secrets}
        found_maps = {name: await self.config_map(namespace, name) for name in config_maps}
        return Sources(
            secrets={name: obj for name, obj in found_secrets.items() if obj is not None},
            config_maps={name: obj for name, obj in found_maps.items() if obj is not None},
            services=services,
            api=known.api,
            host_ip=known.host_ip,
            pod_ip=known.pod_ip,
            capacity=known.capacity,
        )

    async def token(self, pod: Object, audience: str, seconds: int) -> str:
        """A ServiceAccount token bound to the pod (TokenRequest). Raises ConfigError."""
        meta = pod["metadata"]
        account = pod["spec"].get("serviceAccountName") or "default"
        wanted: Object = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "expirationSeconds": seconds,
                "boundObjectRef": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": meta["name"],
                    "uid": meta["uid"],
                },
            },
        }
        if audience:
            wanted["spec"]["audiences"] = [audience]
        try:
            where = path("v1", "serviceaccounts", meta["namespace"], account, "token")
            return str((await self._client.create(where, wanted))["status"]["token"])
        except ApiError as error:
            raise ConfigError(f"failed to fetch token: {error.message or error}") from error

    async def claim(self, namespace: str, name: str) -> Path:
        """The directory of a bound PersistentVolumeClaim. ConfigError while it is missing or unbound."""
        found = await self._find(path("v1", "persistentvolumeclaims", namespace, name))
        if found is None:
            raise ConfigError(f'persistentvolumeclaim "{name}" not found')
        if (found.get("status") or {}).get("phase") != "Bound":
            raise ConfigError(f'persistentvolumeclaim "{name}" is not bound')
        directory = self._volumes / namespace / name
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        return directory

    async def reclaim(self, claim: Object) -> None:
        """A claim was deleted: its data go too (reclaim policy Delete)."""
        directory = self._volumes / claim["metadata"]["namespace"] / claim["metadata"]["name"]
        condemned = directory.with_name(f".{directory.name}-{claim['metadata']['uid']}")
        with contextlib.suppress(FileNotFoundError):
            directory.rename(condemned)  # at once, so that a new claim of the name starts empty
            await asyncio.to_thread(remove_tree, condemned)
