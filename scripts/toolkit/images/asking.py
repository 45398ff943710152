"""Whether images can be built and pushed from here: Docker's client, its engine, and the registry."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import urllib3

from toolkit.base import tools
from toolkit.base.outcome import PipelineError
from toolkit.settings.model import Cluster

SECONDS = 10.0
ENGINE = ["docker", "version", "--format", "{{.Server.Version}}"]


def of_docker(cluster: Cluster) -> Iterator[tuple[bool | None, str, str]]:
    """(whether it is well, what was seen, the fix); None for what is only good to know."""
    if not shutil.which("docker"):
        yield False, "docker is not here, which builds the images for this cluster", "install Docker's client"
        return
    try:
        ran = tools.run(ENGINE, check=False, echo=False, timeout=SECONDS)
        version = ran.output.strip().splitlines()[-1] if ran.code == 0 and ran.output.strip() else ""
    except PipelineError:
        version = ""
    if version:
        yield True, f"docker is here, and its engine answers ({version})", ""
    else:
        yield False, "docker is here, and its engine does not answer", "start it; `docker version` says why"
    registry = cluster.registry.text() if cluster.registry else ""
    if registry:
        yield _of_registry(registry.split("/")[0])


def _of_registry(host: str) -> tuple[bool | None, str, str]:
    """Any answer is one: whether it lets us push, only a push tells."""
    local = host.split(":")[0] in ("localhost", "127.0.0.1")
    address = f"{'http' if local else 'https'}://{host}/v2/"
    try:
        with urllib3.PoolManager(retries=False, timeout=SECONDS / 2) as pool:
            pool.request("GET", address)
    except urllib3.exceptions.HTTPError as error:
        return (
            None,
            f"the registry {host} did not answer from here ({type(error).__name__}); the engine may reach it",
            "",
        )
    return True, f"the registry {host} answers", ""
