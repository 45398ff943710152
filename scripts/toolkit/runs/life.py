"""Whether the process that a record names still runs, and is that process and no later one of its number.

A process is known by its number, the time of its start, the boot of its kernel and its pid namespace: where
the last two are ours the answer is certain. Another container on this kernel cannot be looked at, nor another
machine that shares the folder: there the run's lock says it, which the kernel drops when its holder dies, and
a run that wrote a moment ago is left alone in any case.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LOCK = "alive"
"""The file in a run's folder that its process holds locked."""

QUIET = 900.0
"""Seconds without a change after which a run of another machine is taken for dead."""

_held: list[int] = []  # open for as long as this process lives


def me() -> dict[str, Any]:
    """This process, for a record."""
    return of(os.getpid())


def of(pid: int) -> dict[str, Any]:
    """A process of this machine, for a record."""
    return {"pid": pid, "since": _since(pid), **_world()}


def hold(folder: Path) -> int:
    """Lock a run's folder until this process ends, as far as its disk knows locks; the lock's inode."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    _held.append(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return 0  # a disk without locks
    return os.fstat(descriptor).st_ino


def alive(process: object, folder: Path | None = None, inode: object = 0) -> bool:
    """Whether the process still runs. `folder` is its run's, `inode` what `hold` said of it.

    In doubt, on another machine, it does: closing the record of a run that goes on would be a lie.
    """
    if not isinstance(process, Mapping):
        return False
    pid = process.get("pid")
    if not isinstance(pid, int) or isinstance(pid, bool) or not 0 < pid < 2**31:
        return False
    world = _world()
    if ours(process) or not process.get("boot"):
        return _runs(pid, process.get("since"))
    if folder is None:
        return False
    held, copied = _lock(folder / LOCK, inode)
    if held:
        return True
    rebooted = process.get("machine") == world["machine"] != "" and process.get("boot") != world["boot"]
    if copied or rebooted:
        return False
    return _quiet(folder) < QUIET


def ours(process: Mapping[str, Any]) -> bool:
    """Whether the number of a process means something here, so that it may be signalled."""
    world = _world()
    return all(process.get(key) == world[key] for key in ("boot", "space"))


def _runs(pid: int, since: object) -> bool:
    """Whether there is such a process here; one that has ended and was not waited for is none."""
    found = _since(pid)
    if found is None:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return not Path("/proc/self/stat").exists()  # no /proc: its number is all there is to know
    return since is None or found == since


def _since(pid: int) -> int | None:
    """When it started, in ticks since the boot; None when it is gone, or dead and still listed."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if after_name[0] in (b"Z", b"X") else int(after_name[19])
    except (OSError, IndexError, ValueError):
        return None


@cache
def _world() -> dict[str, str]:
    """Where a process number means something: this boot of this kernel, and this pid namespace of it."""
    import hashlib  # loads OpenSSL; a stage that the engine started keeps no record

    named = _read("/etc/machine-id")
    machine = hashlib.sha256(named.encode()).hexdigest()[:16] if named else ""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    return {"boot": _read("/proc/sys/kernel/random/boot_id"), "space": space, "machine": machine}


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _lock(file: Path, inode: object) -> tuple[bool, bool]:
    """Whether somebody holds it, and whether it is a copy: a CI job's folder that was handed on."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False, not file.exists()
    try:
        copied = isinstance(inode, int) and inode != 0 and os.fstat(descriptor).st_ino != inode
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True, False
    finally:
        os.close(descriptor)
    return False, copied


def _quiet(folder: Path) -> float:
    """Seconds since anything in the folder changed."""
    changed = 0.0
    for each in (folder, *folder.iterdir()):
        try:
            changed = max(changed, each.stat().st_mtime)
        except OSError:
            continue
    return time.time() - changed
