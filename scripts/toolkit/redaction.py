"""Secrets that cannot be printed by accident, and the filter that everything printed or kept goes through."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path

MASK = "***"

# Names of environment variables whose values are secrets. Short values are left alone: masking "1" or "true"
# would shred every log and hide nothing.
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|WEBHOOK|CREDENTIAL|PRIVATE|APIKEY|_KEY|KEY_|_CERT$|^DATABASE_URL$", re.I
)
_SHORTEST = 6

_registered: set[str] = set()


class Secret:
    """A value that prints as ***. Creating one registers it: `redact` masks it from then on."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        _register(value)

    def reveal(self) -> str:
        """The value itself; only for handing it to the program or server that needs it."""
        return self._value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def _register(value: str) -> None:
    """Mask the value, its lines (a PEM key is printed line by line) and its base64 form."""
    candidates = {value, value.strip(), *value.splitlines()}
    candidates.add(base64.b64encode(value.encode()).decode())
    _registered.update(text for text in candidates if len(text) >= _SHORTEST and not text.startswith("-----"))


def register_environment(environ: Mapping[str, str] | None = None) -> None:
    """Register every environment variable whose name says that it holds a secret."""
    for name, value in (os.environ if environ is None else environ).items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST and not _is_path(value):
            _register(value)


def _is_path(value: str) -> bool:
    """A variable that names a file (GOOGLE_CREDENTIAL=/path) is no secret, and masking paths hides causes."""
    return value.startswith(("/", "./", "~")) and "\n" not in value and Path(value).expanduser().exists()


def redact(text: str) -> str:
    """The text with every known secret replaced by ***. Longest first, so that no tail of one survives."""
    for value in sorted(_registered, key=len, reverse=True):
        if value in text:
            text = text.replace(value, MASK)
    return text
