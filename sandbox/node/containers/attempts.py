"""The directories of a container's attempts:
<container>/<number>/{record.json,state.json,exit.json,log,root/}.

The number is the restart count. The current and the previous attempt are kept; of the previous one only its
log.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.base.files import remove_tree


class Attempts:
    """``latest`` is the number of the newest attempt that counts, -1 before the first."""

    def __init__(self, base: Path) -> None:
        self.base = base
        numbers = [int(path.name) for path in base.glob("[0-9]*") if (path / "record.json").is_file()]
        self.latest = max(numbers, default=-1)

    @property
    def directory(self) -> Path:
        """Of the newest attempt."""
        return self.base / str(max(self.latest, 0))

    def record(self) -> dict[str, Any] | None:
        """What an earlier node noted about the newest attempt, None when there is none."""
        return self._record(self.directory)

    def _record(self, directory: Path) -> dict[str, Any] | None:
        try:
            record = json.loads((directory / "record.json").read_text())
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    def fresh(self) -> Path:
        """An empty directory for the next attempt, which does not count before `use`."""
        directory = self.base / str(self.latest + 1)
        remove_tree(directory)
        directory.mkdir(parents=True)
        return directory

    def use(self, directory: Path) -> None:
        """The attempt in ``directory`` is the newest now; older ones make room."""
        self.latest = int(directory.name)
        for path in self.base.glob("[0-9]*"):
            if int(path.name) < self.latest - 1:
                remove_tree(path)
            elif int(path.name) < self.latest:
                remove_tree(path / "root")

    def log(self) -> Path | None:
        """The log of the newest attempt, None before the first."""
        return self.directory / "log" if self.latest >= 0 and self.directory.is_dir() else None

    def log_of(self, container_id: str) -> Path | None:
        """The log of the attempt with this id, None when it is not kept."""
        for number in (self.latest, self.latest - 1):
            record = self._record(self.base / str(number)) or {}
            if container_id and record.get("container_id") == container_id:
                return self.base / str(number) / "log"
        return None
