"""Slack with a bot token: a run is one message that changes from its beginning to its end, with a thread.

Before a message is posted that is noted, and after it which one it became. Killed in between, the channel's
newest messages are asked for the one that carries this run in its metadata (scope channels:history, for a
private channel groups:history); without that scope there can be one message twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from toolkit.alerting import slack_words
from toolkit.alerting.channel import Alert, Answer, Fate, Memory
from toolkit.alerting.slack import SECTION_LIMIT, Block, context, escape
from toolkit.alerting.slack_client import FIRST_WORDS, handlers, quiet, timeout, within
from toolkit.base.redaction import Secret

ADDRESS = "SLACK_API_URL"
"""A variable: where the Web API is, for GovSlack (https://slack-gov.com/api/); default: Slack's own."""

EVENT = "pipeline_alert"
SKEW = 300.0  # seconds that this machine's clock may differ from Slack's
LOOKED_AT = 200  # messages


class Bot:
    """One token and one channel; `variable` is where the token came from."""

    name = "slack"
    follows = True

    def __init__(self, token: Secret, variable: str, where: str) -> None:
        self._token, self._variable, self._where = token, variable, where

    def send(
        self, alert: Alert, note: str, known: Memory, keep: Callable[[Memory], None], seconds: float
    ) -> Answer:
        """Post or change the run's message, then its details; delivered when Slack said ok to all of it."""
        if not self._where:
            remedy = 'name it: channel = "#name" in [alert] of apps.toml, or SLACK_CHANNEL'
            return Answer(Fate.WAITING, "there is no channel to write to", remedy, stop=True)

        def work(deadline: float) -> Answer:
            client = WebClient(
                token=self._token.reveal(),
                base_url=os.environ.get(ADDRESS) or WebClient.BASE_URL,
                timeout=timeout(deadline),
                logger=quiet(),
                retry_handlers=handlers(deadline),
            )
            try:
                _Telling(client, alert, note, dict(known), keep, self._where).tell()
            except SlackApiError as error:
                return self._answer(error)
            return Answer(Fate.DELIVERED)

        return within(seconds, work)

    def _answer(self, error: SlackApiError) -> Answer:
        response: Any = error.response
        status = getattr(response, "status_code", 0)
        data = response.data if isinstance(getattr(response, "data", None), dict) else {}
        word = str(data.get("error") or "")[:FIRST_WORDS]
        if status >= 500:
            return Answer(Fate.WAITING, f"Slack answered {status}")
        if status == 429:
            return Answer(Fate.WAITING, "Slack answered 429 'ratelimited'", stop=True)
        if status != 200 or " " in word or not word:  # a page of something in between
            remedy = "is there a proxy or a login page between this machine and slack.com?"
            return Answer(Fate.WAITING, f"what answered is not Slack ({status})", remedy, stop=True)
        return slack_words.of_method(word, self._variable, str(data.get("needed") or ""), self._where)


class _Telling:
    """One alert on its way. `known`: channel and ts of its message, reply: ts of its details, asked and
    asked_reply: since when (seconds since 1970) one was on its way whose end is not known."""

    def __init__(
        self, client: WebClient, alert: Alert, note: str, known: dict[str, Any],
        keep: Callable[[Memory], None], where: str,
    ) -> None:  # fmt: skip
        self._client, self._alert, self._known, self._keep = client, alert, known, keep
        self._where, self._note = where, note

    def tell(self) -> None:
        message = self._alert.message
        blocks = [*(message.brief or message.blocks), *context(self._note)]
        if not (self._known.get("ts") and self._change(blocks)):
            self._begin(blocks)
        if message.brief and message.blocks and not self._known.get("reply"):
            self._details(message.blocks)

    def _change(self, blocks: list[Block]) -> bool:
        """Change the message that there is; False when there is none any more."""
        given = {"channel": self._known["channel"], "ts": self._known["ts"]}
        try:
            self._formed(self._client.chat_update, blocks, **given)
        except SlackApiError as error:
            if _word(error) not in slack_words.LOST:
                raise
            self._known = {}
            self._keep(self._known)
            return False
        return True

    def _begin(self, blocks: list[Block]) -> None:
        """Post the message, or recognise the one that a killed process posted."""
        if asked := self._known.get("asked"):
            found = self._posted("message", float(asked))
            if found:
                self._noted(**found, asked=None)
                if self._change(blocks):
                    return
        self._noted(asked=time.time())
        answer = self._formed(
            self._client.chat_postMessage, blocks, channel=self._where, metadata=self._metadata("message")
        )
        self._noted(channel=str(answer["channel"]), ts=str(answer["ts"]), asked=None, reply=None)

    def _details(self, blocks: list[Block]) -> None:
        """The whole of it, into the message's thread."""
        if asked := self._known.get("asked_reply"):
            found = self._posted("details", float(asked))
            if found:
                self._noted(reply=found["ts"], asked_reply=None)
                return
        self._noted(asked_reply=time.time())
        answer = self._formed(
            self._client.chat_postMessage, blocks, plain=self._alert.message.plain,
            channel=self._known["channel"], thread_ts=self._known["ts"], metadata=self._metadata("details"),
        )  # fmt: skip
        self._noted(reply=str(answer["ts"]), asked_reply=None)

    def _formed(self, method: Callable[..., Any], blocks: list[Block], plain: str = "", **given: Any) -> Any:
        """Call a method with blocks; without, when Slack dislikes one."""
        text = self._alert.message.text
        try:
            return method(text=text, blocks=blocks, **given)
        except SlackApiError as error:
            if _word(error) not in slack_words.FORM:
                raise
        given.pop("metadata", None)
        return method(text=escape(plain, SECTION_LIMIT) if plain else text, blocks=[], **given)

    def _posted(self, part: str, since: float) -> dict[str, str] | None:
        """The message of this run that Slack has already; None when it has none, or may not be asked."""
        given: dict[str, Any] = {
            "channel": self._known.get("channel") or self._where, "oldest": str(since - SKEW),
            "limit": LOOKED_AT, "include_all_metadata": True,
        }  # fmt: skip
        try:
            if part == "details":
                answer = self._client.conversations_replies(**given, ts=self._known["ts"])
            else:
                given["channel"] = self._id_of(str(given["channel"]))
                answer = self._client.conversations_history(**given)
        except SlackApiError as error:
            if _word(error) in ("missing_scope", "not_in_channel", "channel_not_found"):
                return None
            raise
        wanted = self._metadata(part)
        for each in answer.get("messages") or []:
            if each.get("metadata") == wanted:
                return {"channel": str(given["channel"]), "ts": str(each["ts"])}
        return None

    def _id_of(self, where: str) -> str:
        """A channel's id by its name, which only posting understands."""
        if not where.startswith("#"):
            return where
        cursor = ""
        while True:
            page = self._client.conversations_list(
                types="public_channel,private_channel", exclude_archived=True, limit=1000, cursor=cursor
            )
            for each in page.get("channels") or []:
                if each.get("name") == where.removeprefix("#"):
                    return str(each["id"])
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return where

    def _metadata(self, part: str) -> dict[str, Any]:
        return {"event_type": EVENT, "event_payload": {"alert": self._alert.run, "part": part}}

    def _noted(self, **more: Any) -> None:
        self._known = {key: value for key, value in {**self._known, **more}.items() if value is not None}
        self._keep(self._known)


def _word(error: SlackApiError) -> str:
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""
