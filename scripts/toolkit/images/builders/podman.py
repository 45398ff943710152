"""Podman and Buildah, which need no daemon: the same commands, by two names."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from toolkit.images.builders.builder import Build, Builder, Run, read, usual
from toolkit.images.registries.reference import host_of, is_loopback


def build(program: str, wanted: Build) -> list[str]:
    """Build an image."""
    return [program, "build", *usual(wanted), str(wanted.context)]


def push(program: str, wanted: Build, digestfile: Path) -> list[str]:
    """Push it, and write the digest down; without TLS to a registry of this machine only."""
    plain = ("--tls-verify=false",) if is_loopback(host_of(wanted.repository)) else ()
    return [program, "push", *plain, "--digestfile", str(digestfile), wanted.tagged]


def make(program: str, wanted: Build, folder: Path, run: Run) -> str:
    """The image by digest."""
    run(build(program, wanted))
    run(push(program, wanted, folder / "digest"))
    return wanted.by(read(folder / "digest"))


PODMAN = Builder("podman", "podman", partial(make, "podman"))
BUILDAH = Builder("buildah", "buildah", partial(make, "buildah"))
