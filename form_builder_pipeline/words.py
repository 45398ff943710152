"""From what was typed to what a script is given: variables as with make, apps as words, the configuration."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from form_builder_pipeline import places
from form_builder_pipeline.table import READ, SWITCHES, WITH_A_VALUE, Row

BY_MAKE = "--by-make"
"""Given by Makefile.pipeline: variables are those of the environment, and advice is worded for make."""
DIALECT = {True: "makefile", False: "command"}
"""What scripts/toolkit/typed knows of where the advice of a script is to be typed."""
_VARIABLE = re.compile(r"([A-Z][A-Z_]*)=(.*)", re.DOTALL)


class Misused(Exception):
    """Said in one sentence, with what can be done; exit code 2."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def argv(row: Row, given: Iterable[str], *, by_make: bool) -> list[str]:
    """The words for the row's script. Variables that it reads itself are set in the environment."""
    values = {name: os.environ[name] for name in row.takes if os.environ.get(name)} if by_make else {}
    apps: list[str] = []
    rest: list[str] = []
    words = iter(given)
    for word in words:
        if found := _VARIABLE.fullmatch(word):
            _take(row, found[1], found[2], values)
        elif word.startswith("-") or row.file == "sandbox":
            rest += [word, *words]  # the script's own flags, and their values
        elif "APP" in row.takes:
            apps.append(word)
        else:
            raise Misused(f'{row.name}: "{word}" is nothing that it takes', f"pipeline {row.name} --help")
    if apps:
        values["APP"] = ",".join(apps)
    return [*row.words, *_flags(values), *_configuration(row, rest), *rest]


def _take(row: Row, name: str, value: str, values: dict[str, str]) -> None:
    if name in row.takes:
        values[name] = value
    elif name in READ or name == "CONFIG":
        os.environ[name] = value
    else:
        known = [*row.takes, *READ, "CONFIG"]
        near = difflib.get_close_matches(name, known, n=1)
        raise Misused(f"{row.name}: {name}= is no variable of it", f"{(near or [', '.join(known)])[0]}=")


def _flags(values: dict[str, str]) -> list[str]:
    flags = []
    for name, value in values.items():
        flag = "--" + name.lower().replace("_", "-")
        if name in WITH_A_VALUE and value:
            flags.append(f"{flag}={value}")
        elif name in SWITCHES and value not in ("", "0"):
            flags.append(flag)
    return flags


def _configuration(row: Row, rest: list[str]) -> list[str]:
    """The flag that names the configuration; of the sandbox its folder. Raises Misused."""
    if any(word in ("-h", "--help", "--config", "--root", "--state") for word in rest):
        return []
    if any(word.startswith(("--config=", "--root=", "--state=")) for word in rest):
        return []
    found = places.configuration(Path.cwd())
    if row.file == "sandbox":
        folder = found.parent if found else Path.cwd()
        return [] if os.environ.get("SANDBOX_STATE") else [f"--state={folder / '.sandbox'}"]
    if row.file == "doctor.py":
        return [f"--root={found.parent if found else Path.cwd()}"]
    if found is None:
        raise Misused("there is no pipeline.toml here, or above in this git repository", "pipeline init")
    return [f"--config={found}"]
