"""Files that are whole whenever somebody, or the end of the process, comes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from toolkit.base.redaction import scrub

# File systems allow 255 bytes; some archives fewer.
LONGEST = 120


class Folder:
    """A folder of evidence. Nothing that goes wrong here stops anybody: `troubles` has it in sentences."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.troubles: list[str] = []
        self.written: dict[str, int] = {}

    def write(self, name: str, content: str, within: str = "") -> Path:
        """Write a file, scrubbed of secrets, in one step; the name is made safe. within: a folder."""
        place = "/".join(filter(None, (within, safe(name))))
        file = self.path / place
        try:
            size = _replace(file, scrub(content))
        except OSError as error:
            self.troubles.append(f"{name} could not be written: {error.strerror or error}")
        else:
            self.written[place] = size
        return file


def rewrite(file: Path, content: str) -> None:
    """Replace a file in one step, if that is possible."""
    with contextlib.suppress(OSError):
        _replace(file, scrub(content))


def _replace(file: Path, content: str) -> int:
    """Bytes written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{os.getpid()}.{os.urandom(4).hex()}")
    data = content.encode("utf-8", "replace")
    try:
        temporary.write_bytes(data)
        temporary.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return len(data)


def safe(part: str) -> str:
    """A name that every file system takes; different names stay different."""
    clean = re.sub(r"[^A-Za-z0-9._-]", "_", part).lstrip(".") or "_"
    if clean == part and len(clean) <= LONGEST:
        return clean
    stem, dot, ending = clean.rpartition(".") if len(clean.rpartition(".")[2]) <= 4 else (clean, "", "")
    mark = hashlib.sha256(part.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{stem.lstrip('-') or '_'}"[: LONGEST - 15] + f"-{mark}{dot}{ending}"
