"""Which file each key of a configuration is from: for messages, and for the paths in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

_STEP = re.compile(r"\.[^.\[]*$|\[\d+\]$")


class File(NamedTuple):
    """A file of a configuration: where it is, and how messages call it."""

    path: Path
    name: str

    @property
    def folder(self) -> Path:
        """What the paths in it are relative to."""
        return self.path.parent


_NOTHING: Mapping[str, File] = MappingProxyType({})


class Origin(NamedTuple):
    """The file that was named, and the keys (as paths: clusters.sandbox.builder) that others of them gave.

    What is below such a key is of the same file. A key that is nowhere would belong where its table is from.
    """

    main: File
    others: Mapping[str, File] = _NOTHING

    @classmethod
    def alone(cls, file: Path) -> Origin:
        """That of a file that extends none."""
        return cls(File(file, file.name))

    def of(self, key: str) -> File:
        """The file of a key, given as its path."""
        while self.others and key:
            if key in self.others:
                return self.others[key]
            key, cut = _STEP.subn("", key)
            if not cut:
                break
        return self.main

    def name(self, key: str = "") -> str:
        """What messages call the file of a key."""
        return self.of(key).name
