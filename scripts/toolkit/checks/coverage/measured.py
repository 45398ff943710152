"""What a report of coverage says, in one shape for all formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Coverage(NamedTuple):
    """Percent of lines covered, and the files with lines missing: (file, missing), most first."""

    percent: float
    missing: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        # Never rounded up: 89.96% shown as 90% and failing a floor of 90 would look like a mistake.
        return f"{int(self.percent * 10) / 10:g}%"

    def files(self, most: int = 3) -> str:
        """The files that miss most, for a reason."""
        return ", ".join(f"{file} ({lines} lines)" for file, lines in self.missing[:most])


def of_files(files: Mapping[str, tuple[int, int]]) -> Coverage | None:
    """What was covered, by each file's (lines that count, lines of them that ran); None where none counts."""
    lines, ran = (sum(each[index] for each in files.values()) for index in (0, 1))
    return (
        None
        if not lines
        else Coverage(100 * ran / lines, sorted_missing({f: n - c for f, (n, c) in files.items()}))
    )


def sorted_missing(missing: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The files that miss lines, those with most first."""
    return tuple(
        sorted(
            ((file, lines) for file, lines in missing.items() if lines), key=lambda each: (-each[1], each[0])
        )
    )
