"""Programs from their Go modules, built once per version and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.kubernetes.node.parts import NotPossible, find
from tests.kubernetes.node.places import Places, version

GO = Path(__file__).with_name("go")

Say = Callable[[str], None]


class Program(NamedTuple):
    """A program: its name, its module, the package in it that is built, and the variable of its version."""

    name: str
    module: str
    package: str
    variable: str

    @property
    def go(self) -> Path:
        """Where its version is pinned."""
        return GO / self.name

    @property
    def pinned(self) -> str:
        """That version, such as v3.19.5."""
        return version(self.go / "go.mod", self.module)


PROGRAMS = {
    each.name: each
    for each in (
        Program("helm", "helm.sh/helm/v3", "/cmd/helm", "helm.sh/helm/v3/internal/version.version"),
        Program(
            "kustomize",
            "sigs.k8s.io/kustomize/kustomize/v5",
            "",
            "sigs.k8s.io/kustomize/api/provenance.version",
        ),
    )
}


def kept(program: Program, places: Places) -> Path:
    """Where it is kept."""
    return places.kept / f"{program.name}-{program.pinned}" / program.name


def command(program: Program, target: Path, go: str) -> list[str]:
    """What builds it. Pure."""
    flags = f"-ldflags=-s -w -X {program.variable}={program.pinned}"
    return [go, "build", "-mod=readonly", flags, "-o", str(target), f"{program.module}{program.package}"]


def build(
    program: Program, places: Places, say: Say = print, look: Callable[[str], str | None] = find
) -> Path:
    """Build it unless it is there; where it is. Raises NotPossible with the end of what Go said."""
    target = kept(program, places)
    if target.exists():
        return target
    go = look("go")
    if go is None:
        raise NotPossible(
            f"{program.name} is built by Go, which is not here. Fix: install Go 1.24 or newer (golang-go)"
        )
    say(f"Building {program.name} {program.pinned} from its Go module: once, 1 to 5 minutes on two cores ...")
    begun = time.monotonic()
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{program.name}-{os.getpid()}")
    ran = subprocess.run(
        command(program, unfinished, go), cwd=program.go, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        said = "\n".join(ran.stderr.strip().splitlines()[-10:])
        raise NotPossible(f"{program.name} {program.pinned} could not be built:\n{said}")
    unfinished.rename(target)
    say(f"built {program.name} ({time.monotonic() - begun:.0f} s)")
    return target


def there(name: str, places: Places) -> Path | None:
    """The program of this machine, else the one that was built; None for neither."""
    if found := shutil.which(name):
        return Path(found)
    target = kept(PROGRAMS[name], places)
    return target if target.exists() else None
