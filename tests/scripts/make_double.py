"""make as it is, in a folder where in place of Python is what writes down how it is called."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests import ROOT

FLAGS = {
    *(
        "APP",
        "ENV",
        "CLUSTER",
        "BRANCH",
        "JOBS",
        "ONLY",
        "REPEAT",
        "SHARD",
        "FOR",
        "QUIET",
        "RUN",
        "TO",
        "CAUSE",
    ),
    *("SYSTEM", "AGAIN", "FORMAT", "CONFIG"),
}
"""Variables that become a flag with a value."""
PLAIN = {
    "KEEP_DURATIONS",
    "CHECK",
    "FAILED",
    "FORCE",
    "FRESH",
    "APPROVE",
    "RESTART",
    "TAKE_OVER",
    "PREFLIGHT",
}
OTHERS = {
    "ANY_VERSION",
    "SETTLE",
    "PATIENCE",
    "ADVISORIES",
    "ROUNDS",
    "SEED",
    "COMMIT",
    "PATIENCE_SCALE",
    "T",
    "ARGS",
}
STUB = """#!/bin/sh
{ printf 'argv'; for each in "$@"; do printf '\\037%s' "$each"; done; printf '\\036'; } >> "$RECORD"
{ printf 'env\\037%s\\037%s\\037%s' "$T" "$ARGS" "$FORCE"; printf '\\036'; } >> "$RECORD"
"""


def clone(where: Path) -> Path:
    """The repository's Makefile and apps.toml in a new folder, with programs that write down their calls."""
    (where / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "apps.toml"):
        (where / name).write_bytes((ROOT / name).read_bytes())
    for name in ("requirements.txt", "requirements-test.txt"):
        (where / name).write_text("")
    (where / "programs").mkdir()
    programs = where / "programs"
    for stub in (where / ".venv" / "bin" / "python", programs / "py'thon", programs / "chromium"):
        stub.write_text(STUB)
        stub.chmod(0o755)
    # What makes the environment fresh is named by make itself.
    named = make(where, "-pn", "help").stdout
    for each in ("READY", "TESTED"):  # the one after the other
        fresh = re.search(rf"^(?:override )?{each} := (\S+)$", named, re.MULTILINE)
        assert fresh
        (where / fresh[1]).write_text("")
    return where


def make(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {*FLAGS, *PLAIN, *OTHERS, "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    kept |= {"PATH": f"{folder / 'programs'}:{kept['PATH']}", "RECORD": str(folder / "record")}
    return subprocess.run(
        ["make", *words], cwd=folder, env={**kept, **(env or {})}, capture_output=True, text=True, timeout=300
    )


def recorded(folder: Path) -> list[list[str]]:
    rows = (folder / "record").read_text().split("\036")
    (folder / "record").unlink()
    return [row.split("\037") for row in rows if row]
