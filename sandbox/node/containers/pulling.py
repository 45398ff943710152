"""Pulls a container's image from a registry on this machine, with the pod's pull secrets."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.images.keeping import registry
from sandbox.images.keeping.references import InvalidReference, parse
from sandbox.images.keeping.store import Image
from sandbox.node.configuration.environment import ConfigError
from sandbox.node.containers.home import Home
from sandbox.node.containers.prepare import ImageError

Object = dict[str, Any]


def is_asked(name: str) -> bool:
    """Whether there is a registry to ask for an image of this name."""
    try:
        return bool(registry.host_of(parse(name)))
    except InvalidReference:
        return False


async def pull(home: Home, container: Object) -> Image:
    """The image, pulled. Raises ImageError with the kubelet's reason and the container runtime's words."""
    name = container["image"]
    credentials = await _credentials(home)
    try:
        digest = await asyncio.to_thread(registry.digest_of, home.store, name, credentials)
    except registry.PullError as error:
        raise ImageError("ErrImagePull", str(error), "Failed") from error
    reference = parse(name)
    return home.store.pulled(reference.name, digest, reference.tag)


async def _credentials(home: Home) -> dict[str, str]:
    """Of the pull secrets that are there; one that is not is told, and the pull tried without it."""
    found: dict[str, str] = {}
    for each in home.pod["spec"].get("imagePullSecrets") or ():
        try:
            secret = await home.cluster.secret(home.pod["metadata"]["namespace"], each["name"])
        except ConfigError:  # the API does not answer now: the next attempt asks again
            secret = None
        if secret is None:
            which = f"Unable to retrieve some image pull secrets ({each['name']})"
            text = f"{which}; attempting to pull the image may not succeed."
            home.event("Warning", "FailedToRetrieveImagePullSecret", text)
            continue
        found |= registry.credentials_of(secret)
    return found
