"""Go's `-coverprofile` (https://pkg.go.dev/cmd/cover): statements, which Go counts in place of lines."""

from __future__ import annotations

from pathlib import Path

from toolkit.checks.coverage.measured import Coverage, of_files

WHAT = "a Go cover profile"


def is_it(text: str) -> bool:
    """Whether it looks like one."""
    return text.lstrip().startswith("mode: ")


def read(text: str, _folder: Path) -> Coverage | None:
    """What it says: `file:from,to statements times`. A block that several packages' tests know is one."""
    blocks: dict[tuple[str, str], tuple[int, int]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("mode: "):
            continue
        place, statements, times = line.rsplit(" ", 2)
        file, _, where = place.rpartition(":")
        known = blocks.get((file, where), (0, 0))[1]
        blocks[file, where] = (int(statements), max(known, int(times)))
    files: dict[str, tuple[int, int]] = {}
    for (name, _), (count, ran) in blocks.items():
        counted, covered = files.get(name, (0, 0))
        files[name] = (counted + count, covered + (count if ran else 0))
    return of_files(files)
