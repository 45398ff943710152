"""The start of one attempt of a container, with a kubelet's waiting reasons and events on the way."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.base.client import ApiError
from sandbox.base.files import remove_tree, write_atomically
from sandbox.images.keeping.store import Image
from sandbox.node.configuration.environment import ConfigError
from sandbox.node.containers import pulling
from sandbox.node.containers.attempts import Attempts
from sandbox.node.containers.home import Home
from sandbox.node.containers.prepare import ImageError, find_image, prepare
from sandbox.node.containers.termination import Ending
from sandbox.node.processes.process import Process, StartError
from sandbox.node.reporting.status import ContainerView, waiting

Object = dict[str, Any]
RETRY_SECONDS = 10.0  # kubelet: backOffPeriod, before a container that cannot be configured is tried again
QUICK_SECONDS = 1.0  # how long ErrImagePull shows before it becomes ImagePullBackOff


@dataclass
class Starter:
    """Tries to start the next attempt of one container. ``label`` names the container in events."""

    home: Home
    spec: Object
    label: str
    view: ContainerView
    attempts: Attempts
    ending: Ending
    image: Image | None = None

    async def start(self) -> Process | None:
        """The started process, or None after waiting for what is missing (then it is to be tried again).

        Raises StartError for a program that cannot run: that attempt has happened and counts.
        """
        if not self.view.state:
            self.view.state = waiting("ContainerCreating")
        image = await self._pull()
        if image is None:
            return None
        self.image, self.view.image_id = image, image.reference
        directory, home = self.attempts.fresh(), self.home
        await self.pause(home.slowness.start())
        try:
            launch = await prepare(
                home.pod, self.spec, image, directory, home.volumes, home.cluster, home.sources()
            )
            if self.ending.kill is not None:  # the pod is to end
                return None
            self._created(directory)
            process = await Process.start(
                directory, file=launch.file, argv=launch.argv, env=launch.env, cwd=launch.cwd
            )
        except StartError as error:
            self._created(directory)
            home.event("Warning", "Failed", f"Error: {error}", self.label)
            raise
        except (ConfigError, ApiError) as error:
            await self._could_not_create("CreateContainerConfigError", str(error), directory)
            return None
        except (OSError, TimeoutError) as error:
            await self._could_not_create("CreateContainerError", str(error) or "timed out", directory)
            return None
        home.event("Normal", "Started", f"Started container {self.spec['name']}", self.label)
        return process

    def _created(self, directory: Path) -> None:
        """From here on this attempt counts, also for a node that takes over."""
        if self.attempts.latest == int(directory.name):
            return
        self.attempts.use(directory)
        self.view.restarts = self.attempts.latest
        self.view.container_id = f"sandbox://{uuid.uuid4().hex}{uuid.uuid4().hex}"
        view = self.view
        record = {
            "container_id": view.container_id, "image_id": view.image_id, "last_state": view.last_state,
        }  # fmt: skip
        write_atomically(directory / "record.json", json.dumps(record))
        self.home.event("Normal", "Created", f"Created container: {self.spec['name']}", self.label)

    async def _pull(self) -> Image | None:
        """The image, or None after the time that a kubelet would let pass before it tries again."""
        name = self.spec.get("image", "")
        try:
            image = find_image(self.home.store, self.spec)
        except ImageError as error:
            if error.reason != "ErrImagePull" or not pulling.is_asked(name):
                await self._no_image(name, error)
                return None
        else:
            await self._there(name)
            return image
        try:
            await self.pause(self.home.slowness.pull())
            image = await pulling.pull(self.home, self.spec)
        except ImageError as error:
            await self._no_image(name, error)
            return None
        self.home.event("Normal", "Pulling", f'Pulling image "{name}"', self.label)
        self.home.event("Normal", "Pulled", f'Successfully pulled image "{name}"', self.label)
        return image

    async def _there(self, name: str) -> None:
        """An image that was built here: a slow node takes its time over it all the same, once."""
        slowness = self.home.slowness
        if slowness.has_to_pull(name, str(self.spec.get("imagePullPolicy"))):
            self.home.event("Normal", "Pulling", f'Pulling image "{name}"', self.label)
            await self.pause(slowness.pull())
            self.home.event("Normal", "Pulled", f'Successfully pulled image "{name}"', self.label)
            return
        text = f'Container image "{name}" already present on machine'
        self.home.event("Normal", "Pulled", text, self.label)

    async def _no_image(self, name: str, error: ImageError) -> None:
        tried = error.reason == "ErrImagePull"
        if tried:
            self.home.event("Normal", "Pulling", f'Pulling image "{name}"', self.label)
            await self.pause(self.home.slowness.pull())
        message = f'Failed to pull image "{name}": {error}' if tried else str(error)
        self.home.event("Warning", error.event, message, self.label)
        self._waits(error.reason, str(error))
        self.home.event("Warning", "Failed", f"Error: {error.reason}", self.label)
        retry = RETRY_SECONDS * self.home.scale
        if not tried:
            await self.pause(retry)
            return
        wait = self.home.pull_backoff.failed(time.monotonic()) or retry
        quick = min(QUICK_SECONDS, wait / 2)
        await self.pause(quick)
        self.home.event("Normal", "BackOff", f'Back-off pulling image "{name}"', self.label)
        self.home.event("Warning", "Failed", "Error: ImagePullBackOff", self.label)
        self._waits("ImagePullBackOff", f'Back-off pulling image "{name}": ErrImagePull: {error}')
        await self.pause(wait - quick)

    async def _could_not_create(self, reason: str, message: str, directory: Path) -> None:
        """Nothing ran: the attempt does not count, and is tried again when something changes or after a
        while."""
        await asyncio.to_thread(remove_tree, directory)
        self.home.event("Warning", "Failed", f"Error: {message}", self.label)
        self._waits(reason, message)
        await self.home.something_new(RETRY_SECONDS * self.home.scale, self.ending.asked)

    def _waits(self, reason: str, message: str) -> None:
        self.view.state = waiting(reason, message)
        self.home.changed()

    async def pause(self, seconds: float) -> None:
        """Sleep, unless the container is told to end."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self.ending.asked.wait()
        except TimeoutError:
            return
