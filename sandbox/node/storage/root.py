"""A container's root: the directory that stands for / to one container.

/usr of the image is shared (a link); everything else of the image is copied, so that a container may write
where it likes and the image stays what its digest says. Volumes are links to their directories. Nothing is
mounted and nobody is chrooted: both would need root.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.node.processes.process import StartError, runtime_words

HOST_PATH = ("/usr/bin", "/bin")  # what a distribution would bring: sh, env, cat, sleep, ...
PRIVATE = ("tmp", "root", "var/tmp", "run", "etc", "dev")


@dataclass(frozen=True)
class Mount:
    """``target`` (absolute, in the container) shows ``source``, a directory or file of this machine."""

    target: str
    source: Path


def build(root: Path, image: Path, mounts: list[Mount]) -> None:
    """Lay out ``root`` from an image's rootfs and the container's mounts. Blocking: run it in a thread.

    Raises OSError, with the path in it.
    """
    root.mkdir(parents=True)
    for entry in os.scandir(image):
        target = root / entry.name
        if entry.name == "usr":
            target.symlink_to(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            shutil.copytree(entry.path, target, symlinks=True)
        else:
            shutil.copy2(entry.path, target, follow_symlinks=False)
    for name in PRIVATE:
        (root / name).mkdir(parents=True, exist_ok=True)
    for mount in sorted(mounts, key=lambda one: one.target.count("/")):
        _place(root, mount)


def inside(root: Path, path: str) -> Path:
    """Where an absolute path of the container is on this machine; .. does not lead out."""
    return root / posixpath.normpath("/" + path).lstrip("/")


def _place(root: Path, mount: Mount) -> None:
    target = inside(root, mount.target)
    _unshare(root, target.parent)
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    target.symlink_to(mount.source)


def _unshare(root: Path, directory: Path) -> None:
    """Make ``directory`` and those above it private, replacing a shared link by a directory of links."""
    step = root
    for part in directory.relative_to(root).parts:
        step = step / part
        if step.is_symlink() and step.is_dir():
            shared = step.resolve()
            step.unlink()
            step.mkdir()
            for entry in os.scandir(shared):
                (step / entry.name).symlink_to(entry.path)
        else:
            step.mkdir(exist_ok=True)


def search_path(root: Path, path: str) -> str:
    """PATH for a process: the image's own directories below ``root``, then this machine's."""
    ours = [inside(root, part) for part in path.split(":") if part.startswith("/")]
    shared = {Path(part) for part in HOST_PATH}
    own = [str(part) for part in ours if part.is_dir() and part.resolve() not in shared]
    return ":".join([*own, *HOST_PATH])


def program(root: Path, name: str, env: Mapping[str, str], cwd: Path) -> str:
    """The file that ``name`` means in the container. Raises StartError in a container runtime's words.

    An absolute path is looked for below ``root`` first, then in this machine's /bin and /usr/bin.
    """
    if name.startswith("/"):
        candidates = [inside(root, name)]
        if posixpath.dirname(posixpath.normpath(name)) in HOST_PATH:
            candidates.append(Path(name))
        missing = runtime_words(name, f"stat {name}: no such file or directory")
    elif "/" in name:
        candidates = [cwd / name]
        missing = runtime_words(name, f"stat {name}: no such file or directory")
    else:
        candidates = [Path(part) / name for part in env.get("PATH", "").split(":")]
        missing = runtime_words(name, "executable file not found in $PATH")
    there = [path for path in candidates if path.is_file()]
    for path in there:
        if os.access(path, os.X_OK):
            return str(path)
    if there:
        raise StartError(runtime_words(name, "permission denied"), 128)
    raise StartError(missing, 128)


def process_environment(
    root: Path, image: Mapping[str, str], given: Mapping[str, str], pod_name: str
) -> dict[str, str]:
    """Everything a process gets: the image's ENV, what the manifest gives, and where its root is."""
    env = {"HOSTNAME": pod_name, "HOME": str(root / "root"), "TMPDIR": str(root / "tmp")}
    env |= {**image, **given}
    env["PATH"] = search_path(root, env.get("PATH", ""))
    env["CONTAINER_ROOT"] = str(root)
    return env
