"""What a cluster answers when it does not do what was asked, as sentences for a person."""

from __future__ import annotations

import json
import re
from typing import Any

import urllib3

from toolkit.base.outcome import INCONCLUSIVE, Failed, Outcome
from toolkit.base.tools import redact
from toolkit.objects.fields import mapping, number, objects, text


class Unreachable(Failed):
    """No answer: nothing listens, the name is unknown, the TLS handshake failed or the time was up."""

    @property
    def outcome(self) -> Outcome:
        """It tells of the cluster, and nothing of what was to be judged there."""
        return super().outcome._replace(details={INCONCLUSIVE: True})


class TlsRefused(Unreachable):
    """Something answers, but it is not who the certificate promises, or it refuses ours."""


class ApiError(Failed):
    """The API server answered with an error status."""

    def __init__(
        self, reason: str, *, status: int, word: str, body: dict[str, Any], remedy: str = "", said: str = ""
    ) -> None:
        """said: the answer's own words, which are an app's where a request was passed on to one."""
        super().__init__(reason, remedy=remedy)
        self.said = said
        self.status = status
        self.word = word
        self.body = body

    @property
    def causes(self) -> list[dict[str, Any]]:
        """details.causes of the Status object: field, reason, message."""
        return objects(self.body, "details", "causes")


def api_error(status: int, payload: bytes, *, doing: str, cluster: str, space: str, holder: str) -> ApiError:
    """The error for an answer with this status. holder names the credential; its value is in no sentence."""
    try:
        body = mapping(json.loads(payload or b"{}"))
    except ValueError:
        body = {}
    said = redact(
        text(body, "message") or payload[:300].decode("utf-8", "replace").strip() or f"HTTP {status}"
    )
    word = text(body, "reason")
    where = f"cluster {cluster}, space {space}"
    remedy = ""
    if status == 401:
        reason = f"{where}: the credential in {holder} was refused (401) while {doing}"
        remedy = f"renew the credential in {holder}; it may have expired or belong to another cluster"
    elif status == 403 and _is_permission(said):
        reason = f"{where}: the credential in {holder} may not do this (403) while {doing}: {said}"
        remedy = f"use a credential with that permission in {holder}, or have it granted"
    elif status == 404 and text(body, "details", "kind") == "namespaces":
        missing = text(body, "details", "name")
        reason = f"{where}: there is no namespace {missing}"
        remedy = f"create it, or set provision = true in clusters.{cluster} of apps.toml"
    else:
        reason = f"{where}: {said} ({status} while {doing})"
        remedy = _remedy(status, said)
    return ApiError(reason, status=status, word=word, body=body, remedy=remedy, said=said)


# structured-merge-diff (typed/merge.go), for the entries of a list that are told apart by a key.
_DUPLICATE = re.compile(r"(\.\S+): duplicate entries for key \[(\w+)=\"?([^\]\"]*)\"?\]")


# Server-side apply answers with 500 what is the manifest's fault; nothing was written.
_MANIFEST = re.compile(r"failed to (?:create typed patch|convert new) object \(")


def is_manifests(error: ApiError) -> bool:
    """Whether it is the manifest that the server complains of, whatever the status says."""
    return error.status in (400, 422) or (error.status == 500 and bool(_MANIFEST.match(error.said)))


def _remedy(status: int, said: str) -> str:
    """What to do about a manifest that server-side apply cannot read; "" when it is something else."""
    found = _DUPLICATE.search(said)
    if found is None:
        mine = status == 500 and _MANIFEST.match(said)
        return "correct the manifest: a field has another name or type (see kubectl explain)" if mine else ""
    where, key, value = found.groups()
    return f"in the manifest keep one of the entries with `{key}: {value}` at {where.lstrip('.')}"


def _is_permission(message: str) -> bool:
    """Quota, admission and terminating namespaces are answered with 403 too; only RBAC says "cannot"."""
    return " cannot " in message or "forbidden: User" in message or message in ("", "Forbidden", "HTTP 403")


def unreachable(
    error: Exception, *, cluster: str, space: str, server: str, holder: str, seconds: float
) -> Unreachable:
    """The failure for an exception of urllib3 that means that there was no answer."""
    where = f"cluster {cluster}, space {space}: {server}"
    cause: BaseException = error
    while isinstance(cause, urllib3.exceptions.MaxRetryError) and cause.reason is not None:
        cause = cause.reason
    if isinstance(cause, urllib3.exceptions.SSLError):
        return TlsRefused(
            f"{where} cannot be trusted: {_words(cause)}",
            remedy=f"the certificate authority given beside {holder} does not belong to this server",
        )
    if isinstance(cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.NameResolutionError):
        said = "does not accept connections" if "refused" in str(cause).lower() else _words(cause)
    elif isinstance(cause, urllib3.exceptions.TimeoutError):
        said = f"did not answer within {seconds:.0f} s"
    else:
        said = f"broke the connection ({_words(cause)})"
    return Unreachable(f"{where} {said}", remedy=f"is the cluster up, and is {holder} for this cluster?")


def _words(error: BaseException) -> str:
    words = str(error.args[-1] if error.args else error)
    return redact(words.rpartition(": ")[2] if "object at 0x" in words else words)[:200]


def is_namespace_missing(error: ApiError) -> bool:
    """Whether the API said that the namespace does not exist."""
    return error.status == 404 and text(error.body, "details", "kind") == "namespaces"


def retry_after(error: ApiError) -> int:
    """How many seconds the server asks to wait, 0 when it does not say."""
    return number(error.body, "details", "retryAfterSeconds")
