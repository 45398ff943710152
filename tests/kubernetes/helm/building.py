"""Helm from its Go module, built once per version and kept."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.kubernetes.node.parts import NotPossible, find
from tests.kubernetes.node.places import Places, version

GO = Path(__file__).with_name("go")
MODULE = "helm.sh/helm/v3"

Say = Callable[[str], None]


def pinned() -> str:
    """The version of Helm that is pinned, such as v3.19.5."""
    return version(GO / "go.mod", MODULE)


def program(places: Places) -> Path:
    """Where it is kept."""
    return places.kept / f"helm-{pinned()}" / "helm"


def command(target: Path, go: str) -> list[str]:
    """What builds it. Pure."""
    flags = f"-ldflags=-s -w -X {MODULE}/internal/version.version={pinned()}"
    return [go, "build", "-mod=readonly", flags, "-o", str(target), f"{MODULE}/cmd/helm"]


def build(places: Places, say: Say = print, look: Callable[[str], str | None] = find) -> Path:
    """Build it unless it is there; where it is. Raises NotPossible with the end of what Go said."""
    target = program(places)
    if target.exists():
        return target
    go = look("go")
    if go is None:
        raise NotPossible("Helm is built by Go, which is not here. Fix: install Go 1.24 or newer (golang-go)")
    say(f"Building Helm {pinned()} from its Go module: once, 1 to 5 minutes on two cores ...")
    begun = time.monotonic()
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".helm-{os.getpid()}")
    ran = subprocess.run(command(unfinished, go), cwd=GO, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = "\n".join(ran.stderr.strip().splitlines()[-10:])
        raise NotPossible(f"Helm {pinned()} could not be built:\n{said}")
    unfinished.rename(target)
    say(f"built Helm ({time.monotonic() - begun:.0f} s)")
    return target
