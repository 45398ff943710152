"""The two images that the node itself needs: what holds a pod, and what Docker Hub calls python:3.11-slim."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.kubernetes.node.building import PAUSE
from tests.kubernetes.node.parts import PATH, NotPossible, find
from tests.kubernetes.node.places import ETC, REGISTRY, Places
from tests.kubernetes.node.programs import builder_environment, podman

PYTHON = "docker.io/library/python:3.11-slim"
PACKAGES = (
    *("python3", "python3-pip", "python3-venv", "python-is-python3", "ca-certificates"),
    *("libsqlite3-0", "fontconfig"),
)
_NO_DOCS = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("doc", "man")]
# more than these two limits nobody may raise without CAP_SYS_RESOURCE
_BUILD = ("build", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096", "--network=host")

Say = Callable[[str], None]


def pause(places: Places, version: str) -> None:
    """Put the image that holds pods into the registry."""
    folder = _context(places, "pause")
    shutil.copy2(places.programs(version) / PAUSE, folder / "pause")
    name = f"{REGISTRY}/pause:1"
    _podman(places, *_BUILD, "--file", str(ETC / "pause.dockerfile"), "--tag", name, str(folder))
    _podman(places, "push", "--tls-verify=false", name)


def python(places: Places, say: Say) -> None:
    """Make the apps' base image of Debian's packages, once: a machine of CI may not reach Docker Hub."""
    if _podman(places, "image", "exists", PYTHON, check=False) == 0:
        return
    say("Making python:3.11-slim of Debian's packages: once, about a minute ...")
    folder = _context(places, "python")
    made = folder / "base.tar"
    program = find("mmdebstrap") or "mmdebstrap"
    made.unlink(missing_ok=True)
    _run(
        [program, "--variant=minbase", f"--include={','.join(PACKAGES)}", *_NO_DOCS, "bookworm", str(made)],
        {},
    )
    shutil.copyfile(ssl.get_default_verify_paths().cafile or _AUTHORITIES, folder / "authorities.crt")
    _podman(places, *_BUILD, "--file", str(ETC / "python.dockerfile"), "--tag", PYTHON, str(folder))
    made.unlink()


_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def _context(places: Places, name: str) -> Path:
    folder = places.kept / "contexts" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _podman(places: Places, *words: str, check: bool = True) -> int:
    argv = [*podman(find("podman") or "podman", places), *words]
    return _run(argv, dict(builder_environment(places.state / "etc")), check=check)


def _run(argv: Sequence[str], more: dict[str, str], *, check: bool = True) -> int:
    environment = {**os.environ, "PATH": PATH, **more}
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if check and ran.returncode:
        said = "\n".join((ran.stderr.strip() or ran.stdout.strip()).splitlines()[-8:])
        raise NotPossible(f"`{Path(argv[0]).name} {argv[-1]}` failed:\n{said}")
    return ran.returncode
