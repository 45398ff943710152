"""Who may use the publisher: whoever knows PUBLISHER_TOKEN.

Programs send it as `x-publisher-token` with each request. People type it in once and get a cookie that
tells nothing about it, ends after some hours, and is good for pages only: the JSON API takes the header
alone, so no other site can make a browser use it. Every form on a page carries a word that only a page of the
same session can know.
"""

import hashlib
import hmac
import secrets
import time

from starlette.exceptions import HTTPException
from starlette.requests import Request

HEADER, COOKIE = "x-publisher-token", "publisher-session"
LIFE = 8 * 3600  # seconds that somebody stays signed in


class Access:
    """Checks headers, cookies and what forms carry."""

    def __init__(self, token: str) -> None:
        self.token = token.encode()

    def is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.token)

    def program(self, request: Request) -> None:
        """401 without a token, 403 with a wrong one."""
        given = request.headers.get(HEADER)
        if given is None:
            raise HTTPException(401, f"the header {HEADER} is missing")
        if not self.is_token(given):
            raise HTTPException(403, f"the header {HEADER} is not the publisher's token")

    def session(self) -> str:
        """A new session, as a cookie's value: when it ends, something random, and a signature."""
        content = f"{int(time.time()) + LIFE}.{secrets.token_urlsafe(16)}"
        return f"{content}.{self._signed('session', content)}"

    def is_session(self, given: str) -> bool:
        """Whether this is a session that this publisher began and that has not ended."""
        content, _, signature = given.rpartition(".")
        if not self._fits(signature, "session", content):
            return False
        return int(content.partition(".")[0]) > time.time()

    def word(self, session: str) -> str:
        """What the forms on a session's pages carry."""
        return self._signed("page", session)

    def is_word(self, given: str, session: str) -> bool:
        return self._fits(given, "page", session)

    def _signed(self, purpose: str, content: str) -> str:
        return hmac.new(self.token, f"{purpose} {content}".encode(), hashlib.sha256).hexdigest()

    def _fits(self, given: str, purpose: str, content: str) -> bool:
        return hmac.compare_digest(
            given.encode("utf-8", "surrogateescape"), self._signed(purpose, content).encode()
        )
