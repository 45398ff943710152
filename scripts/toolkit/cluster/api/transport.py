"""HTTP to one cluster: adds credential, timeout and user agent; failures become sentences for a person."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

from toolkit.base import signals
from toolkit.base.outcome import Failed, PipelineError
from toolkit.cluster.api import errors
from toolkit.cluster.api.credentials import Credentials
from toolkit.cluster.api.errors import ApiError, TlsRefused, Unreachable
from toolkit.objects import withholding
from toolkit.objects.fields import mapping, text
from toolkit.settings.model import Cluster

USER_AGENT = "form-builder-pipeline/1"
CONNECT_SECONDS = 4.0
# Between two bytes of an answer. A write may wait for admission webhooks (10 s each by default).
READ_SECONDS = 8.0
WRITE_SECONDS = 30.0
# A server that restarts is away for a moment; asking again is safe for what only reads, was never sent, or
# says how something is to be, as an apply does. Who writes was answered before: such a server comes back.
PATIENCE_SECONDS = 3.0
WRITE_PATIENCE_SECONDS = 20.0
# A server that has too much to do says when to come back; nothing was done with what it sent away. Without
# that word it passes on the answer of another (a node, a pod), which asking again would not change.
BUSY = (429, 503)
BUSY_SECONDS = 10.0

Json = dict[str, Any]
Warned = list[str]
_READS = ("GET", "HEAD")
_WARNING = re.compile(r'(?:^|,)\s*299\s+\S+\s+"((?:[^"\\]|\\.)*)"')


class Transport:
    """HTTP requests to one cluster with one credential. Safe to use from several threads."""

    def __init__(
        self,
        cluster: Cluster,
        space: str,
        credentials: Credentials,
        again: Callable[[], Credentials] | None = None,
    ) -> None:
        """again reads the credentials anew from where they came from, for when they have expired."""
        self.cluster = cluster
        self.space = space
        self.server = credentials.server
        self.holder = credentials.holder
        self._credentials = credentials
        self._again = again
        self._renewing = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        stream: bool = False,
        doing: str = "",
    ) -> urllib3.BaseHTTPResponse:
        """One request; any status below 400 is an answer. A stream must be closed by the caller.

        body is JSON, or bytes that are sent as they are; timeout is in seconds between two bytes.
        """
        doing = doing or f"asking for {path}"
        url = self.server + path + ("?" + urlencode(query) if query else "")
        reads = method in _READS
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        busy_until = time.monotonic() + BUSY_SECONDS
        renewed = False
        while True:
            credentials = self._credentials
            sent = self._headers(credentials, content_type if payload is not None else "", headers)
            response = self._answer(
                credentials,
                method,
                url,
                body=payload,
                headers=sent,
                seconds=timeout or (READ_SECONDS if reads else WRITE_SECONDS),
                patience=0.0 if stream else _patience(reads),
                repeatable=_repeatable(method, body),
                preload_content=not stream,
            )
            if response.status < 400:
                return response
            said = response.data
            if withholding.about_secret(path, body):
                said = withholding.without_values(said)
            response.release_conn()
            error = self._api_error(response.status, said, doing)
            if error.status == 401 and not renewed and self._renewed(credentials, sent):
                renewed = True
                continue
            pause = _seconds(response.headers.get("Retry-After", "")) or errors.retry_after(error)
            if error.status not in BUSY or not pause or not (reads or error.status == 429):
                raise error
            error.body["details"] = {**mapping(error.body, "details"), "retryAfterSeconds": pause}
            if stream or time.monotonic() + pause > busy_until:
                raise error
            time.sleep(pause)

    def _answer(
        self,
        credentials: Credentials,
        method: str,
        url: str,
        *,
        seconds: float,
        patience: float,
        repeatable: bool,
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        """The answer, whatever its status; asked again for `patience` seconds where that is safe."""
        deadline: float | None = None
        while True:
            try:
                return credentials.pool.request(
                    method,
                    url,
                    timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
                    retries=False,
                    redirect=False,
                    **options,
                )
            except urllib3.exceptions.HTTPError as error:
                failure = self._unreachable(error, seconds)
                now = time.monotonic()
                deadline = deadline or now + patience
                unsent = isinstance(error, urllib3.exceptions.NewConnectionError)
                # a read that found nobody for its whole time has waited long enough
                too_long = isinstance(error, urllib3.exceptions.TimeoutError) and method in _READS
                again = (repeatable or unsent) and not too_long and not isinstance(failure, TlsRefused)
                if not again or now > deadline:
                    raise failure from error
                time.sleep(0.2)

    def _renewed(self, refused: Credentials, sent: Mapping[str, str]) -> bool:
        """Whether there is another credential by now than the one that was refused."""
        if self._again is None:
            return False
        with self._renewing:
            if self._credentials is refused:
                try:
                    self._credentials = self._again()
                except PipelineError:
                    return False  # the refusal itself says more
            return self._headers(self._credentials, "", None).get("Authorization") != sent.get(
                "Authorization"
            )

    def json(
        self,
        method: str,
        path: str,
        *,
        decode: Callable[[bytes], Any] = json.loads,
        warnings: Warned | None = None,
        **options: Any,
    ) -> Json:
        """A request whose answer is a JSON object. What the server warns of is added to warnings."""
        response = self.request(method, path, **options)
        if warnings is not None:
            warnings += warned(response.headers.get("Warning", ""))
        try:
            answer = decode(response.data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Failed(
                f"cluster {self.cluster.name}: {self.server}{path} does not answer as a Kubernetes API does",
                remedy=f"look at the server address beside {self.holder}",
            )
        return answer

    def identify(self, headers: Mapping[str, str]) -> urllib3.HTTPHeaderDict:
        """Headers with those added that say who asks; for the gateway, which speaks to the same server."""
        return _identified(self._credentials, headers)

    @property
    def pool(self) -> urllib3.PoolManager:
        """The connection pool; for the gateway."""
        return self._credentials.pool

    def _headers(
        self, credentials: Credentials, content_type: str, extra: Mapping[str, str] | None
    ) -> urllib3.HTTPHeaderDict:
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **(extra or {})}
        if content_type:
            headers["Content-Type"] = content_type
        return _identified(credentials, headers)

    def _unreachable(self, error: Exception, seconds: float) -> Unreachable:
        return errors.unreachable(
            error,
            cluster=self.cluster.name,
            space=self.space,
            server=self.server,
            holder=self.holder,
            seconds=seconds,
        )

    def _api_error(self, status: int, payload: bytes, doing: str) -> ApiError:
        return errors.api_error(
            status, payload, doing=doing, cluster=self.cluster.name, space=self.space, holder=self.holder
        )


def _identified(credentials: Credentials, headers: Mapping[str, str]) -> urllib3.HTTPHeaderDict:
    sent = urllib3.HTTPHeaderDict(headers)
    if authorization := credentials.authorization():
        sent["Authorization"] = authorization
    for name, value in credentials.headers:
        sent.add(name, value)  # one of a name for each group
    return sent


NOBODY_ACTS = "nothing acts on it"
"""In the warning of a server that keeps an object and runs nothing of it, as the sandbox has it."""


def warned(header: str) -> Warned:
    """What a Warning header says, several joined by commas (RFC 7234, 5.5; Kubernetes uses the code 299)."""
    return [re.sub(r"\\(.)", r"\1", said) for said in _WARNING.findall(header)]


def _patience(reads: bool) -> float:
    """For how many seconds a server that is away is waited for; nobody who ends a run waits for it."""
    return PATIENCE_SECONDS if reads or signals.has_come() else WRITE_PATIENCE_SECONDS


def _repeatable(method: str, body: Any) -> bool:
    """Whether a request may reach the server twice: what it asks for is the same then. RFC 9110, 9.2.2.

    A patch says how the object is to be, unless it names the version that it is a change of.
    """
    if method == "PATCH":
        return not text(mapping(body), "metadata", "resourceVersion")
    return method in (*_READS, "DELETE")


def _seconds(value: str) -> int:
    """Retry-After in seconds; a date, which would be read by two clocks, is no number."""
    return int(value) if value.isascii() and value.isdigit() else 0


def lines_of(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The lines of a stream as they come, whole ones only: half a line at the end is a broken connection."""
    rest = b""
    for chunk in response.stream(65536, decode_content=False):
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        yield from (part for part in parts if part)
