"""What stands in a deployment's way, found before anything was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from toolkit.base.outcome import Kind, Outcome


class Problem(NamedTuple):
    """One reason why a deployment cannot work. object is "Kind/name", "" when none is to blame.

    kind is REFUSED for policy (a protected namespace, somebody else's object), FAILED for all else. One that
    is not certain is a warning: it is said, and the deployment goes on.
    """

    object: str
    sentence: str
    remedy: str
    kind: Kind = Kind.FAILED
    is_certain: bool = True

    @property
    def line(self) -> str:
        """Object and sentence, for a person."""
        return f"{self.object}: {self.sentence}" if self.object else self.sentence


def distinct(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, in the order in which they came; certain if it is so once."""
    known: dict[tuple[str, str], Problem] = {}
    for each in problems:
        same = known.setdefault((each.object, each.sentence), each)
        if each.is_certain and not same.is_certain:
            known[each.object, each.sentence] = each
    return list(known.values())


def certain(problems: Iterable[Problem]) -> list[Problem]:
    """Those for which nothing may be deployed."""
    return [each for each in problems if each.is_certain]


def warnings(problems: Iterable[Problem]) -> list[Problem]:
    """Those that are said only."""
    return [each for each in problems if not each.is_certain]


def outcome(problems: Sequence[Problem]) -> Outcome:
    """Passed when none is certain, else the worst kind: the reason names the first of that kind.

    The evidence lists all that are certain with what to do about each; details: {"preflight": [{"object",
    "sentence", "remedy", "kind"}]}, in which the kind of what is not certain is "warning".
    """
    rows = [_row(each) for each in problems]
    details = {"preflight": rows} if rows else {}
    problems = certain(problems)
    if not problems:
        return Outcome(details=details)
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
        details=details,
    )


def _row(problem: Problem) -> dict[str, str]:
    kind = problem.kind.value if problem.is_certain else "warning"
    return {"object": problem.object, "sentence": problem.sentence, "remedy": problem.remedy, "kind": kind}
