"""The commands that build an image or ask for one, per builder, and how their answers are read. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw
from toolkit.cluster.diagnosis import signs
from toolkit.cluster.diagnosis.finding import Cause
from toolkit.settings.sandbox import told

_DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")


@dataclass(frozen=True)
class Build:
    """One image to build: paths are absolute, tag is the version (never `latest`: it names nothing)."""

    name: str
    dockerfile: Path
    context: Path
    tag: str
    commit: str


class Asked(NamedTuple):
    """What is known of an image. why says what keeps it from being had, "" when it is there; unless is_known
    it is only that nobody could be asked."""

    why: str = ""
    is_known: bool = True


def sandbox(build: Build, state: Path) -> list[str]:
    """Build with the embedded cluster's own builder; the last line it prints is JSON."""
    where = ("--file", str(build.dockerfile), "--context", str(build.context))
    return told(state, "build", "--name", build.name, *where)


def sandbox_answer(output: Raw) -> tuple[str, bool]:
    """(image by digest, whether it was there already) from what the sandbox's builder printed."""
    for line in reversed(output.lines()):
        if line.startswith("{"):
            try:
                answer: dict[str, Any] = json.loads(line)
                return _by_digest(str(answer["image"])), bool(answer.get("reused", False))
            except (ValueError, KeyError):
                break
    raise Failed("the sandbox's builder did not say which image it built", evidence=output.tail())


def sandbox_images(refs: Iterable[str], state: Path) -> list[str]:
    """Ask the embedded cluster which of these images it has; the last line it prints is JSON."""
    return told(state, "images", "--json", "--", *refs)


def sandbox_has(output: Raw) -> dict[str, Asked]:
    """What it says of each reference."""
    for line in reversed(output.lines()):
        if line.startswith("{"):
            try:
                rows: dict[str, dict[str, str]] = json.loads(line)["images"]
                return {
                    ref: Asked("" if row["state"] == "present" else row["why"], row["state"] != "unknown")
                    for ref, row in rows.items()
                }
            except (ValueError, KeyError, TypeError, AttributeError):
                break
    raise Failed("the sandbox did not say which images it has", evidence=output.tail())


def docker_manifest(ref: str) -> list[str]:
    """Ask an image's registry for its manifest; plain HTTP goes to this machine only."""
    host = ref.partition("/")[0].partition(":")[0]
    here = host == "localhost" or host.startswith("127.")
    return ["docker", "manifest", "inspect", *(["--insecure"] if here else []), ref]


def docker_has(code: int, output: Raw) -> Asked:
    """What the registry says, from how `docker manifest inspect` ended."""
    if code == 0:
        return Asked()
    said = " ".join((output.reveal().strip().splitlines() or [f"exit code {code}"])[-1].split())
    if "no such manifest" in said or signs.pull_failure(said) is Cause.IMAGE:
        return Asked(f"does not exist ({said})")
    return Asked(f"its registry could not be asked: {said}", is_known=False)


def docker_tag(build: Build, registry: str) -> str:
    """The name that is pushed: <registry>/<name>:<tag>."""
    return f"{registry.rstrip('/')}/{build.name}:{build.tag}"


def docker_build(build: Build, registry: str, iidfile: Path) -> list[str]:
    """Build an image and keep its id in a file."""
    return [
        *("docker", "build", "--file", str(build.dockerfile), "--iidfile", str(iidfile)),
        *("--tag", docker_tag(build, registry)),
        *("--label", f"org.opencontainers.image.revision={build.commit}"),
        str(build.context),
    ]


def docker_push(build: Build, registry: str) -> list[str]:
    """Push it; the registry decides its digest."""
    return ["docker", "push", docker_tag(build, registry)]


def docker_pushed(output: Raw, build: Build, registry: str) -> str:
    """The image by the digest that its registry gave it, from what `docker push` printed; "" where none is.

    The engine may know it by another: podman by that of a manifest of its own.
    """
    found = _DIGEST.findall(output.reveal())
    return f"{docker_tag(build, registry).rpartition(':')[0]}@{found[-1]}" if found else ""


def docker_inspect(image_id: str) -> list[str]:
    """Ask for the digests under which registries know the image."""
    return ["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", image_id]


def docker_answer(output: Raw, build: Build, registry: str) -> str:
    """The image by digest in this registry, from what `docker image inspect` printed."""
    repository = docker_tag(build, registry).rpartition(":")[0]
    try:
        digests: list[str] = json.loads(output.reveal().strip().splitlines()[-1]) or []
    except (ValueError, IndexError):
        digests = []
    for digest in digests:
        if digest.rpartition("@")[0] == repository:
            return _by_digest(digest)
    raise Failed(f"docker knows no digest of {repository}: was it pushed?", evidence=output.tail())


def _by_digest(image: str) -> str:
    if "@sha256:" not in image:
        raise Failed(f"the builder answered with {image!r}, which is not named by digest")
    return image
