"""[alert] and [security]: where results are announced, and how old advisories may be."""

from __future__ import annotations

from typing import NamedTuple

from toolkit.settings.tables.fields import Fields, nearest
from toolkit.settings.tables.refs import Ref


class AlertPolicy(NamedTuple):
    """Where results are announced: the channel's name, and the variables that hold a webhook, a bot's token,
    and another channel for the bot than `channel`."""

    channel: str
    webhook: Ref
    token: Ref
    to: Ref

    @property
    def where(self) -> str:
        """The channel that a bot writes to; "" where none is named."""
        return self.to.text() or self.channel


ASKED = ("registry", "osv")
"""Who can be asked about pins: the words of [security] ask."""


class SecurityPolicy(NamedTuple):
    """From which age, in seconds, advisories earn a warning, from which they fail the stage, and who is asked
    about every pin."""

    warn_after: float
    fail_after: float | None = None
    ask: tuple[str, ...] = ()


def alert(fields: Fields) -> AlertPolicy:
    """[alert]."""
    policy = AlertPolicy(
        fields.take("channel", str, ""),
        fields.ref("webhook") or Ref("SLACK_WEBHOOK"),
        fields.ref("token") or Ref("SLACK_TOKEN"),
        fields.ref("to") or Ref("SLACK_CHANNEL"),
    )
    fields.done()
    return policy


def security(fields: Fields) -> SecurityPolicy:
    """[security]."""
    policy = SecurityPolicy(
        fields.seconds("advisories_warn_after", "30d"),
        fields.seconds("advisories_fail_after", "0s") or None,
        fields.texts("ask", ("registry",)),
    )
    for word in policy.ask:
        if word not in ASKED:
            raise fields.error("ask", f'"{word}" is not one of {", ".join(ASKED)}{nearest(word, ASKED)}')
    fields.done()
    return policy
