"""Slack's Web API over real HTTP, as far as a bot needs it: messages are kept, changed and asked for."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.scripts.alerting.serving import Serving

TOKEN = "xoxb-canary-5d1e8c77aa02"
CHANNEL, NAME = "C0DEPLOYS", "deployments"

Answer = tuple[int, dict[str, str], Any]


@dataclass
class Message:
    """A message in the channel, or in the thread of another."""

    ts: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    thread: str = ""
    texts: list[str] = field(default_factory=list)  # what it said, from first to last

    @property
    def title(self) -> str:
        return str(self.blocks[0]["text"]["text"]) if self.blocks else self.text


class Slack(Serving):
    """`answers[method]` are given before the real ones: an answer, "silence" (it is done, and nobody hears of
    it) or "nothing" (it is not done, and nobody answers)."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answers: dict[str, list[Answer | str]] = {}
        self.calls: list[str] = []
        self.scopes = {"chat:write", "channels:history", "channels:read"}
        self._lock = threading.Lock()
        super().__init__()
        self.url = f"{self.address}/api/"

    def respond(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        method = handler.path.rsplit("/", 1)[-1].partition("?")[0]
        raw = body.decode()
        if handler.headers.get("Content-Type", "").startswith("application/json"):
            given = json.loads(raw or "{}")
        else:
            given = dict(urllib.parse.parse_qsl(raw))
        status, headers, said = self.answer(method, given, handler.headers.get("Authorization", ""))
        self.asked.release()
        if said == "nothing":
            self.hang()
            return
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        with contextlib.suppress(OSError):  # whoever asked was killed
            handler.end_headers()
            handler.wfile.write(data)

    @property
    def shown(self) -> list[Message]:
        """What the channel shows."""
        return [each for each in self.messages if not each.thread]

    def thread_of(self, message: Message) -> list[Message]:
        return [each for each in self.messages if each.thread == message.ts]

    def env(self, **more: str) -> dict[str, str]:
        """The variables of a run that talks to it."""
        return {"SLACK_TOKEN": TOKEN, "SLACK_API_URL": self.url, "SLACK_CHANNEL": f"#{NAME}", **more}

    def answer(self, method: str, given: dict[str, Any], authorization: str) -> Answer:
        with self._lock:
            self.calls.append(method)
            planned = self.answers.get(method) or []
            now = planned.pop(0) if planned else None
            if isinstance(now, tuple):
                return now
            if now == "nothing":
                return 200, {}, "nothing"
            if authorization != f"Bearer {TOKEN}":
                return 200, {}, {"ok": False, "error": "invalid_auth"}
            said = getattr(self, f"_{method.replace('.', '_')}")(given)
            return 200, {}, "nothing" if now == "silence" else said

    def _chat_postMessage(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["channel"] not in (CHANNEL, f"#{NAME}"):
            return {"ok": False, "error": "channel_not_found"}
        if not given.get("text") and not given.get("blocks"):
            return {"ok": False, "error": "no_text"}
        thread = given.get("thread_ts") or ""
        if thread and not any(each.ts == thread for each in self.messages):
            return {"ok": False, "error": "thread_not_found"}
        ts = f"1795000000.{len(self.calls):06d}"
        made = Message(ts, given["text"], given.get("blocks") or [], given.get("metadata"), thread)
        made.texts.append(made.title)
        self.messages.append(made)
        return {"ok": True, "channel": CHANNEL, "ts": ts}

    def _chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["channel"] != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        for each in self.messages:
            if each.ts == given["ts"]:
                each.text, each.blocks = given["text"], given.get("blocks") or []
                each.texts.append(each.title)
                return {"ok": True, "channel": CHANNEL, "ts": each.ts}
        return {"ok": False, "error": "message_not_found"}

    def _conversations_list(self, given: dict[str, Any]) -> dict[str, Any]:
        if "channels:read" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": "channels:read"}
        if not given.get("cursor"):
            return {"ok": True, "channels": [], "response_metadata": {"next_cursor": "more"}}
        return {"ok": True, "channels": [{"id": CHANNEL, "name": NAME}]}

    def _conversations_history(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._history(given, self.shown)

    def _conversations_replies(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._history(given, [each for each in self.messages if each.thread == given["ts"]])

    def _history(self, given: dict[str, Any], messages: list[Message]) -> dict[str, Any]:
        if "channels:history" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": "channels:history"}
        if given["channel"] != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        found = [{"ts": each.ts, "text": each.text, "metadata": each.metadata} for each in messages]
        return {"ok": True, "messages": found[::-1]}
