"""What a rule is given, and what it says: where an object stands, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from toolkit.cluster.diagnosis.finding import Finding
from toolkit.settings.said.judging import Judging

Json = dict[str, Any]


class State(StrEnum):
    """How an object is to be called; the last three only when a verdict has fallen."""

    GOOD = "good"
    WAITING = "still waiting"
    UNJUDGED = "not judged"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    NOT_APPLIED = "not applied"


class View(NamedTuple):
    """An object at this moment: its state, words on how far it is, and what is wrong or awaited."""

    state: State
    said: str
    findings: list[Finding] = []  # noqa: RUF012 - nobody adds to it


class Around(Protocol):
    """What can be seen of a namespace. Kinds are titles: Pod, Certificate.cert-manager.io."""

    @property
    def events(self) -> Mapping[str, list[Json]]:
        """Events by the uid and by the Kind/name of what they are about, oldest first."""

    @property
    def has_strangers(self) -> bool:
        """Whether the app has custom resources: their controllers may make pods that nobody foresees."""

    def named(self, kind: str, name: str) -> Json | None:
        """The object of that kind and name."""

    def last(self, kind: str, name: str) -> Json | None:
        """That object as it was seen last, though it may be gone; None when it was never seen."""

    def space(self) -> Json | None:
        """The namespace as it is, None when there is none, {} when that cannot be told."""

    def all(self, kind: str) -> list[Json]:
        """The app's objects of a kind; [] of one that is not looked at."""

    def owned(self, kind: str, owner: str) -> list[Json]:
        """The objects of a kind that the object with that uid controls."""

    def sees(self, kind: str) -> bool:
        """Whether a kind is looked at, and may be."""

    def is_newcomer(self, kind: str, name: str) -> bool:
        """Whether an object was not there yet when the rollout began."""

    def holds(self, kind: str, name: str, key: str = "") -> bool | None:
        """Whether that object is there at this moment, and has a key; None: nobody can tell."""

    def elsewhere(self, kind: str, name: str = "", labels: Mapping[str, str] | None = None) -> bool | None:
        """Whether the namespace has that object, the app's or another's; None when nobody can tell."""


class Applied(NamedTuple):
    """An object as the API server took it: the verdict is about this generation of it, no other."""

    kind: str
    name: str
    uid: str
    generation: int
    object: Json
    judging: Judging

    @property
    def shown(self) -> str:
        """Kind/name."""
        return f"{self.kind}/{self.name}"


class Rule(NamedTuple):
    """A row of the table. needs: what must be seen beside its own kind; helps: what had better be seen."""

    judge: Callable[[Applied, Json, Around], View]
    needs: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()


def good(said: str, *findings: Finding) -> View:
    """Done."""
    return View(State.GOOD, said, list(findings))


def unjudged(said: str, *findings: Finding) -> View:
    """Nobody can say, and it holds nothing up."""
    return View(State.UNJUDGED, said, list(findings))


def pending(said: str, *findings: Finding) -> View:
    """Not done yet, or never: its findings tell."""
    return View(State.WAITING, said, list(findings))
