"""What a builder is: a row that says what it can do, and a function that makes an image with its commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw, Secret

ARGUMENTS, SECRETS, TARGET, PLATFORM = "arguments", "secrets", "target", "platform"
"""What of a build a builder may be able to do."""
EVERYTHING = frozenset((ARGUMENTS, SECRETS, TARGET, PLATFORM))
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Build:
    """One image to build: paths are absolute, tag is the version (never `latest`: it names nothing).

    repository: where it is pushed, with its registry. secrets: the name by which the Dockerfile mounts one,
    and the variable that holds it; no value is ever in here.
    """

    name: str
    dockerfile: Path
    context: Path
    tag: str
    commit: str
    repository: str = ""
    args: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    target: str = ""
    platform: str = ""

    @property
    def tagged(self) -> str:
        """The name that is pushed."""
        return f"{self.repository}:{self.tag}"

    def by(self, digest: str) -> str:
        """The image by the digest that its registry knows it by. Raises Failed for what is no digest."""
        if not DIGEST.fullmatch(digest):
            raise Failed(f"the builder answered with {digest!r} for {self.repository}, which is no digest")
        return f"{self.repository}@{digest}"

    @property
    def asks(self) -> frozenset[str]:
        """What a builder must be able to do for it."""
        asked = (
            (ARGUMENTS, self.args),
            (SECRETS, self.secrets),
            (TARGET, self.target),
            (PLATFORM, self.platform),
        )
        return frozenset(word for word, value in asked if value)


class Run(NamedTuple):
    """Runs a command, and answers with all that it printed, or with what it printed to stdout alone."""

    shown: Callable[[list[str], Mapping[str, str]], Raw]
    quiet: Callable[[list[str]], Raw]

    def __call__(self, argv: list[str], **env: str) -> Raw:
        """One that people are to see."""
        return self.shown(argv, env)


class Builder(NamedTuple):
    """make: builds and pushes, with a folder of its own for what passes between commands, and answers with
    the image by digest. engine: asks for the version of what does the work, where that is another program."""

    name: str
    program: str
    make: Callable[[Build, Path, Run], str]
    can: frozenset[str] = EVERYTHING
    engine: tuple[str, ...] = ()
    side_by_side: bool = True


def usual(build: Build) -> list[str]:
    """The options of `build` that all who took over Docker's have in common; the value of a secret comes by
    the environment, and is in no command and no layer."""
    return [
        *("--file", str(build.dockerfile), "--tag", build.tagged),
        *("--label", f"org.opencontainers.image.revision={build.commit}"),
        *(word for name, value in build.args for word in ("--build-arg", f"{name}={value}")),
        *(word for name, variable in build.secrets for word in ("--secret", f"id={name},env={variable}")),
        *(("--target", build.target) if build.target else ()),
        *(("--platform", build.platform) if build.platform else ()),
    ]


def read(file: Path) -> str:
    """What a command left in a file, "" when it left none."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def known(value: str) -> Secret:
    """Have what a build is given masked wherever it turns up."""
    return Secret(value)
