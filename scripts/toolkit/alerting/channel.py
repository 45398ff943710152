"""What a channel is, and which of them are set up: every `to_<name>.py` of this room is asked.

Such a module has `opened(policy) -> Channel | None`, None where its variables are not set. No other file
knows it by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from toolkit.alerting.slack import Message
from toolkit.settings.model import AlertPolicy

Memory = Mapping[str, Any]
"""What a channel wants to know again of an alert: JSON values only, such as which message it became."""


class Fate(StrEnum):
    """What became of an alert."""

    DELIVERED = "delivered"  # the channel has confirmed it
    WAITING = "waiting"  # it is tried again
    REFUSED = "refused"  # for good, unless a person sends it again


class Answer(NamedTuple):
    """What a channel says to an alert. `why` and `remedy` for a person; `stop`: what comes after has the same
    way to go, and need not be tried now."""

    fate: Fate
    why: str = ""
    remedy: str = ""
    stop: bool = False


class Alert(NamedTuple):
    """A kept alert: `run` names what it is about, `created` is when it was written; `final` is false for the
    message that a run has begun."""

    run: str
    created: datetime
    message: Message
    final: bool = True


class Channel(Protocol):
    """A way to people. `follows`: its messages can change, so that it is also told when a run begins."""

    name: str
    follows: bool

    def send(
        self, alert: Alert, note: str, known: Memory, keep: Callable[[Memory], None], seconds: float
    ) -> Answer:
        """Tell it, in at most `seconds`; `note` is added below (that it is late).

        `known` is what `keep` was given before for this run, also by a process that was killed: what can be
        recognised is not told twice.
        """


def new(run: str, message: Message) -> Alert:
    """An alert of now."""
    return Alert(run, datetime.now(UTC), message)


def configured(policy: AlertPolicy) -> list[Channel]:
    """The channels that are set up here, by name."""
    found = []
    for file in sorted(Path(__file__).parent.glob("to_*.py")):
        channel = importlib.import_module(f"toolkit.alerting.{file.stem}").opened(policy)
        if channel is not None:
            found.append(channel)
    return found
