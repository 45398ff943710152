"""The builders, by the words of [clusters.<name>]. The sandbox's own has no row: it pushes nothing."""

from __future__ import annotations

from toolkit.images.builders import buildx, docker, kaniko, podman
from toolkit.images.builders.builder import ARGUMENTS, Builder

ROWS = {row.name: row for row in (docker.ROW, buildx.ROW, podman.PODMAN, podman.BUILDAH, kaniko.ROW)}
SANDBOX = frozenset((ARGUMENTS,))
"""What the sandbox's own builder can do."""


def named(word: str) -> Builder:
    """The builder of that name; settings have checked that there is one."""
    return ROWS[word]


def can(word: str) -> frozenset[str]:
    """What the builder of that name can do."""
    return SANDBOX if word == "sandbox" else ROWS[word].can
