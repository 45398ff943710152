"""What waits in the outbox goes to every channel that is set up; each alert has a fate of its own.

Killed between a channel's yes and the note of it, an alert is sent again where the channel cannot be asked
whether it has it (a webhook): it may then be there twice, never more often for one kill.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from toolkit.alerting.channel import Alert, Answer, Channel, Fate, Memory
from toolkit.alerting.outbox import STARTED, Outbox
from toolkit.settings.model import AlertPolicy

LATE_SECONDS = 300


@dataclass
class Sent:
    """What became of the alerts: the delivered, and why the others were not (name to reason). `remedies`:
    what a person can do about those, in the order in which they came up."""

    delivered: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    remedies: list[str] = field(default_factory=list)

    def also(self, remedy: str) -> None:
        """One remedy more, once."""
        if remedy and remedy not in self.remedies:
            self.remedies.append(remedy)

    def and_then(self, later: Sent) -> Sent:
        """Both together."""
        return Sent(
            [*self.delivered, *later.delivered],
            self.kept | later.kept,
            self.aside | later.aside,
            [*self.remedies, *later.remedies],
        )

    def summary(self, policy: AlertPolicy) -> str:
        """2 alerts delivered to #releases."""
        where = f" to {policy.channel}" if policy.channel else ""
        return f"{counted(self.delivered)} delivered{where}"


def counted(runs: Sequence[str]) -> str:
    """1 alert, 2 alerts."""
    return f"{len(runs)} alert{'' if len(runs) == 1 else 's'}"


def deliver(box: Outbox, channels: Sequence[Channel], seconds: float) -> Sent:
    """Send what waits, oldest first, in at most `seconds`; one process at a time. Raises CannotWrite.

    One that is refused is set aside and stops no other; where a channel cannot be reached at all the rest of
    them are left for the next time.
    """
    sent = Sent()
    if not box.waiting():
        return sent
    deadline = time.monotonic() + seconds
    with box.alone(deadline) as alone:
        why = "" if alone else "another process was sending"
        for name in box.waiting():
            alert = box.read(name)
            if alert is None:
                if alone and box.file(name).exists():
                    _set_aside(box, name, Answer(Fate.REFUSED, f"{box.file(name)} cannot be read"), sent)
                continue
            if alone and _superseded(box, name, alert):
                box.drop(name)
                box.forget(name if alert.final else alert.run + STARTED)
                continue
            if why or deadline - time.monotonic() <= 1:
                sent.kept[name] = why or "no time left"
                continue
            answer = _to_all(box, name, alert, channels, deadline)
            if answer.fate is Fate.DELIVERED:
                _delivered(box, name, alert, sent)
            elif answer.fate is Fate.REFUSED:
                _set_aside(box, name, answer, sent)
            else:
                sent.kept[name] = answer.why
                sent.also(answer.remedy)
                why = answer.why if answer.stop else ""
    return sent


def straight(alert: Alert, channels: Sequence[Channel], seconds: float) -> Sent:
    """Send one alert that no disk would take: once, with nothing noted."""
    sent = Sent()
    for channel in channels:
        answer = channel.send(alert, "", {}, lambda _: None, seconds)
        if answer.fate is Fate.DELIVERED:
            sent.delivered = [alert.run]
        else:
            sent.kept[alert.run] = answer.why
            sent.also(answer.remedy)
    return sent


def _to_all(box: Outbox, name: str, alert: Alert, channels: Sequence[Channel], deadline: float) -> Answer:
    """The gravest answer: waiting where one of them is to be tried again, else refused where one refused."""
    state = box.state(name)
    late = (datetime.now(UTC) - alert.created).total_seconds() > LATE_SECONDS
    note = f"Delivered late: this is from {alert.created:%Y-%m-%d %H:%M} UTC." if late else ""
    done = [each for each in state.get("done") or () if isinstance(each, str)]
    answers = []
    for channel in channels:
        if channel.name in done or not (alert.final or channel.follows):
            continue

        def keep(memory: Memory, to: str = channel.name) -> None:
            kept = _mapping(box.state(alert.run).get("memory"))
            box.note(alert.run, memory={**kept, to: dict(memory)})

        known = _mapping(_mapping(box.state(alert.run).get("memory")).get(channel.name))
        answer = channel.send(alert, note, known, keep, deadline - time.monotonic())
        if answer.fate is Fate.DELIVERED:
            done.append(channel.name)
            if len(channels) > 1:
                box.note(name, done=done)
        answers.append(answer)
    order = (Fate.WAITING, Fate.REFUSED, Fate.DELIVERED)
    gravest = min(answers, key=lambda each: order.index(each.fate), default=Answer(Fate.DELIVERED))
    if gravest.fate is not Fate.DELIVERED:
        tries = state.get("tries")
        tried = tries + 1 if isinstance(tries, int) else 1
        box.note(name, tries=tried, why=gravest.why, remedy=gravest.remedy)
    return gravest


def _delivered(box: Outbox, name: str, alert: Alert, sent: Sent) -> None:
    if alert.final:
        box.move(name, "delivered")
        sent.delivered.append(name)
    else:
        box.drop(name)
        box.forget(name)


def _set_aside(box: Outbox, name: str, answer: Answer, sent: Sent) -> None:
    box.note(name, why=answer.why, remedy=answer.remedy)
    box.move(name, "aside")
    sent.aside[name] = answer.why
    sent.also(answer.remedy)


def _superseded(box: Outbox, name: str, alert: Alert) -> bool:
    """Sent while it was put once more; or the beginning of a run whose end is known."""
    if not alert.final:
        return box.has_end(alert.run) or not name.endswith(STARTED)
    return (box.folder / "delivered" / f"{name}.json").exists()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
