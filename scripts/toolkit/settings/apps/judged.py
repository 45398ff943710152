"""apps.<name>.judge: how an object, or a kind, is judged."""

from __future__ import annotations

from toolkit.settings.said import judging
from toolkit.settings.said.judging import Judging
from toolkit.settings.tables.fields import Fields, word_of


def judged(fields: Fields, key: str) -> dict[str, Judging]:
    """Kinds and objects to how they are judged."""
    found: dict[str, Judging] = {}
    for name, words in fields.take(key, dict, {}).items():
        where = f'{key}."{name}"'
        if not isinstance(words, dict):
            raise fields.error(where, f"must be a table, not {word_of(words)}")
        try:
            judging.check_name(name)
            found[name] = judging.read(words)
            if wrong := judging.misfit(name.partition("/")[0], found[name]):
                raise ValueError(wrong)
        except ValueError as error:
            raise fields.error(where, str(error)) from None
    return found
