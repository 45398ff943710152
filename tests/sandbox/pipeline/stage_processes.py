"""The stages of a pipeline that runs, seen from outside."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.local import eventually


def stage_process(engine: int, script: str) -> int:
    """The process of a stage of an engine, as soon as it is there."""

    def found() -> int:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                words = (folder / "cmdline").read_bytes().decode().split("\0")
            except (OSError, IndexError):
                continue
            if parent == engine and any(word.endswith(f"/{script}.py") for word in words):
                return int(folder.name)
        return 0

    return int(eventually(found))
