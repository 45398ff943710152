"""The build context: which files COPY can see, and what they hash to."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import posixpath
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.images.recipes.errors import BuildError
from sandbox.images.recipes.ignore import Ignore
from sandbox.images.recipes.recipe import Copy

NEVER = (".pipeline", ".sandbox")
"""What the pipeline and the sandbox keep in a repository is of no image: each run would make another."""


@dataclass(frozen=True)
class Item:
    """One file (or link, or empty directory) to copy: ``source`` on this machine, ``target`` absolute in the
    image."""

    source: Path
    target: str
    mode: int | None = None


@dataclass
class Context:
    """The files below ``root`` that .dockerignore lets through; read once, when the first COPY asks."""

    root: Path
    ignore: Ignore
    _paths: dict[str, bool] | None = field(default=None)  # relative path -> is a directory

    @classmethod
    def open(cls, root: Path, dockerfile: Path) -> Context:
        """<Dockerfile>.dockerignore comes before .dockerignore, as in BuildKit."""
        if not root.is_dir():
            raise BuildError(f"{root}: the build context is not a directory")
        for file in (dockerfile.with_name(dockerfile.name + ".dockerignore"), root / ".dockerignore"):
            if file.is_file():
                return cls(root, Ignore.parse(file.read_text(errors="replace"), str(file)))
        return cls(root, Ignore())

    def items(self, step: Copy) -> list[Item]:
        """What ``step`` copies, in a stable order. Raises BuildError when a source matches nothing."""
        into = step.target.endswith("/")
        found: dict[str, Item] = {}
        for source in step.sources:
            matches = self._match(step, source)
            for match in matches:
                directory = self.paths()[match] if match else True
                if directory:
                    below = [path for path in self.paths() if not match or path.startswith(match + "/")]
                    for path in below:
                        inner = posixpath.relpath(path, match) if match else path
                        self._add(found, step, path, posixpath.join(step.target, inner))
                    if not below:
                        found[step.target] = Item(self.root / match, step.target.rstrip("/") or "/")
                elif into or len(matches) > 1:
                    self._add(found, step, match, posixpath.join(step.target, posixpath.basename(match)))
                else:
                    self._add(found, step, match, step.target)
        return [found[target] for target in sorted(found)]

    def _add(self, found: dict[str, Item], step: Copy, path: str, target: str) -> None:
        source = self.root / path
        if source.is_symlink():
            aim = source.readlink()
            inside = (source.parent / aim).resolve()
            if aim.is_absolute() or not inside.is_relative_to(self.root.resolve()):
                raise step.at.refuse(f"{path}: a link that leaves the build context cannot be copied")
        found[target] = Item(source, target, step.mode)

    def _match(self, step: Copy, source: str) -> list[str]:
        cleaned = posixpath.normpath(source).lstrip("/")
        if cleaned.split("/")[0] == "..":
            raise step.at.refuse(f"{source}: outside the build context {self.root}")
        if cleaned in (".", ""):
            return [""]
        paths = self.paths()
        if any(char in cleaned for char in "*?["):
            depth = cleaned.count("/")
            matches = [
                path
                for path in paths
                if path.count("/") == depth
                and all(map(fnmatch.fnmatchcase, path.split("/"), cleaned.split("/")))
            ]
        else:
            matches = [cleaned] if cleaned in paths else []
        if not matches:
            there = (self.root / cleaned).exists()
            why = "excluded by .dockerignore" if there else "not found"
            raise step.at.refuse(f"{source}: {why} in the build context {self.root}")
        return sorted(matches)

    def paths(self) -> dict[str, bool]:
        """Every path of the context that is not ignored, and whether it is a directory."""
        if self._paths is None:
            self._paths = {}
            self._scan("")
        return self._paths

    def _scan(self, directory: str) -> None:
        assert self._paths is not None  # noqa: S101 - for the type checker
        with os.scandir(self.root / directory) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
        for entry in entries:
            path = f"{directory}/{entry.name}" if directory else entry.name
            is_directory = entry.is_dir(follow_symlinks=False)
            if is_directory and (entry.name in NEVER or self.ignore.prunes(path)):
                continue
            if not self.ignore.excludes(path) and (is_directory or entry.is_symlink() or entry.is_file()):
                self._paths[path] = is_directory
            if is_directory:
                self._scan(path)


def fingerprint(items: list[Item]) -> str:
    """A hash of targets, contents, links and executable bits; owner and time do not count."""
    digest = hashlib.sha256()
    for item in items:
        if item.source.is_symlink():
            content = f"link {item.source.readlink()}"
        elif item.source.is_dir():
            content = "directory"
        else:
            mode = item.source.stat().st_mode & 0o111 if item.mode is None else item.mode
            content = f"file {mode:o} {hashlib.sha256(item.source.read_bytes()).hexdigest()}"
        digest.update(f"{item.target}\0{content}\0".encode())
    return digest.hexdigest()
