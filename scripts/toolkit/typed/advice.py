"""Advice is written for the toolkit's own make (`make deploy APP=x`), reworded where that is not typed.

PIPELINE_TYPED says what is, and is set by whoever starts the scripts: the command `pipeline` (command),
Makefile.pipeline (makefile), the Makefile of a toolkit that is a submodule (submodule; CONFIG its file).
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

VARIABLE = "PIPELINE_TYPED"
ROOT = Path(__file__).resolve().parents[3]
STAGES = (
    *(
        "lint",
        "security",
        "unit",
        "build",
        "deploy",
        "healthcheck",
        "smoke",
        "acceptance",
        "approve",
        "watch",
    ),
    *("rollback", "alert"),
)
TARGETS = (
    *STAGES,
    *("pipeline", "plan", "status", "drill", "doctor", "role", "prerequisites", "platform", "platform-stop"),
    *("sandbox-up", "sandbox-down", "sandbox-status", "sandbox-reset", "advisories"),
)
"""The targets that are there in every way."""
_ANY = re.compile(rf"\bmake ({'|'.join(sorted(TARGETS, key=len, reverse=True))})(?![\w-])")
_CERTAIN = re.compile(rf"(?:{_ANY.pattern})(?= [A-Z_]+=|`)")


def here(text: str, *, certain: bool = False) -> str:
    """A reason or a remedy as it can be typed here. certain: leave alone what may be a program's output."""
    way = _WAYS.get(os.environ.get(VARIABLE, ""))
    if way is None or "make " not in text:
        return text
    return (_CERTAIN if certain else _ANY).sub(lambda found: way(found[1]), text)


def program(script: str, target: str) -> str:
    """What --help of a script calls it: the script, or what was typed for it."""
    way = _WAYS.get(os.environ.get(VARIABLE, ""))
    return _command(target) if way and target in TARGETS else script


def _command(target: str) -> str:
    return "pipeline run" if target == "pipeline" else f"pipeline {target}"


def _makefile(target: str) -> str:
    return "make pipeline" if target == "pipeline" else f"make pipeline-{target}"


def _submodule(target: str) -> str:
    """For somebody in the folder of the configuration."""
    config = ROOT / os.environ.get("CONFIG", "apps.toml")
    folder = os.path.relpath(ROOT, config.parent)
    named = os.path.relpath(config, ROOT)
    return f"make -C {shlex.quote(folder)} {target} CONFIG={shlex.quote(named)}"


_WAYS: dict[str, Callable[[str], str]] = {
    "command": _command,
    "makefile": _makefile,
    "submodule": _submodule,
}
