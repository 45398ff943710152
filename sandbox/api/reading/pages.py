"""Listing: selectors, pages over one consistent snapshot, and which version a client may ask for."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from sandbox.api.storage.store import Entry, Store
from sandbox.api.wire.selectors import Predicate
from sandbox.api.wire.status import StatusError, bad_request, expired
from sandbox.base.kinds import KindInfo

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a "
    "new list without the continue parameter, or use the continue token in this response to retrieve "
    "the remainder of the results. Continuing with the provided token results in an inconsistent "
    "list - objects that were created, modified, or deleted between the time the first chunk was "
    "returned and now may show up in the list."
)


def encode_token(version: int, last: tuple[str, str]) -> str:
    """A continue token: the snapshot's version and the last key that was given."""
    token = {"v": "meta.k8s.io/v1", "rv": version, "start": list(last)}
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")


def decode_token(text: str) -> tuple[int, tuple[str, str]]:
    """Version (-1: whatever is newest) and last key; 400 when it is none of ours."""
    try:
        token = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        namespace, name = token["start"]
        return int(token["rv"]), (str(namespace), str(name))
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise bad_request("continue key is not valid") from None


def page(
    store: Store,
    info: KindInfo,
    namespace: str,
    matches: Predicate | None,
    *,
    limit: int = 0,
    token: str = "",
    version: str = "",
    match: str = "",
) -> tuple[Sequence[Entry], dict[str, Any]]:
    """Up to `limit` objects (0: all) and the metadata: resourceVersion, continue, remainingItemCount."""
    if token and version not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    at, after = _start(store, token, version, match)
    try:
        entries: Sequence[Entry] = store.entries(info, namespace, at)
    except StatusError as error:
        if error.code != 410:
            raise
        if not token:
            raise expired("The resourceVersion for the provided list is too old.") from None
        raise expired(_EXPIRED, continue_token=encode_token(-1, after or ("", ""))) from None
    if after is not None:
        entries = [entry for entry in entries if (entry.namespace, entry.name) > after]
    if matches is not None:
        entries = [entry for entry in entries if matches(entry.object)]
    metadata: dict[str, Any] = {"resourceVersion": str(at)}
    if limit and len(entries) > limit:
        last = entries[limit - 1]
        metadata["continue"] = encode_token(at, (last.namespace, last.name))
        if matches is None:
            metadata["remainingItemCount"] = len(entries) - limit
        entries = entries[:limit]
    return entries, metadata


def _start(store: Store, token: str, version: str, match: str) -> tuple[int, tuple[str, str] | None]:
    if token:
        at, after = decode_token(token)
        return (store.version if at < 0 else at), after
    asked = parse_version(version)
    if asked > store.version:
        raise too_large(asked, store.version)
    return (asked if match == "Exact" and asked else store.version), None


def parse_version(text: str) -> int:
    """A resourceVersion as a number, 0 when there is none; 400 when it is not one."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise bad_request(f'resourceVersion: Invalid value: "{text}": must be a number')
    return int(text)


def too_large(asked: int, current: int) -> StatusError:
    """504: a version that this cluster has not reached."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Too large resource version: {asked}, current: {current}"
    return StatusError(504, "Timeout", message, details={"causes": [cause], "retryAfterSeconds": 1})
