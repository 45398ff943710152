"""The command that a container runs."""

from __future__ import annotations

import pytest

from sandbox.node.containers.prepare import command_of


@pytest.mark.parametrize(
    ("image", "container", "argv"),
    [
        ({"entrypoint": ["e"], "cmd": ["c"]}, {}, ["e", "c"]),
        ({"entrypoint": ["e"], "cmd": ["c"]}, {"args": ["$(A)"]}, ["e", "1"]),
        ({"entrypoint": ["e"], "cmd": ["c"]}, {"command": ["x$(A)"]}, ["x1"]),
        ({"entrypoint": ["e"], "cmd": ["c"]}, {"command": ["x"], "args": ["y"]}, ["x", "y"]),
        ({"entrypoint": None, "cmd": ["c", "$(A)"]}, {}, ["c", "$(A)"]),
        ({}, {}, []),
    ],
)
def test_commands(image: dict[str, object], container: dict[str, object], argv: list[str]) -> None:
    """The table of define-command-argument-container; the image's own words are not expanded."""
    assert command_of(container, image, {"A": "1"}) == argv
