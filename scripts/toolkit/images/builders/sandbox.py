"""The embedded cluster's own builder, which is a program like the others: what it is told and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw
from toolkit.images.builders.builder import Build
from toolkit.settings.sandbox import told

MISUSED = 2
"""The exit code of what it cannot build, whatever it tries."""
_SAYS = "sandbox: "


class Asked(NamedTuple):
    """What is known of an image. why says what keeps it from being had, "" when it is there; unless is_known
    it is only that nobody could be asked."""

    why: str = ""
    is_known: bool = True


def build(wanted: Build, state: Path, *, check: bool = False) -> list[str]:
    """Build; the last line that it prints is JSON. check: only say whether the Dockerfile can be built."""
    where = ("--file", str(wanted.dockerfile), "--context", str(wanted.context))
    given = (word for name, value in wanted.args for word in ("--build-arg", f"{name}={value}"))
    more = ("--check",) if check else ()
    return told(state, "build", "--name", wanted.name, *where, *given, *more)


def answer(output: Raw) -> tuple[str, bool]:
    """(image by digest, whether it was there already) from what the sandbox's builder printed."""
    for line in reversed(output.lines()):
        if line.startswith("{"):
            try:
                document: dict[str, Any] = json.loads(line)
                image = str(document["image"])
            except (ValueError, KeyError):
                break
            if "@sha256:" not in image:
                raise Failed(f"the builder answered with {image!r}, which is not named by digest")
            return image, bool(document.get("reused", False))
    raise Failed("the sandbox's builder did not say which image it built", evidence=output.tail())


def refusal(output: Raw) -> str:
    """The sentence with which it refused, with the file and line that decide it."""
    said = [line for line in output.tail(40) if line.startswith(_SAYS)]
    return said[-1].removeprefix(_SAYS) if said else "its builder refused"


def images(refs: Iterable[str], state: Path) -> list[str]:
    """Ask the embedded cluster which of these images it has; the last line it prints is JSON."""
    return told(state, "images", "--json", "--", *refs)


def has(output: Raw) -> dict[str, Asked]:
    """What it says of each reference."""
    for line in reversed(output.lines()):
        if line.startswith("{"):
            try:
                rows: dict[str, dict[str, str]] = json.loads(line)["images"]
                return {
                    ref: Asked("" if row["state"] == "present" else row["why"], row["state"] != "unknown")
                    for ref, row in rows.items()
                }
            except (ValueError, KeyError, TypeError, AttributeError):
                break
    raise Failed("the sandbox did not say which images it has", evidence=output.tail())
