"""Messages for Slack, and their way there through an incoming webhook.

Limits are Slack's own (https://docs.slack.dev/reference/block-kit/blocks): 150 characters in a header, 3000
in a section, 2000 in a field. `send` never takes longer than it was given, whatever the other side does.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.webhook import WebhookClient

from toolkit.base.redaction import Secret
from toolkit.reporting import summary

HEADER_LIMIT, SECTION_LIMIT, FIELD_LIMIT = 150, 3000, 2000
REQUEST_SECONDS = 10
MOST_TROUBLES, MOST_PLACES = 5, 9

Block = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One alert: `text` is the notification, `blocks` what Slack shows, `plain` what a terminal shows."""

    text: str
    blocks: list[Block]
    plain: str


def message(record: summary.Record) -> Message:
    """The alert for a run, from its record."""
    title, bad, places = summary.headline(record), summary.troubles(record), summary.environments(record)
    facts, url, run = summary.facts(record), summary.link(record), str(record.get("run") or "")

    blocks = [_header(title)]
    for each in bad[:MOST_TROUBLES]:
        text = f"*Why:* {escape(each.why, 1100)}"
        if each.evidence:
            shown = "\n".join(line[-200:] for line in each.evidence).replace("`", "'")
            text += f"\n```{escape(shown, 800)}```"
        text += f"\n*What to do:* {escape(each.remedy, 600)}" if each.remedy else ""
        text += f"\n*Evidence:* {escape(', '.join(each.files), 400)}" if each.files else ""
        blocks.append(_section(text))
    if places:
        lines = [f"*{escape(name, 100)}:* {escape(state, 200)}" for name, state in places[:MOST_PLACES]]
        blocks.append(_section("\n".join(lines)))
    fields = [_mrkdwn(f"*{name}*\n{escape(value, FIELD_LIMIT - 20)}") for name, value in facts]
    blocks.append({"type": "section", "fields": fields})
    job = f"<{escape(url, 1500).replace('|', '%7C')}|CI job>" if url else "no CI job: run by hand"
    when = escape(str(record.get("started") or ""), 40)
    context = " · ".join(filter(None, (job, f"run {escape(run, 200)}", when)))
    blocks.append({"type": "context", "elements": [_mrkdwn(context)]})

    plain = [title]
    for each in bad:
        plain += [f"  why          {each.why}", *(f"    | {line}" for line in each.evidence)]
        plain += [
            f"  {'what to do' if n == 0 else '':<12} {line}" for n, line in enumerate(_lines(each.remedy))
        ]
        plain += [f"  {'evidence' if n == 0 else '':<12} {file}" for n, file in enumerate(each.files)]
    plain += [f"  {name:<12} {state}" for name, state in places]
    plain += [f"  {name.lower():<12} {value}" for name, value in facts]
    plain += [f"  {'CI job':<12} {url}" if url else f"  {'log':<12} .pipeline/runs/{run}"]
    first = f"{title} — {bad[0].why}" if bad else title
    return Message(escape(first, SECTION_LIMIT), blocks, "\n".join(plain))


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def escape(text: str, limit: int) -> str:
    """Text as Slack wants it, at most `limit` characters, never cut inside of an entity.

    Only &, < and > have a meaning (https://docs.slack.dev/messaging/formatting-message-text): without this a
    reason that holds <!channel> would wake everybody.
    """
    entities = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    pieces = [entities.get(char, char) for char in text]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    kept: list[str] = []
    room = limit - 1
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def send(webhook: Secret, alert: Message, *, note: str = "", seconds: float) -> str:
    """Post the alert; "" when Slack took it, else why not, in a sentence without the address.

    `note` is added below (that it is late). Rate limits, server errors and broken connections are tried again
    while there is time. Takes at most `seconds`.
    """
    if not webhook.reveal().lower().startswith(("https://", "http://")):
        return "the webhook is no web address"
    answer: list[str] = []
    deadline = time.monotonic() + seconds
    # A thread that is left behind, because a socket's timeout starts anew with each byte that trickles in.
    worker = threading.Thread(
        target=lambda: answer.append(_post(webhook, alert, note, deadline)), daemon=True
    )
    worker.start()
    worker.join(seconds)
    return answer[0] if answer else f"no answer within {seconds:.0f} s"


def _post(webhook: Secret, alert: Message, note: str, deadline: float) -> str:
    logger = logging.getLogger("toolkit.alerting.slack")
    logger.setLevel(logging.CRITICAL)  # the client's own log lines hold the address, which is the secret
    client = WebhookClient(
        webhook.reveal(),
        timeout=max(1, min(REQUEST_SECONDS, int(deadline - time.monotonic()))),
        logger=logger,
        retry_handlers=[
            _InTime(RateLimitErrorRetryHandler(max_retry_count=3), deadline),
            _InTime(ServerErrorRetryHandler(max_retry_count=3), deadline),
            _InTime(ConnectionErrorRetryHandler(max_retry_count=2), deadline),
        ],
    )
    blocks = [*alert.blocks, *([{"type": "context", "elements": [_mrkdwn(note)]}] if note else [])]
    try:
        answer = client.send(text=alert.text, blocks=blocks)
        if answer.status_code == 400:  # Slack dislikes a block: words without form are better than nothing
            answer = client.send(text=escape(alert.plain, SECTION_LIMIT))
    except Exception as error:  # urllib raises a dozen kinds, none of which may end a pipeline
        return f"not reached: {_cause(error)}"
    return "" if answer.status_code == 200 else f"Slack answered {answer.status_code} {answer.body[:80]!r}"


class _InTime(RetryHandler):
    """One of the client's handlers, kept from waiting longer than there is time."""

    def __init__(self, inner: RetryHandler, deadline: float) -> None:
        super().__init__(inner.max_retry_count)
        self.inner = inner
        self.deadline = deadline

    def can_retry(self, *, state: Any, request: Any, response: Any = None, error: Any = None) -> bool:
        wait = self._asked(response)
        if wait is None or time.monotonic() + wait > self.deadline:
            return False
        return self.inner.can_retry(state=state, request=request, response=response, error=error)

    def prepare_for_next_attempt(self, **arguments: Any) -> None:
        self.inner.prepare_for_next_attempt(**arguments)

    @staticmethod
    def _asked(response: Any) -> float | None:
        """Seconds until the next attempt, None when the answer asks for what the client cannot read."""
        headers = {name.lower(): values for name, values in response.headers.items()} if response else {}
        asked = headers.get("retry-after", ["0"])[0]
        return int(asked) + 1.0 if asked.isdecimal() else None  # the client adds up to a second of its own


def _cause(error: BaseException) -> str:
    inner = getattr(error, "reason", None)
    error = inner if isinstance(inner, BaseException) else error
    return getattr(error, "strerror", None) or type(error).__name__


def _header(title: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": escape(title, HEADER_LIMIT), "emoji": True},
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # verbatim: Slack must not turn what looks like a channel, a name or a link into one
    return {"type": "mrkdwn", "text": text, "verbatim": True}
