"""From a container's specification to a program that can be started: image, environment, root, command."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.images.keeping.references import InvalidReference, parse
from sandbox.images.keeping.store import Image, ImageNotFound, Store
from sandbox.node.configuration.cluster import Cluster
from sandbox.node.configuration.environment import ConfigError, Sources, construct, expand
from sandbox.node.processes.process import StartError
from sandbox.node.storage import root as roots
from sandbox.node.storage.volumes import mounts_of

Object = dict[str, Any]


class ImageError(Exception):
    """The image cannot be had: ``reason`` is the waiting reason, the text its message; ``event`` names the
    event that tells of it, and ``retry`` whether trying again can help."""

    def __init__(self, reason: str, message: str, event: str) -> None:
        super().__init__(message)
        self.reason, self.event = reason, event


@dataclass(frozen=True)
class Launch:
    """Everything `Process.start` needs, and the image's own settings that matter later."""

    file: str
    argv: list[str]
    env: dict[str, str]
    cwd: Path


def find_image(store: Store, container: Object) -> Image:
    """The container's image from the store. Raises ImageError with the kubelet's reasons and words."""
    name = container.get("image") or ""
    try:
        parse(name)
    except InvalidReference as error:
        message = f'Failed to apply default image tag "{name}": {error}'
        raise ImageError("InvalidImageName", message, "InspectFailed") from error
    try:
        return store.find(name)
    except ImageNotFound as error:
        if container.get("imagePullPolicy") == "Never":
            message = f'Container image "{name}" is not present with pull policy of Never'
            raise ImageError("ErrImageNeverPull", message, "ErrImageNeverPull") from error
        message = f"rpc error: code = NotFound desc = {error}"
        raise ImageError("ErrImagePull", message, "Failed") from error
    except (OSError, ValueError, KeyError) as error:
        message = f'Failed to inspect image "{name}": {error}'
        raise ImageError("ImageInspectError", message, "InspectFailed") from error


async def prepare(
    pod: Object, container: Object, image: Image, directory: Path, volumes: dict[str, Path], cluster: Cluster,
    known: Sources,
) -> Launch:  # fmt: skip
    """Lay out the container in ``directory``/root and work out what to run.

    Raises ConfigError (it cannot be configured yet), StartError (its program cannot run) or OSError.
    """
    sources = await cluster.sources(pod, container, known)
    given = construct(pod, container, sources)
    root = directory / "root"
    mounts = mounts_of(container, volumes, given)
    argv = command_of(container, image.config, given)
    if not argv:
        raise ConfigError("no command specified: the image has neither ENTRYPOINT nor CMD")
    await asyncio.to_thread(roots.build, root, image.rootfs, mounts)
    env = roots.process_environment(root, image.config.get("env") or {}, given, pod["metadata"]["name"])
    workdir = container.get("workingDir") or image.config.get("workdir") or "/"
    cwd = roots.inside(root, workdir)
    cwd.mkdir(parents=True, exist_ok=True)
    message = roots.inside(root, container.get("terminationMessagePath") or "/dev/termination-log")
    message.parent.mkdir(parents=True, exist_ok=True)
    message.touch()
    return Launch(roots.program(root, argv[0], env, cwd), argv, env, cwd)


def command_of(container: Object, image: Mapping[str, Any], env: Mapping[str, str]) -> list[str]:
    """What to run. ``command`` replaces the image's ENTRYPOINT and drops its CMD; ``args`` replaces CMD.

    https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
    """
    entrypoint, arguments = container.get("command") or [], container.get("args") or []
    if not entrypoint:
        entrypoint = image.get("entrypoint") or []
        arguments = arguments or image.get("cmd") or []
        shown = [expand(word, env) for word in container.get("args") or ()] or list(arguments)
        return [*entrypoint, *shown]
    return [expand(word, env) for word in [*entrypoint, *arguments]]


def program_in(root: Path, env: Mapping[str, str], cwd: Path, name: str) -> str:
    """The file behind a command that is run inside a container (exec probes and hooks). Raises StartError."""
    if not root.is_dir():
        raise StartError(f"{posixpath.basename(name)}: the container is gone", 128)
    return roots.program(root, name, env, cwd)
