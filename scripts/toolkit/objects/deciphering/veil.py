"""Values from secrets, masked: in all that is printed from now on, and in what a program says of them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.base.redaction import MASK, Secret, is_secret_name
from toolkit.settings.apps.rendering import leaves

# Plain words and small numbers, as a switch or a limit is: masking "production" would shred every log.
_ORDINARY = re.compile(
    r"[A-Za-z]{1,12}|[a-z]+(?:-[a-z]+){1,3}|\d{1,5}|true|false|[\d.]{1,8}(?:[smhdkKMGi]{1,2})?"
)
_SHORTEST_BARE = 3
"""Characters of a value from which it is masked wherever a program says it, not only between quotes."""


def register(values: Mapping[str, Any], public: Iterable[str]) -> frozenset[str]:
    """Mask the values of a file from now on, but for ordinary words and what is public; all of its texts.

    A key whose name says that it is a secret has no ordinary words.
    """
    known = frozenset(public)
    hidden: set[str] = set()
    for path, value in leaves(values):
        if value is None or isinstance(value, bool) or value == "" or str(value) in known:
            continue
        word = str(value)
        hidden.add(word)
        named = any(isinstance(step, str) and is_secret_name(step) for step in path)
        if named or not _ORDINARY.fullmatch(word):
            Secret(word)
            if decoded := _decoded(word):
                Secret(decoded)
    return frozenset(hidden)


def over(said: str, hidden: Iterable[str]) -> str:
    """What a program said, without these values: the short ones where they are quoted."""
    for word in sorted(hidden, key=len, reverse=True):
        if word not in said:
            continue
        for quote in "\"'`":
            said = said.replace(f"{quote}{word}{quote}", f"{quote}{MASK}{quote}")
        if len(word) >= _SHORTEST_BARE:
            said = re.sub(rf"(?<![\w/.]){re.escape(word)}(?![\w/])", MASK, said)
    return said


def _decoded(word: str) -> str:
    """What base64 stands for, as a Secret's data is mostly written; "" for what is none, or no text."""
    if len(word) % 4 or len(word) < 8:
        return ""
    try:
        text = base64.b64decode(word, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if text.strip().isprintable() else ""
