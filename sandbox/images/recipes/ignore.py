""".dockerignore: which files of the context a build does not see. Pure.

Go's filepath.Match plus ``**``; a pattern also excludes everything below what it matches; the last line that
matches decides, so a later ``!line`` brings files back. Rules:
https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from sandbox.images.recipes.errors import BuildError


@dataclass(frozen=True)
class Rule:
    """One line: ``exception`` brings back what ``pattern`` matches."""

    pattern: re.Pattern[str]
    exception: bool


@dataclass(frozen=True)
class Ignore:
    """The rules of one .dockerignore file."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, text: str, file: str = ".dockerignore") -> Ignore:
        """Raises BuildError with file and line for a pattern that is none."""
        rules = []
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            if not line or raw.startswith("#"):
                continue
            exception = line.startswith("!")
            cleaned = posixpath.normpath(line.removeprefix("!").strip() or "!").lstrip("/")
            if cleaned == "!":
                raise BuildError(f'{file}:{number}: "!" needs a pattern')
            try:
                rules.append(Rule(re.compile(_regex(cleaned)), exception))
            except (re.error, ValueError) as error:
                raise BuildError(f"{file}:{number}: {line}: not a pattern ({error})") from error
        return cls(tuple(rules))

    def excludes(self, path: str) -> bool:
        """Whether ``path`` (relative to the context, / between parts) is kept out."""
        parts = path.split("/")
        candidates = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        excluded = False
        for rule in self.rules:
            if rule.exception is excluded and any(map(rule.pattern.fullmatch, candidates)):
                excluded = not rule.exception
        return excluded

    def prunes(self, directory: str) -> bool:
        """Whether nothing below ``directory`` can be in the context, so that it need not be read."""
        return self.excludes(directory) and not any(rule.exception for rule in self.rules)


def _regex(pattern: str) -> str:
    """The regular expression of a cleaned pattern.

    >>> _regex("a/*.py")
    'a/[^/]*\\\\.py'
    """
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            at += 2
            if pattern.startswith("/", at):
                at += 1
                out += "(?:.*/)?"
            else:
                out += ".*"
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "\\":
            at += 1
            if at == len(pattern):
                raise ValueError("ends in a backslash")
            out += re.escape(pattern[at])
        elif char == "[":
            end = pattern.find("]", at + 2)
            if end < 0:
                raise ValueError("[ without ]")
            out += "[" + pattern[at + 1 : end].replace("\\", "\\\\") + "]"
            at = end
        else:
            out += re.escape(char)
        at += 1
    return out
