"""Slack through an incoming webhook: messages go out, nothing can be asked or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_sdk.webhook import WebhookClient

from toolkit.alerting import slack_words
from toolkit.alerting.channel import Alert, Answer, Fate, Memory
from toolkit.alerting.slack import SECTION_LIMIT, context, escape
from toolkit.alerting.slack_client import FIRST_WORDS, handlers, quiet, timeout, within
from toolkit.base.redaction import Secret


class Webhook:
    """One address; `variable` is where it came from."""

    name = "slack"
    follows = False

    def __init__(self, address: Secret, variable: str) -> None:
        self._address = address
        self._variable = variable

    def send(
        self, alert: Alert, note: str, _known: Memory, _keep: Callable[[Memory], None], seconds: float
    ) -> Answer:
        """Post it; delivered only when Slack says "ok"."""
        if not self._address.reveal().lower().startswith(("https://", "http://")):
            remedy = f"put the address of an incoming webhook into {self._variable}"
            return Answer(Fate.WAITING, "the webhook is no web address", remedy, stop=True)
        return within(seconds, lambda deadline: self._post(alert, note, deadline))

    def _post(self, alert: Alert, note: str, deadline: float) -> Answer:
        client = WebhookClient(
            self._address.reveal(),
            timeout=timeout(deadline),
            logger=quiet(),
            retry_handlers=handlers(deadline),
        )
        message = alert.message
        sent: list[dict[str, Any]] = [
            {"text": message.text, "blocks": [*message.blocks, *context(note)]},
            {"text": escape(message.plain, SECTION_LIMIT)},  # words without form are better than nothing
        ]
        answer = Answer(Fate.WAITING)
        for each in sent:
            got = client.send(**each)
            answer = slack_words.of_webhook(got.status_code, got.body[:FIRST_WORDS], self._variable)
            if answer.fate is not Fate.REFUSED:
                break
        return answer
