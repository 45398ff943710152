"""How every stage, script and run ends: one outcome, one exit code, one sentence for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from toolkit.base.redaction import redact, redact_lines
from toolkit.typed import advice


class Kind(StrEnum):
    """The six ways to end. The order is from harmless to decisive: `worst` picks the later one."""

    PASSED = "passed"
    MISUSED = "misused"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """The exit code of a process that ends so."""
        return _EXIT_CODES[self]

    @classmethod
    def of_exit_code(cls, code: int) -> Kind:
        """The outcome that an exit code stands for; every code that is not ours is a failure."""
        return next((kind for kind, known in _EXIT_CODES.items() if known == code), cls.FAILED)


_EXIT_CODES = {
    Kind.PASSED: 0,
    Kind.FAILED: 1,
    Kind.MISUSED: 2,
    Kind.REFUSED: 3,
    Kind.TIMED_OUT: 4,
    Kind.INTERRUPTED: 130,
}


INCONCLUSIVE = "inconclusive"
"""In the details of an outcome that is no pass: its program was killed or had an error of its own, or the
cluster was away. Nothing was found against what it was to judge."""


class Outcome(NamedTuple):
    """What a stage has to say when it ends.

    reason is one sentence for a person, remedy what to do next, evidence the lines that prove the
    reason, details whatever the record should keep (JSON values only).
    """

    kind: Kind = Kind.PASSED
    reason: str = ""
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    details: Mapping[str, Any] = MappingProxyType({})

    @property
    def is_inconclusive(self) -> bool:
        """Whether it ended badly and nothing was found against what it was about."""
        return self.details.get(INCONCLUSIVE) is True

    @property
    def passed(self) -> bool:
        """Whether it did what was asked."""
        return self.kind is Kind.PASSED


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of several things done together: the gravest kind, with the reasons of all that share it.

    Details are merged, a later one over an earlier. No outcomes at all is passed.
    """
    known = list(outcomes)
    if not known:
        return Outcome()
    order = list(Kind)
    kind = max((outcome.kind for outcome in known), key=order.index)
    deciding = [outcome for outcome in known if outcome.kind is kind]
    return Outcome(
        kind,
        reason="; ".join(_distinct(outcome.reason for outcome in deciding)),
        remedy="\n".join(_distinct(outcome.remedy for outcome in deciding)),
        evidence=tuple(line for outcome in deciding for line in outcome.evidence),
        details={key: value for outcome in known for key, value in outcome.details.items()},
    )


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


class PipelineError(Exception):
    """A foreseen end that is not a pass. The subclasses say which. Its words are redacted.

    unchanged: it is certain that nothing was written to a cluster before it was raised.
    """

    kind = Kind.FAILED
    unchanged = False

    def __init__(self, reason: str, *, remedy: str = "", evidence: Sequence[str] = ()) -> None:
        self.reason = redact(advice.here(reason))
        self.remedy = redact(advice.here(remedy))
        self.evidence: tuple[str, ...] = tuple(redact_lines(evidence))
        super().__init__(self.reason)

    @property
    def outcome(self) -> Outcome:
        """The same as an Outcome."""
        return Outcome(self.kind, self.reason, self.remedy, self.evidence)


class Failed(PipelineError):
    """A check, test or rollout failed."""


class Misused(PipelineError):
    """Bad flags, bad apps.toml, a missing tool or file: nothing was started."""

    kind = Kind.MISUSED


class Refused(PipelineError):
    """Policy says no: branch, approval, lock, protected namespace."""

    kind = Kind.REFUSED


class TimedOut(PipelineError):
    """The deadline came first."""

    kind = Kind.TIMED_OUT


class Interrupted(PipelineError):
    """Someone pressed Ctrl-C or sent SIGTERM."""

    kind = Kind.INTERRUPTED
