"""git, asked as a program asks: only stdout is its answer; what it complains of is kept as its sentence."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import PipelineError
from toolkit.base.redaction import Raw

SECONDS = 30

# What points git at another repository, index or commit than the one that it is asked about: a hook sets
# some for all that it starts. As of `git rev-parse --local-env-vars`, without the GIT_CONFIG ones, by which
# a caller may say safe.directory.
_ELSEWHERE = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"),
    *("GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE"),
    *("GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_NO_REPLACE_OBJECTS", "GIT_CONFIG"),
)
# The caller's settings that put more into an answer than was asked for.
_PLAIN = (
    *("-c", "log.showSignature=false", "-c", "color.ui=false"),
    *("-c", "core.quotePath=false", "-c", "status.relativePaths=false"),
)


class Said(NamedTuple):
    """What git answered, and what it complained of when it did not: its own sentence and the way out."""

    answer: Raw
    complaint: str = ""
    remedy: str = ""

    @property
    def failed(self) -> bool:
        """Whether git could not do it."""
        return bool(self.complaint)


Git = Callable[[Sequence[str]], Said]
"""Takes the arguments after the word git."""
At = Callable[[Path], Git]
"""git in a folder."""


def at(root: Path) -> Git:
    """git in the checkout at `root`."""

    def ask(arguments: Sequence[str]) -> Said:
        try:
            ran = tools.run(
                ["git", *_PLAIN, "-C", str(root), *arguments],
                check=False,
                echo=False,
                timeout=SECONDS,
                apart=True,
                inherited=environment(os.environ),
            )
        except PipelineError as error:
            return Said(Raw(), error.reason, error.remedy)
        if ran.code == 0:
            return Said(ran.answer)
        return complaint(ran.errors, ran.code)

    return ask


def together(git: Git, *questions: Sequence[str]) -> list[Said]:
    """The answers to several questions, asked side by side: the longest of them is all that it takes."""
    answers = [Said(Raw())] * len(questions)

    def ask(at: int) -> None:
        answers[at] = git(questions[at])

    beside = [threading.Thread(target=ask, args=(at,), daemon=True) for at in range(1, len(questions))]
    for thread in beside:
        thread.start()
    ask(0)
    for thread in beside:
        thread.join()
    return answers


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that git gets: none that leads it elsewhere, and sentences in English."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _ELSEWHERE and not name.startswith("GIT_TRACE")
    }
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def complaint(errors: Raw, code: int) -> Said:
    """git's own sentence out of its stderr (its first `fatal:` or `error:`), and what git says to do."""
    lines = errors.shown.splitlines()
    said = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    first = next((line for line in said if line.startswith("fatal: ")), said[0] if said else "")
    # "To add an exception for this directory, call:", an empty line, and the command, indented.
    typed = [line.strip() for line in lines if line.startswith(("\t", "    ")) and line.strip()]
    sentence = first.partition(": ")[2] or next((line for line in lines if line.strip()), "")
    remedy = typed[0] if typed and typed[0].startswith("git ") else _remedy(sentence)
    return Said(Raw(), f"git: {sentence or f'exit code {code}'}", remedy)


def _remedy(sentence: str) -> str:
    for words, remedy in (
        ("not a git repository", "git init && git add -A && git commit -m first, or work in a clone"),
        ("not have any commits", "git add -A && git commit -m first"),
        ("object", "git fsck says what is damaged; a fresh clone mends it"),
    ):
        if words in sentence:
            return remedy
    return "git status says more"
