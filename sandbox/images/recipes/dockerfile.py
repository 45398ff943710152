"""Dockerfile text to instructions. Pure: reads no file, runs nothing.

The subset is FROM, LABEL, ARG, ENV, WORKDIR, COPY, RUN, USER, EXPOSE, ENTRYPOINT, CMD and STOPSIGNAL, one
stage. Everything else is refused here, before anything is built, with the file and the line.
Rules: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from sandbox.images.recipes.errors import BuildError

KEYWORDS = (
    "FROM", "LABEL", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "ENTRYPOINT", "CMD",
    "STOPSIGNAL",
)  # fmt: skip
ADVICE = {
    "ADD": "use COPY",
    "HEALTHCHECK": "use the probes of the manifest",
    "VOLUME": "use the volumes of the manifest",
    "SHELL": "write ENTRYPOINT and CMD as JSON arrays",
    "ONBUILD": "the image is built in one go",
    "MAINTAINER": "use LABEL",
}
JSON_KEYWORDS = ("COPY", "RUN", "ENTRYPOINT", "CMD")
FLAGS = {"COPY": ("chown", "chmod", "link"), "RUN": ("mount",), "FROM": ("platform",)}


@dataclass(frozen=True)
class Instruction:
    """One instruction: ``text`` is its argument with continuation lines joined and flags removed; ``words``
    is the argument as a list when it was written as a JSON array, else None. ``trouble``: why it cannot be
    had here; which of several is told, recipe.py decides."""

    file: str
    line: int
    keyword: str
    text: str
    words: tuple[str, ...] | None = None
    flags: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    def refuse(self, reason: str) -> BuildError:
        """The error that names this instruction's place."""
        return BuildError(f"{self.file}:{self.line}: {self.keyword}: {reason}")


def parse(text: str, file: str = "Dockerfile") -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile in order; one that is outside the subset says so in its ``trouble``.
    Raises BuildError for a text that has no FROM, or that cannot be taken apart."""
    instructions = [_told(file, line, logical) for line, logical in _logical_lines(text, file)]
    if not any(one.keyword == "FROM" for one in instructions):
        raise BuildError(f"{file}:1: no FROM: an image needs a base, for example FROM python:3.11-slim")
    return tuple(instructions)


def _told(file: str, line: int, text: str) -> Instruction:
    try:
        return _instruction(file, line, text)
    except BuildError as error:
        keyword, _, rest = text.partition(" ")
        return Instruction(file, line, keyword.upper(), rest.strip(), trouble=str(error))


def _logical_lines(text: str, file: str) -> list[tuple[int, str]]:
    """(first line number, text) of each instruction, comments dropped, continuation lines joined."""
    logical: list[tuple[int, str]] = []
    pending, start = "", 0
    directives = True
    for number, raw in enumerate(text.removeprefix("﻿").splitlines(), 1):
        line = raw.strip()
        if line.startswith("#"):
            found = re.fullmatch(r"#\s*(\w+)\s*=\s*(.*)", line)
            if directives and found and found[1].lower() == "escape" and found[2] != "\\":
                raise BuildError(f"{file}:{number}: the escape directive is not supported; use \\")
            directives = directives and found is not None
            continue
        directives = False
        if not line:
            continue
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        logical.append((start, (pending + line).strip()))
        pending, start = "", 0
    if pending.strip():
        logical.append((start, pending.strip()))
    return logical


def _instruction(file: str, line: int, text: str) -> Instruction:
    keyword, _, rest = text.partition(" ")
    keyword, rest = keyword.upper(), rest.strip()
    if keyword not in KEYWORDS:
        reason = (
            f"not supported by the sandbox; {ADVICE[keyword]}" if keyword in ADVICE else "not an instruction"
        )
        raise BuildError(f"{file}:{line}: {keyword}: {reason}")
    bare = Instruction(file, line, keyword, rest)
    if not rest and keyword not in ("CMD", "ENTRYPOINT"):
        raise bare.refuse("needs an argument")
    if keyword in ("RUN", "COPY") and re.search(r"(^|\s)<<-?[\"']?\w", rest):
        raise bare.refuse("here-documents are not supported")
    flags, rest = _flags(bare)
    words = None
    if keyword in JSON_KEYWORDS and rest.startswith("["):
        words = _json_words(Instruction(file, line, keyword, rest))
    return Instruction(file, line, keyword, rest, words, flags)


def _flags(instruction: Instruction) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    rest = instruction.text
    allowed = FLAGS.get(instruction.keyword, ())
    while allowed and rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        name, _, value = flag[2:].partition("=")
        if name not in allowed:
            advice = "; the sandbox builds one stage only" if name == "from" else ""
            raise instruction.refuse(f"--{name} is not supported{advice}")
        flags[name] = value
        rest = rest.strip()
    return flags, rest


def _json_words(instruction: Instruction) -> tuple[str, ...] | None:
    """A JSON array of strings, or None: text that starts with [ but is no such array is a shell command (as
    Docker)."""
    try:
        words = json.loads(instruction.text)
    except ValueError:
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise instruction.refuse("the array must hold strings only")
    return tuple(words)
