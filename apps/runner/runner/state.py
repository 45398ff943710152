"""What is kept of a person between two pages."""

import secrets
from typing import Any

import msgspec

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none of them looks like another
Answer = str | list[str] | dict[str, str]


class Upload(msgspec.Struct):
    """A file in the filestore."""

    filename: str
    mimetype: str
    size: int
    fingerprint: str


class State(msgspec.Struct):
    """Answers by component, files by component, the pages that were handed in without a mistake.

    `reference` is chosen before the submission is handed over, so that a repeated attempt has the same one.
    Once `submitted` is set there are no answers any more; `uploads` are then those that nobody will fetch.
    """

    answers: dict[str, Answer] = {}
    uploads: dict[str, list[Upload]] = {}
    done: list[str] = []
    reference: str = ""
    submitted: bool = False

    @property
    def files(self) -> list[Upload]:
        """All files, in the order of their components."""
        return [each for group in self.uploads.values() for each in group]

    @property
    def is_empty(self) -> bool:
        return not (self.answers or self.uploads or self.done or self.submitted)


def encode(state: State) -> bytes:
    return msgspec.json.encode(state)


def decode(plain: bytes) -> State:
    """The state in a decrypted payload; raises msgspec.MsgspecError."""
    return msgspec.json.decode(plain, type=State)


def new_reference() -> str:
    """Three groups of five: 75 bits, so it can stand in a mail address of its own without being guessed."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(3))


def shown(value: Any) -> list[str]:
    """An answer as lines for a person."""
    if isinstance(value, str):
        return value.split("\n") if value else []
    parts = value.values() if isinstance(value, dict) else value
    return [part for part in parts if part]
