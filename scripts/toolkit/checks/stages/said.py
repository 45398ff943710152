"""What a stage says of its rows: only what a report told it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from toolkit.checks.programs import shown

if TYPE_CHECKING:
    from toolkit.checks.stages.rows import Answer


def tools(answers: Iterable[Answer]) -> tuple[str, ...]:
    """The tools whose reports were read, each once."""
    return tuple(dict.fromkeys(tool for answer in answers for tool in answer.tools))


def unreported(rows: Sequence[str], what: str, *, alone: bool) -> str:
    """The sentence about commands of which only an exit code is known; "" for none.

    what: of what they said nothing; alone: there is no report besides.
    """
    if not rows:
        return ""
    names = shown([f"`{row}`" for row in dict.fromkeys(rows)])
    known = f": nothing is known of {what}" if alone else ""
    return f"{names} ended with exit code 0 and left no report{known}"
