"""Words that are public: what a secret must not be, and what stays readable in a record for the next program.

A record is shown to people and read back by programs. Its texts are masked as all that is shown; the names by
which programs find their way in it (an app, an outcome, a commit) stay, or a variable of that value would
make a run unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolkit.base.outcome import Kind
from toolkit.base.redaction import masked_variables, redact, redact_lines

# Keys whose values are identifiers, made by the toolkit: their values are read back and never free text.
_IDENTIFIERS = frozenset(
    ("run", "reused", "id", "log", "inputs", "state", "commit", "version", "outcome", "started", "finished")
)
_IDENTIFIER = re.compile(r"[\w.:-]{1,200}")
# A key that is a name in the toolkit's own code; others are data, such as the names of tests.
_OWN_KEY = re.compile(r"[a-z][a-z_]*")
# What a person might choose without thinking: a word or two, or hardly longer than what is never masked.
_ORDINARY = re.compile(r"[A-Za-z]{1,12}|[a-z]{1,12}[-_.][a-z]{1,12}|.{1,7}")

_public: set[str] = {kind.value for kind in Kind} | {"running", "not run"}


def public(words: Iterable[str]) -> None:
    """Note names that stand in the repository or are said aloud: of apps, spaces, clusters, branches."""
    _public.update(word for word in words if word)


def masked(value: Any, key: str = "") -> Any:
    """JSON as it may be kept: texts without secrets, identifiers and public names as they are."""
    if isinstance(value, str):
        plain = value in _public or (key in _IDENTIFIERS and _IDENTIFIER.fullmatch(value))
        return value if plain else _beside(key, value)
    if isinstance(value, Mapping):
        return {_key(name): masked(each, str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return _lines(value, key)
    if isinstance(value, list | tuple):
        return [masked(each, key) for each in value]
    return value


def _beside(key: str, value: str) -> str:
    """The value, judged beside its key: "Authorization: Basic ..." tells what "Basic ..." does not."""
    whole = redact(f"{key}: {value}")
    return whole.removeprefix(f"{key}: ") if key and whole.startswith(f"{key}: ") else redact(value)


def _lines(lines: Sequence[str], key: str) -> list[str]:
    if any("PRIVATE KEY-----" in line for line in lines):
        return [*redact_lines(lines)]
    return [masked(line, key) for line in lines]


def _key(name: Any) -> Any:
    plain = not isinstance(name, str) or name in _public or _OWN_KEY.fullmatch(name)
    return name if plain else redact(name)


def ordinary(environ: Mapping[str, str]) -> list[str]:
    """The names of variables that are masked because of them, and hold ordinary words or public names."""
    return sorted(
        name
        for name, value in masked_variables(environ).items()
        if value in _public or _ORDINARY.fullmatch(value)
    )
