"""The programs that build images, each with storage of its own: a test leaves nothing on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

STORAGE = """[storage]
driver = "vfs"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""
CONTAINERS = """[engine]
events_logger = "file"
"""
STARTS_SECONDS = 60.0


def needed(*programs: str) -> None:
    """Skip where a program is missing, by its name."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not on this machine")


def environment(folder: Path) -> dict[str, str]:
    """What podman and buildah need to keep everything below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    (folder / "containers.conf").write_text(CONTAINERS)
    return {
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "BUILDAH_ISOLATION": "chroot",
    }


@contextmanager
def engine(folder: Path, registry: str) -> Iterator[dict[str, str]]:
    """An engine behind Docker's API, for docker's client: podman's, told what Docker's knows by itself, that
    nobody speaks TLS with a registry of this machine."""
    env = environment(folder)
    (folder / "registries.conf").write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
    env["CONTAINERS_REGISTRIES_CONF"] = str(folder / "registries.conf")
    socket = folder / "engine.sock"
    argv = ["podman", "system", "service", "--time", "0", f"unix://{socket}"]
    log = folder / "engine.log"
    with log.open("wb") as file:
        served = subprocess.Popen(argv, env={**os.environ, **env}, stdout=file, stderr=file)
        try:
            deadline = time.monotonic() + STARTS_SECONDS
            while not socket.exists():
                assert served.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(folder / "docker"), **env}
        finally:
            served.terminate()
            served.wait(30)


def buildx_is_here() -> bool:
    """Whether docker's client has the plugin."""
    if not shutil.which("docker"):
        return False
    ran = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False, timeout=60)
    return ran.returncode == 0
