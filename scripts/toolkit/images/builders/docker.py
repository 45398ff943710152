"""Docker's client and engine, or whatever answers as they do."""

from __future__ import annotations

import json
import re
from pathlib import Path

from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw
from toolkit.images.builders.builder import Build, Builder, Run, read, usual

_DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")
ENGINE = ("docker", "version", "--format", "{{.Server.Version}}")


def build(wanted: Build, iidfile: Path) -> list[str]:
    """Build an image and keep its id in a file."""
    return ["docker", "build", "--iidfile", str(iidfile), *usual(wanted), str(wanted.context)]


def push(wanted: Build) -> list[str]:
    """Push it; the registry decides its digest."""
    return ["docker", "push", wanted.tagged]


def pushed(output: Raw, wanted: Build) -> str:
    """The image by the digest that its registry gave it, from what `docker push` printed; "" where none is.

    The engine may know it by another: podman by that of a manifest of its own.
    """
    found = _DIGEST.findall(output.reveal())
    return wanted.by(found[-1]) if found else ""


def inspect(image_id: str) -> list[str]:
    """Ask for the digests under which registries know the image."""
    return ["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", image_id]


def inspected(output: Raw, wanted: Build) -> str:
    """The image by digest in this registry, from what `docker image inspect` printed."""
    try:
        digests: list[str] = json.loads(output.reveal().strip().splitlines()[-1]) or []
    except (ValueError, IndexError):
        digests = []
    for digest in digests:
        repository, _, value = digest.rpartition("@")
        if repository == wanted.repository:
            return wanted.by(value)
    raise Failed(f"docker knows no digest of {wanted.repository}: was it pushed?", evidence=output.tail())


def make(wanted: Build, folder: Path, run: Run) -> str:
    """The image by digest. Secrets need BuildKit: where it is not, the client says so itself."""
    more = {"DOCKER_BUILDKIT": "1"} if wanted.secrets else {}
    run(build(wanted, folder / "id"), **more)
    if image := pushed(run(push(wanted)), wanted):
        return image
    return inspected(run.quiet(inspect(read(folder / "id"))), wanted)


ROW = Builder("docker", "docker", make, engine=ENGINE)
