"""Kaniko, which builds in the container that it is started in: its image has the program on PATH.

Flags: https://github.com/chainguard-dev/kaniko#additional-flags
"""

from __future__ import annotations

from pathlib import Path

from toolkit.images.builders.builder import ARGUMENTS, PLATFORM, TARGET, Build, Builder, Run, read
from toolkit.images.registries.reference import host_of, is_loopback

PROGRAM = "executor"


def build(wanted: Build, digestfile: Path) -> list[str]:
    """Build and push; --cleanup leaves the file system as the next build must find it."""
    return [
        *(PROGRAM, "--dockerfile", str(wanted.dockerfile), "--context", f"dir://{wanted.context}"),
        *("--destination", wanted.tagged, "--digest-file", str(digestfile), "--cleanup"),
        *("--label", f"org.opencontainers.image.revision={wanted.commit}"),
        *(word for name, value in wanted.args for word in ("--build-arg", f"{name}={value}")),
        *(("--target", wanted.target) if wanted.target else ()),
        *(("--custom-platform", wanted.platform) if wanted.platform else ()),
        *(("--insecure",) if is_loopback(host_of(wanted.repository)) else ()),
    ]


def make(wanted: Build, folder: Path, run: Run) -> str:
    """The image by digest."""
    run(build(wanted, folder / "digest"))
    return wanted.by(read(folder / "digest"))


ROW = Builder("kaniko", PROGRAM, make, frozenset((ARGUMENTS, TARGET, PLATFORM)), side_by_side=False)
