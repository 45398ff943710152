"""What a program printed, for a parser alone: it is opened to be read, and shows itself only redacted."""

from __future__ import annotations

from toolkit.base.redaction import Shown, redact


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
        return tuple(Shown(line) for line in self.shown.splitlines() if line.strip())[-lines:]

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Raw({self.shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
