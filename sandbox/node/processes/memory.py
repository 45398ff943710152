"""Memory limits without root: what a container's processes use is looked at, and one that uses too much is
killed.

The kernel would stop an allocation; this looks every so often, so a fast one can exceed its limit for a
moment. Counted is memory of the processes' own (proportional anonymous memory); the page cache is not.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

SOON, LATER = 0.2, 2.0
PAGE = os.sysconf("SC_PAGE_SIZE")


def processes(root: int) -> list[int]:
    """``root`` and everything below it, as far as /proc tells."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                todo += [int(word) for word in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def used(root: int) -> int:
    """Bytes of own memory of a process and its descendants, each shared page counted once per sharer."""
    total = 0
    for pid in processes(root):
        try:
            fields = Path(f"/proc/{pid}/statm").read_text().split()
        except OSError:
            continue
        total += (int(fields[1]) - int(fields[2])) * PAGE
    return total


def used_exactly(root: int) -> int:
    """As `used`, with shared pages divided among their sharers; costs the kernel a walk through the page
    tables."""
    total = 0
    for pid in processes(root):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


async def exceeded(pid: int, limit: int) -> None:
    """Return when the process and its descendants use more than ``limit`` bytes; looks rarely while there is
    room."""
    while True:
        share = used(pid) / limit
        if share > 1 and used_exactly(pid) > limit:
            return
        await asyncio.sleep(SOON if share > 0.5 else min(LATER, SOON + (0.5 - share) * 2 * LATER))
