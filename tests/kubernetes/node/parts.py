"""What the node needs of this machine, what of it is missing, and how Debian calls it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

CNI = Path("/usr/lib/cni")
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/go/bin", "/usr/sbin", "/sbin"))
OLDEST_GO = (1, 21)
"""From here on Go gets itself the version that go.mod asks for."""
_ADMIN = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}


class NotPossible(Exception):
    """This machine cannot have the node: one line, with what helps."""


class Part(NamedTuple):
    """A program, or a file by its path, and the package of Debian that has it."""

    program: str
    package: str


PARTS = (
    Part("go", "golang-go"),
    Part("etcd", "etcd-server"),
    Part("containerd", "containerd"),
    Part("runc", "runc"),
    Part(str(CNI / "ptp"), "containernetworking-plugins"),
    Part("podman", "podman"),
    Part("docker", "docker.io"),
    Part("docker-registry", "docker-registry"),
    Part("mmdebstrap", "mmdebstrap"),
    Part("ip", "iproute2"),
    Part("nsenter", "util-linux"),
    Part("iptables", "iptables"),
)


def find(program: str) -> str | None:
    """Where a program is: on PATH, or where Debian and Go put theirs."""
    return shutil.which(program, path=PATH)


def missing(found: Callable[[str], str | None] = find) -> list[Part]:
    """The parts that are not there."""
    return [part for part in PARTS if not found(part.program)]


def why_not(
    lacking: Iterable[Part], *, system: str, is_root: bool, capabilities: int, go: tuple[int, ...]
) -> str:
    """Why the node cannot be, as one line; "" when it can. Pure."""
    if system != "linux":
        return f"A node of one's own needs Linux, and this is {system}: {_ELSEWHERE}"
    if not is_root:
        return f"A node of one's own is brought up by root: {_ELSEWHERE}"
    if lost := [name for name, bit in _ADMIN.items() if not capabilities >> bit & 1]:
        return f"A node of one's own needs {' and '.join(lost)}, which root has not here: {_ELSEWHERE}"
    if names := [f"{Path(part.program).name} ({part.package})" for part in lacking]:
        return f"Missing for a node of one's own: {', '.join(names)}. Fix: make kubernetes-tools"
    if go < OLDEST_GO:
        said = ".".join(map(str, go))
        return (
            f"Go {said} is too old to build Kubernetes. Fix: install Go 1.24 or newer from https://go.dev/dl"
        )
    return ""


_ELSEWHERE = "give it a cluster (KUBERNETES_TEST_CONFIG and KUBERNETES_TEST_REGISTRY, see docs/kubernetes.md)"


def check() -> None:
    """Raises NotPossible with all that is missing."""
    said = Path("/proc/self/status")
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)", text, re.M)
    reason = why_not(
        missing(),
        system=sys.platform,
        is_root=os.geteuid() == 0,
        capabilities=int(found[1], 16) if found else 0,
        go=_go(),
    )
    if reason:
        raise NotPossible(reason)


def _go() -> tuple[int, ...]:
    """Go's own version, not that of a newer one which it would fetch; (0,) without one."""
    program = find("go")
    if program is None:
        return (0,)
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    asked = [program, "env", "GOVERSION"]
    ran = subprocess.run(asked, env=environment, cwd="/", capture_output=True, text=True, check=False)
    found = re.match(r"go(\d+)\.(\d+)", ran.stdout)
    return (int(found[1]), int(found[2])) if found else (0,)


def plan(lacking: Sequence[Part]) -> list[list[str]]:
    """The commands that install what is missing. Pure."""
    if not lacking:
        return []
    packages = sorted({part.package for part in lacking})
    return [
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ]


def install() -> None:
    """Install what is missing with apt-get, and say so. Raises NotPossible."""
    lacking = missing()
    commands = plan(lacking)
    if not commands:
        print("Nothing to install: all that the node needs is there.")
        return
    packages = " ".join(commands[-1][5:])
    if find("apt-get") is None:
        raise NotPossible(f"There is no apt-get here. Fix: install {packages} by other means, as root")
    if os.geteuid() != 0:
        raise NotPossible(f"Packages are installed by root. Fix: as root, apt-get install {packages}")
    print(f"Installing: apt-get install -y --no-install-recommends {packages}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        if subprocess.run(command, env=quiet, check=False).returncode:
            raise NotPossible(f"`{' '.join(command)}` failed, see above. Fix: run it by hand")
    check()
