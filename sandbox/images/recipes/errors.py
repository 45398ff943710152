"""How building an image fails."""

from __future__ import annotations


class BuildError(Exception):
    """A build that cannot go on, as one sentence for the person who asked for it.

    ``misused`` tells input that can never work (a Dockerfile outside the subset, a missing file) from a step
    that failed (pip could not install).
    """

    def __init__(self, message: str, *, misused: bool = True) -> None:
        super().__init__(message)
        self.misused = misused
