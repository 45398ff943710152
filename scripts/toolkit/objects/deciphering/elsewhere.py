"""[secrets.<name>] opened: its files in memory, once in a process, and nothing of them left on a disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import Misused
from toolkit.ci.repositories import run
from toolkit.objects.deciphering import private, unlocking
from toolkit.settings.tables.secrets import FOLDER, Secrets

LARGEST = 1_000_000
"""Bytes of a file that may be one of values."""
SECONDS = 300.0


class Opened(NamedTuple):
    """The files below {secrets}, by their path, as they are once the place is unlocked."""

    secrets: Secrets
    files: Mapping[str, bytes]


_opened: dict[Secrets, Opened] = {}
_lock = threading.Lock()


def opened(secrets: Secrets) -> Opened:
    """All files of it, none of them kept. Raises Misused where they cannot be had or not be unlocked."""
    with _lock:
        if secrets not in _opened:
            _opened[secrets] = Opened(secrets, _read(secrets))
        return _opened[secrets]


def _read(secrets: Secrets) -> dict[str, bytes]:
    if not secrets.repository and not secrets.command:
        return _files(secrets, secrets.home / secrets.path)
    with private.folder() as folder:
        if secrets.repository:
            checked = run.apart(f"{secrets.where}.repository", secrets.repository, folder)
            unlocking.whole(secrets, checked, folder)
            return _files(secrets, checked / secrets.path)
        written = folder / "values"
        written.mkdir()
        _write(secrets, written)
        return _files(secrets, written / secrets.path)


def _write(secrets: Secrets, folder: Path) -> None:
    """What the command says of itself may be a secret, so nothing of that is shown."""
    words = [word.replace(FOLDER, str(folder)) for word in secrets.command]
    ran = tools.run(words, cwd=secrets.home, echo=False, check=False, timeout=SECONDS)
    if ran.code:
        raise Misused(
            f"{secrets.where}: its command {words[0]} ended with exit code {ran.code}",
            remedy=f"run it by hand, with a folder for {FOLDER}, to see why: what it printed is withheld",
        )


def _files(secrets: Secrets, folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise Misused(
            f'{secrets.where}: there is no folder "{secrets.path}" in it', remedy="correct its `path`"
        )
    found: dict[str, bytes] = {}
    for top, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each != ".git"]
        for name in names:
            file = Path(top, name)
            if not file.is_symlink() and file.is_file() and file.stat().st_size <= LARGEST:
                found[file.relative_to(folder).as_posix()] = file.read_bytes()
    return found
