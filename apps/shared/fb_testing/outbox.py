"""Reading the outbox: what arrived by mail or webhook, waited for."""

import base64
from typing import Any

from fb_testing.http import client

WAIT = 25  # seconds, a long poll


class Outbox:
    """The outbox as a test sees it at `url`, and as the apps in the cluster reach it at `internal`."""

    def __init__(self, url: str, internal: str) -> None:
        self.url, self.internal = url.rstrip("/"), internal.rstrip("/")

    def mails(self, to: str, count: int = 1) -> list[dict[str, Any]]:
        """The mails to an address once there are `count`; fails saying how many came."""
        return self._arrived("mail to " + to, "/messages", count, {"to": to})

    def calls(self, hook: str, count: int = 1) -> list[dict[str, Any]]:
        """The calls of a webhook once there are `count`."""
        return self._arrived("call of webhook " + hook, f"/webhooks/{hook}", count, {})

    def upload(self, name: str, content: bytes) -> str:
        """Put a file where the submitter finds it as if in the filestore; its address inside the cluster."""
        client.put(f"{self.url}/files/{name}", content=content).raise_for_status()
        return f"{self.internal}/files/{name}"

    def _arrived(self, what: str, route: str, count: int, query: dict[str, str]) -> list[dict[str, Any]]:
        answer = client.get(
            self.url + route,
            params={**query, "count": str(count), "wait": str(WAIT)},
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        if len(found) != count:
            raise AssertionError(f"{what}: {count} expected within {WAIT} s, {len(found)} arrived")
        return found


def attachments(mail: dict[str, Any]) -> dict[str, bytes]:
    """The attachments of a mail, content by file name."""
    return {file["filename"]: base64.b64decode(file["content"]) for file in mail["attachments"]}
