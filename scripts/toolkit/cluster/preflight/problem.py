"""What stands in a deployment's way, found before anything was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from toolkit.base.outcome import Kind, Outcome


class Problem(NamedTuple):
    """One reason why a deployment cannot work. object is "Kind/name", "" when none is to blame.

    kind is REFUSED for policy (a protected namespace, somebody else's object), FAILED for all else.
    """

    object: str
    sentence: str
    remedy: str
    kind: Kind = Kind.FAILED

    @property
    def line(self) -> str:
        """Object and sentence, for a person."""
        return f"{self.object}: {self.sentence}" if self.object else self.sentence


def distinct(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, in the order in which they came."""
    known: dict[tuple[str, str], Problem] = {}
    for each in problems:
        known.setdefault((each.object, each.sentence), each)
    return list(known.values())


def outcome(problems: Sequence[Problem]) -> Outcome:
    """Passed when there are none, else the worst kind: the reason names the first of that kind.

    The evidence lists all of them with what to do about each; details: {"preflight": [{"object", "sentence",
    "remedy", "kind"}]}.
    """
    if not problems:
        return Outcome()
    order = list(Kind)
    kind = max((each.kind for each in problems), key=order.index)
    first = next(each for each in problems if each.kind is kind)
    count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
    lines: list[str] = []
    for each in problems:
        lines += [each.line, f"    fix: {each.remedy}"] if len(problems) > 1 else [each.line]
    return Outcome(
        kind,
        reason=f"{count} found before anything was changed: {first.line}",
        remedy=first.remedy if len(problems) == 1 else "see the fix below each problem, then deploy again",
        evidence=tuple(lines),
        details={"preflight": [{**each._asdict(), "kind": each.kind.value} for each in problems]},
    )
