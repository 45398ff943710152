"""The cgroup below which the node's pods are: its own, so that no other kubelet removes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from tests.kubernetes.node import processes
from tests.kubernetes.node.parts import NotPossible
from tests.kubernetes.node.places import NAME

WEIGHTS = {"cpu.shares": "16384", "cpu.weight": "1600"}
"""Of either version. A node has its machine to itself; here its pods would be one program of many together,
and a database of theirs does not answer in its 5 s."""
CONTROLLERS = ("cpuset", "cpu", "memory", "pids")


def hierarchies(mounts: str) -> list[Path]:
    """Where cgroups are mounted, of either version. Pure."""
    rows = (line.split() for line in mounts.splitlines())
    return [Path(row[1]) for row in rows if len(row) > 2 and row[2] in ("cgroup", "cgroup2")]


def make() -> None:
    """Make it in every hierarchy. Raises NotPossible."""
    tops = _tops()
    try:
        for top in tops:
            group = top / NAME
            group.mkdir(exist_ok=True)
            for file in ("cpuset.cpus", "cpuset.mems"):  # of version 1, where a new group has none of either
                own = group / file
                if (top / file).exists() and not own.read_text().strip():
                    own.write_text((top / file).read_text())
        if len(tops) == 1:  # version 2: what the group may hand on has to be handed down to it
            for control in (top / "cgroup.subtree_control" for top in (tops[0], tops[0] / NAME)):
                control.write_text(" ".join(f"+{each}" for each in CONTROLLERS))
        for file, weight in ((top / NAME / name, weight) for top in tops for name, weight in WEIGHTS.items()):
            if file.exists():
                file.write_text(weight)
    except OSError as error:
        raise NotPossible(f"This machine does not allow the node a cgroup: {error}") from None


def remove() -> None:
    """Kill what still runs in it, and take it away."""
    for group in _groups():
        for pid in _members(group):
            processes.stop(pid, patience=0)
    for group in sorted(_groups(), key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(OSError):
            group.rmdir()


def _tops() -> list[Path]:
    return hierarchies(Path("/proc/mounts").read_text(encoding="utf-8"))


def _groups() -> list[Path]:
    """The group in every hierarchy, and all below it."""
    found: list[Path] = []
    for top in _tops():
        group = top / NAME
        if group.exists():
            found += [group, *(path for path in group.rglob("*") if path.is_dir())]
    return found


def _members(group: Path) -> Iterable[int]:
    try:
        return [int(line) for line in (group / "cgroup.procs").read_text().split() if line != "0"]
    except OSError:
        return []
