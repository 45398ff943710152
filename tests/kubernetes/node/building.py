"""Kubernetes from its Go module, built once per version and kept."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.kubernetes.node.parts import NotPossible, find
from tests.kubernetes.node.places import GO, Places

PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
PAUSE, DNS = "pause", "coredns"

Say = Callable[[str], None]


def commands(version: str, target: Path, go: str) -> dict[str, list[str]]:
    """What builds each program, by its name. Pure."""
    minor = version.split(".")[1]
    base = "k8s.io/component-base/version"
    said = {"gitVersion": version, "gitMajor": "1", "gitMinor": minor, "gitTreeState": "clean"}
    flags = " ".join(["-s -w", *(f"-X {base}.{name}={value}" for name, value in said.items())])
    build = [go, "build", "-mod=readonly"]
    made = {
        name: [*build, f"-ldflags={flags}", "-o", str(target / name), f"k8s.io/kubernetes/cmd/{name}"]
        for name in PROGRAMS
    }
    small = "-ldflags=-s -w"
    return {
        **made,
        DNS: [go, "build", "-C", "dns", "-mod=readonly", small, "-o", str(target / DNS), "."],
        PAUSE: [*build, small, "-o", str(target / PAUSE), "./pause"],
    }


def is_built(places: Places, version: str) -> bool:
    """Whether all of it was built before."""
    target = places.programs(version)
    return all((target / name).exists() for name in (*PROGRAMS, DNS, PAUSE))


def build(places: Places, version: str, say: Say) -> None:
    """Build what is not there yet. Raises NotPossible with the end of what Go said."""
    target = places.programs(version)
    target.mkdir(parents=True, exist_ok=True)
    wanted = {
        name: argv
        for name, argv in commands(version, target, find("go") or "go").items()
        if not (target / name).exists()
    }
    if len(wanted) > 1:
        say(f"Building Kubernetes {version} from its Go modules: once, 6 to 12 minutes on two cores ...")
    for name, argv in wanted.items():
        begun = time.monotonic()
        unfinished = target / f".{name}"
        argv = [str(unfinished) if word == str(target / name) else word for word in argv]
        # the pause program is alone in its image, so it must not need a C library
        environment = {**os.environ, **({"CGO_ENABLED": "0"} if name == PAUSE else {})}
        ran = subprocess.run(argv, cwd=GO, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            said = "\n".join(ran.stderr.strip().splitlines()[-10:])
            raise NotPossible(f"{name} {version} could not be built:\n{said}")
        unfinished.rename(target / name)
        say(f"built {name} ({time.monotonic() - begun:.0f} s)")
