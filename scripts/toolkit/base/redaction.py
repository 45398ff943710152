"""Secrets that cannot be printed by accident, and the filter that everything printed or kept goes through."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NewType

Shown = NewType("Shown", str)
"""Text that went through redaction: what may be printed, kept and raised. Its counterpart is Raw."""

MASK = "***"

# Names of environment variables whose values are secrets. Short values are left alone: masking "1" or "true"
# would shred every log and hide nothing.
# GIT_CONFIG_KEY_0 is the name of a setting of git's: without it git does nothing at all.
_SECRET_NAME = re.compile(
    r"^(?!GIT_CONFIG_KEY_\d+$)(?:DATABASE_URL$"
    r"|.*(?:TOKEN|SECRET|PASSWORD|PASSWD|WEBHOOK|CREDENTIAL|PRIVATE|APIKEY|_KEY|KEY_|_CERT$))",
    re.I,
)
# What such a name may end in without its value being one: addresses are shown, credentials in them are not.
_PLAIN_ENDS = ("_URL", "_URI", "_HOST", "_PORT", "_ADDRESS", "_NAME", "_FILE", "_PATH", "_TTL", "_SECONDS")
_SHORTEST = 6

# Secrets that are told by their shape, wherever they stand: (words of which one must be there, pattern, what
# is put in its place). The words are looked for first: most lines hold none, and a pattern costs a hundred
# times as much. Patterns are compiled when they are first needed: most programs never print a secret.
_SHAPES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    # Base64 of a JSON object: JWT, JWE, a registry's credentials.
    (("eyJ",), r"(?<![A-Za-z0-9])eyJ[\w+/=-]{14,}(?:\.[\w-]*){0,4}", MASK),
    (
        ("earer ", "EARER "),
        r"(\b(?i:bearer) +)(?!(?i:authenti|authori|tokens?\b|realm|scheme|error)|\*\*\*)[\w.~+/=-]{6,}",
        rf"\1{MASK}",
    ),
    (
        ("uthorization", "UTHORIZATION"),
        r"((?i:authorization)\W{1,4}(?i:basic|digest|token|apikey) +)(?!\*\*\*)[^\s\"',]{4,}",
        rf"\1{MASK}",
    ),
    # user:password@ of an address: up to the last @ before its path.
    (
        ("://",),
        r"(://[^\s/:@\"'<>\[]{0,200}:)(?!\d{1,5}(?:[/?#\s]|$))"
        r"(?:[^\s/?#\"'<>]{1,500}@|[^\s\"'<>@]{1,500}@)",
        rf"\1{MASK}@",
    ),
    (("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", MASK),
    (("hooks.slack.com",), r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/-]+", rf"\1{MASK}"),
    (("xox", "ghp_", "gho_", "ghs_", "github_pat_"), r"\b(?:xox[a-z]-|gh[ops]_|github_pat_)[\w-]{10,}", MASK),
)
_KEY_WORDS = "PRIVATE KEY-----"
_KEY_MARK = r"-----(BEGIN|END) [A-Z0-9 ]{0,30}PRIVATE KEY-----"
_KEY_LARGEST = 20_000  # characters
# What may stand between the two marks: base64, in lines or with \n for their ends.
_KEY_BODY = r"(?:\s|\\[nr]|[A-Za-z0-9+/=]{16,}+)*+(?:[A-Za-z0-9+/=]+\Z)?"
_KEY_LINE, _KEY_END = r"[A-Za-z0-9+/=]{16,}", r"[A-Za-z0-9+/=]*"
# name=value, name: value, "name": "value", where the name says that the value is a secret.
_ASSIGNED = (
    # Each in its usual spellings: letting the pattern ignore case makes it four times as slow.
    r"(?:passw(?:or)?d|passphrase|secret|token|credentials?|api-?key|[_-]key|Passw(?:or)?d|Passphrase|Secret|Token"
    r"|Credentials?|Key|PASSW(?:OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|API-?KEY|[_-]KEY)"
    r"(?:\\*[\"'])?(?P<sign> ?[:=] ?)"
    r"(?:(?P<quote>\\*[\"'])(?P<quoted>[^\n]{4,500}?)(?P=quote)"
    r"|(?P<bare>[^\s\"'\\,;&)}\]<>{\[$*][^\s\"'\\,;&)}\]<>]{5,500}))"
)

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
    for value in masked_variables(os.environ if environ is None else environ).values():
        _register(value)


def masked_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables whose values are masked because of their names."""
    return {
        name: value
        for name, value in environ.items()
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST and not _is_path(value)
    }


def _is_path(value: str) -> bool:
    """A variable that names a file (GOOGLE_CREDENTIAL=/path) is no secret, and masking paths hides causes."""
    return value.startswith(("/", "./", "~")) and "\n" not in value and Path(value).expanduser().exists()


def is_secret_name(name: str) -> bool:
    """Whether a variable or key of this name holds a secret, as far as its name tells."""
    if name.upper() == "DATABASE_URL":
        return True
    return bool(_SECRET_NAME.search(name)) and not name.upper().endswith(_PLAIN_ENDS)


def redact(text: str) -> Shown:
    """The text with every known secret, and what by its shape can only be one, replaced by ***.

    Longest first, so that no tail of one survives.
    """
    for value in sorted(_registered, key=len, reverse=True):
        if value in text:
            text = text.replace(value, MASK)
    for words, pattern, mask in _SHAPES:
        for word in words:  # not any(): this runs for every line that is printed
            if word in text:
                text = _compiled(pattern).sub(mask, text)
                break
    return Shown(_without_keys(text) if _KEY_WORDS in text else text)


def tail(text: Shown, lines: int) -> tuple[Shown, ...]:
    """Its last lines that are not empty."""
    return tuple(Shown(line) for line in text.splitlines() if line.strip())[-lines:]


def redact_lines(lines: Iterable[str]) -> list[Shown]:
    """`redact` for lines that belong together: a private key among them goes whole, so they may be fewer."""
    known = list(lines)
    if any(_KEY_WORDS in line for line in known):
        return [Shown(line) for line in redact("\n".join(known)).split("\n")]
    return [redact(line) for line in known]


def _without_keys(text: str) -> str:
    """The text without private keys, one that lost its beginning or its end included."""
    marks = list(_compiled(_KEY_MARK).finditer(text))
    kept, done = [], 0
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        if mark.start() < done:
            continue
        start, end = mark.span()
        if mark[1] == "END":
            start = _key_start(text, done, start)
        elif following and following[1] == "END" and following.end() - start <= _KEY_LARGEST:
            end = following.end()
        elif body := _compiled(_KEY_BODY).match(text, end):
            end = body.end()
        kept += [text[done:start], MASK]
        done = end
    return "".join([*kept, text[done:]])


def _key_start(text: str, first: int, end: int) -> int:
    """Where the lines of base64 begin that lead to `end`."""
    start = end
    lines = text[max(first, end - _KEY_LARGEST) : end].replace("\\n", " \n").split("\n")
    for number, line in enumerate(reversed(lines)):
        # The last line of a key is as short as it likes, and what follows it may begin a line.
        if not _compiled(_KEY_LINE if number > 1 else _KEY_END).fullmatch(line.strip()):
            break
        start -= len(line) + 1
    return max(first, start + 1) if start < end else end


def scrub(text: str) -> Shown:
    """`redact`, and values that are given to names such as password: for what programs of others print.

    Not for source code, where most such lines are no secrets.
    """
    return Shown(_compiled(_ASSIGNED).sub(_without_value, redact(text)))


def _without_value(found: re.Match[str]) -> str:
    which = "quoted" if found["quoted"] is not None else "bare"
    # "token: expired" and "password: incorrect" are causes.
    if which == "bare" and ":" in found["sign"] and found[which].rstrip(".!").isalpha():
        return found[0]
    start, end = (place - found.start() for place in found.span(which))
    return found[0][:start] + MASK + found[0][end:]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class Raw:
    """Output of a program as it came. Not a str: mypy refuses it wherever text is shown, kept or raised.

    A parser opens it with `reveal`; what it takes out of it and shows goes through redaction as all else.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """Every character that was printed; only for reading an answer out of it."""
        return self._text

    def lines(self) -> list[str]:
        """Its lines, revealed; only for reading an answer out of them."""
        return self._text.splitlines()

    @property
    def shown(self) -> Shown:
        """The same for people: without secrets."""
        return redact(self._text)

    def tail(self, lines: int = 12) -> tuple[Shown, ...]:
        """Its last lines that are not empty, for people."""
        return tail(self.shown, lines)

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Raw({self.shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
