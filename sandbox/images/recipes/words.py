"""Variables and words in Dockerfile arguments. Pure.

$NAME, ${NAME}, ${NAME:-default} and ${NAME:+alternative}; a backslash or single quotes keep a dollar sign.
Rules: https://docs.docker.com/reference/dockerfile/#environment-replacement
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

_TOKEN = re.compile(
    r"""(?P<escaped>\\.)
      | (?P<single>'[^']*')
      | \$(?P<plain>[A-Za-z_]\w*)
      | \$\{(?P<name>[A-Za-z_]\w*)(?:(?P<test>:[-+])(?P<word>[^}]*))?\}""",
    re.VERBOSE,
)


def expand(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its variables replaced; an unknown one becomes empty. Quotes and backslashes stay for
    `split`."""

    def replace(found: re.Match[str]) -> str:
        if found["escaped"] or found["single"]:
            return found[0]
        if found["plain"]:
            return values.get(found["plain"], "")
        value = values.get(found["name"], "")
        if found["test"] == ":-":
            return value or expand(found["word"], values)
        if found["test"] == ":+":
            return expand(found["word"], values) if value else ""
        return value

    return _TOKEN.sub(replace, text)


def split(text: str) -> list[str]:
    """Words as a shell would split them, quotes removed. Raises ValueError on an unclosed quote."""
    return shlex.split(text, comments=False, posix=True)


def commands(text: str) -> list[list[str]]:
    """A shell line of simple commands joined by &&, as lists of words.

    Raises ValueError for any other shell syntax: pipes, redirections, subshells, ;, ||, & and command
    substitution.
    """
    if re.search(r"(?<!\\)(`|\$\()", text):
        raise ValueError("command substitution")
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lines: list[list[str]] = [[]]
    for word in lexer:
        if word == "&&":
            lines.append([])
        elif word and set(word) <= set("();<>|&"):
            raise ValueError(f"{word!r}")
        else:
            lines[-1].append(word)
    if not all(lines):
        raise ValueError("an empty command")
    return lines
