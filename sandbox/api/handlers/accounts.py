"""serviceaccounts/token: TokenRequest."""

from __future__ import annotations

import time

from aiohttp import web

from sandbox.api.access.tokens import ISSUER, issue
from sandbox.api.calls.call import Call, answer
from sandbox.api.wire.status import bad_request, invalid
from sandbox.api.writing.writes import timestamp

_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600


async def request_token(call: Call) -> web.StreamResponse:
    """POST .../token: a signed token for spec.expirationSeconds (3600) and spec.audiences (this API)."""
    target = call.target
    body = await call.body()
    spec = (body.get("spec") or {}) if isinstance(body, dict) else None
    if not isinstance(spec, dict):
        raise bad_request("cannot be handled as a TokenRequest")
    entry = call.cluster.registry.live(target.info, target.namespace, target.name)
    seconds = spec.get("expirationSeconds", _USUAL)
    if seconds is None:
        seconds = _USUAL
    if not isinstance(seconds, int) or not _SHORTEST <= seconds <= _LONGEST:
        limit = (
            "less than 10 minutes"
            if isinstance(seconds, int) and seconds < _SHORTEST
            else "larger than 2^32 seconds"
        )
        message = f"Invalid value: {seconds}: may not specify a duration {limit}"
        causes = [("spec.expirationSeconds", "FieldValueInvalid", message)]
        raise invalid("TokenRequest", "authentication.k8s.io", target.name, causes)
    now = int(time.time())
    audiences = list(spec.get("audiences") or [ISSUER])
    bound = spec.get("boundObjectRef")
    token = issue(
        call.cluster.key, entry.object, now=now, expires=now + seconds, audiences=audiences, bound=bound
    )
    made = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": target.name, "namespace": target.namespace, "creationTimestamp": timestamp(now)},
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound},
        "status": {"token": token, "expirationTimestamp": timestamp(now + seconds)},
    }
    return answer(made, 201)
