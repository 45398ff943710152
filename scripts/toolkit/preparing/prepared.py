"""Code that is made ready for its commands: once for what its lockfiles say, by one run at a time."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base import files, tools
from toolkit.base.outcome import Failed, Misused, TimedOut
from toolkit.checks import commands, programs
from toolkit.preparing import marks
from toolkit.preparing.alone import alone_in
from toolkit.settings import secrecy
from toolkit.settings.model import PREPARE_SECONDS

if TYPE_CHECKING:
    from toolkit.settings.model import Ways
    from toolkit.settings.request import Request

KEPT = 2
"""How many caches of one app are kept: the current one, and the one of the branch before."""
IN_USE_SECONDS = 3600.0
"""One that was used this recently may still be in use."""


def environment(request: Request, ways: Ways, folder: Path, what: str = "") -> dict[str, str]:
    """The environment of the commands that run in this folder, which is prepared if it is not.

    For an app its own folder, for a suite in a repository elsewhere the one that it is in; `what` names it to
    people. Raises Misused when a lockfile is not there, Failed when preparing fails, TimedOut after 15
    minutes; nothing counts as prepared then, and the next run prepares it again.
    """
    return Preparing(request, ways, folder, what or request.app.name).environment()


class Preparing:
    """One folder of an app that is prepared, or was."""

    def __init__(self, request: Request, ways: Ways, folder: Path, what: str) -> None:
        self.request, self.ways, self.folder, self.what = request, ways, Path(os.path.realpath(folder)), what
        self.home = request.root / files.HOME / marks.PREPARED
        self.mark = self.home / f"{request.app.name}-{marks.digest(str(self.folder))[:12]}.json"
        self.inputs = self._inputs()
        self.cache = self.home / "cache" / f"{request.app.name}-{self.inputs[:12]}"
        values = {**self._values(), "cache": lambda: str(self.cache)}
        self.values: dict[str, Callable[[], str]] = values
        self.env = {name: commands.expand([text], values)[0] for name, text in ways.env.items()}

    def environment(self) -> dict[str, str]:
        """As environment() says."""
        if self._wants_cache():
            files.folder(self.cache)
            os.utime(self.cache)
        if self.ways.prepare and not self._is_prepared():
            self._prepare()
        return self.env

    def _is_prepared(self) -> bool:
        kept = marks.read(self.mark)
        return kept is not None and kept.key == self._key() and kept.is_whole

    def _prepare(self) -> None:
        with ExitStack() as stack:
            places = [self.folder, *([self.cache] if self._wants_cache() else [])]
            locks = [stack.enter_context(alone_in(place, self.request.say)) for place in places]
            if self._is_prepared():
                return  # by whoever was waited for
            before, earlier = marks.folders(self.folder), marks.read(self.mark)
            self.mark.unlink(missing_ok=True)
            self.request.say(f"preparing {self.what}: {', '.join(self.ways.lockfiles)}")
            for row in self.ways.prepare:
                self._run(commands.expand(row, self.values), locks)
            if self._inputs() != self.inputs:
                self.request.say(
                    f"WARNING: preparing {self.what} has changed {' or '.join(self.ways.lockfiles)}: commit "
                    "that, so that everybody gets the same"
                )
            also = [*(earlier.made if earlier else ()), *self._places_of_env()]
            made = marks.made(before, marks.folders(self.folder), also)
            marks.write(self.mark, marks.Mark(self._key(), made))
            self._forget_old_caches()

    def _run(self, argv: list[str], locks: list[int]) -> None:
        shown = tools.quoted(argv)
        if "PATH" not in self.env:
            programs.require(argv[0], self.folder)
        try:
            ran = tools.run(
                commands.located(argv),
                cwd=self.folder,
                env=self.env,
                check=False,
                timeout=PREPARE_SECONDS,
                keeps=locks,
                inherited=secrecy.for_the_app(
                    os.environ, self.request.config, self.request.cluster, self.request.app
                ),
            )
        except TimedOut as late:
            reason = f"{self.what} could not be prepared: `{shown}` did not end within {PREPARE_SECONDS:g} s"
            raise TimedOut(reason, evidence=late.evidence) from None
        if ran.code != 0:
            raise Failed(
                f"{self.what} could not be prepared: `{shown}` ended with exit code {ran.code}",
                remedy="what it printed says why; to try it alone: "
                f"cd {tools.quoted([str(self.folder)])} && {shown}",
                evidence=ran.tail(),
            )

    def _inputs(self) -> str:
        """A name for all that decides what preparing makes, wherever it is made."""
        found: list[str | bytes] = []
        for name in self.ways.lockfiles if self.ways.prepare else ():
            found += [name, self._lockfile(name)]
        for row in self.ways.prepare:
            found += [*row, "", *_identity(row[0], self.folder)]
        return marks.digest(*found)

    def _key(self) -> str:
        env = [word for pair in sorted(self.env.items()) for word in pair]
        return marks.digest(self.inputs, str(self.folder), str(self.request.root), *env)

    def _lockfile(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            why = (
                "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
            )
            raise Misused(
                f"{self.what}: {name} {why} in {self.folder}, and preparing it goes by that",
                remedy="have it written and commit it, or correct `lockfiles` in apps.toml",
            ) from None

    def _values(self) -> dict[str, Callable[[], str]]:
        return {**commands.placeholders(self.request), "path": lambda: str(self.folder)}

    def _wants_cache(self) -> bool:
        texts = [*self.ways.env.values(), *(word for row in self.ways.prepare for word in row)]
        return any("{cache}" in text for text in texts)

    def _places_of_env(self) -> Iterator[str]:
        """Folders that the environment names, of this code: a bundle that was complete already is one."""
        yield from [str(self.cache)] if self._wants_cache() else []
        for value in self.env.values():
            if Path(value).is_relative_to(self.folder) and value != str(self.folder):
                yield value

    def _forget_old_caches(self) -> None:
        name = self.request.app.name
        caches = [
            each for each in self.cache.parent.glob(f"{name}-*") if each.name.rpartition("-")[0] == name
        ]
        used = sorted(((_used(each), each) for each in caches if each != self.cache), reverse=True)
        for last, each in used[KEPT - 1 :]:
            if time.time() - last > IN_USE_SECONDS:
                shutil.rmtree(each, ignore_errors=True)


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _identity(program: str, folder: Path) -> list[str]:
    """What tells a program from another version of itself: what one made, the other may not understand."""
    found = programs.find(program, folder) if "{" not in program else None
    if found is None:
        return []
    real = os.path.realpath(found)
    seen = Path(real).stat()
    return [real, str(seen.st_size), str(seen.st_mtime_ns)]
