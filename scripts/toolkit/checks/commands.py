"""The commands of the lint, security and unit stages: placeholders filled in and programs found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base import tools
from toolkit.base.outcome import Failed, Misused
from toolkit.settings.model import App, Row

if TYPE_CHECKING:
    from toolkit.settings.request import Request

NOT_FOUND = 127
"""The exit code of sh, of env, of Bundler and of npx where there is no such program (POSIX, 2.8.2)."""


def commands(app: App, stage: str) -> tuple[Row, ...]:
    """What apps.toml says this stage runs for the app; Misused when it says nothing."""
    rows = app.commands.get(stage, ())
    if not rows:
        raise Misused(
            f"{app.name}: apps.toml has no {stage} command for it",
            remedy=f'set `{stage} = [["program", "argument"]]` in [apps.{app.name}] or for its language',
        )
    return rows


def expand(argv: Sequence[str], values: Mapping[str, Callable[[], str]]) -> list[str]:
    """The command with its {placeholders} filled in; an interpreter is only made when it is asked for."""
    words = []
    for word in argv:
        for name, value in values.items():
            if f"{{{name}}}" in word:
                word = word.replace(f"{{{name}}}", value())
        words.append(word)
    return words


def placeholders(request: Request) -> dict[str, Callable[[], str]]:
    """What the placeholders of apps.toml stand for in a stage of the request's app."""
    return {
        "python": lambda: sys.executable,
        "app_python": lambda: str(_app_python(request)),
        "path": lambda: str(request.app.path),
        "root": lambda: str(request.root),
        "reports": lambda: str(request.evidence),
    }


def _app_python(request: Request) -> Path:
    from toolkit.checks import venvs  # only a command that wants {app_python} pays for it

    return venvs.python_for(request.app, request.root, request.say)


def located(argv: Sequence[str]) -> list[str]:
    """The command with its program found beside the running interpreter: no environment needs activating.

    A program that is not there is left for PATH.
    """
    program = argv[0]
    beside = Path(sys.executable).with_name(program) if "/" not in program else None
    if beside and os.access(beside, os.X_OK):
        return [str(beside), *argv[1:]]
    return list(argv)


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    timeout: float,
    echo: bool = True,
    env: Mapping[str, str] | None = None,
    apart: bool = False,
) -> tools.Ran:
    """Run one check to its end; its exit code is part of the answer.

    Raises Misused where its program is missing, or one that it starts by its name (`bundle exec x`).
    """
    ran = tools.run(located(argv), cwd=cwd, env=env, check=False, timeout=timeout, echo=echo, apart=apart)
    if ran.code == NOT_FOUND:
        from toolkit.checks import programs

        raise Misused(
            f"`{tools.quoted(argv)}` ended with exit code {NOT_FOUND}: a program that it starts is not "
            "installed",
            remedy=programs.how_to_get(argv[2]) if tuple(argv[:2]) == ("bundle", "exec") else "",
            evidence=ran.tail(),
        )
    return ran


def decide(argv: Sequence[str], *, cwd: Path, timeout: float, echo: bool = True) -> None:
    """Run a check whose exit code is all there is to know; raises Failed when it is not 0."""
    ran = run(argv, cwd=cwd, timeout=timeout, echo=echo)
    if ran.code != 0:
        raise Failed(f"`{tools.quoted(argv)}` ended with exit code {ran.code}", evidence=ran.tail())
