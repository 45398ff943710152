"""ServiceAccount tokens: JWTs signed with a key of this cluster (HS256), as TokenRequest hands them out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.api.access.certificates import write_private

ISSUER = "https://kubernetes.default.svc.cluster.local"
_HEADER = {"alg": "HS256", "typ": "JWT"}


def signing_key(directory: Path) -> bytes:
    """The key in <directory>/service-account.key; made when missing or short (old tokens are void then)."""
    path = directory / "service-account.key"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) < 32:
        key = secrets.token_bytes(32)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, key)
    return key


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _signature(key: bytes, signed: str) -> bytes:
    return hmac.new(key, signed.encode(errors="surrogateescape"), hashlib.sha256).digest()


def issue(
    key: bytes,
    account: Mapping[str, Any],
    *,
    now: int,
    expires: int | None,
    audiences: Sequence[str] = (),
    bound: Mapping[str, Any] | None = None,
) -> str:
    """A token for a ServiceAccount. Times are UNIX seconds; `expires` None never does (a Secret's token).

    `bound` is the spec.boundObjectRef of the TokenRequest, recorded as the claim kubernetes.io/<kind>.
    """
    metadata = account["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    reference = {"namespace": namespace, "serviceaccount": {"name": name, "uid": metadata["uid"]}}
    if bound:
        reference[bound["kind"].lower()] = {"name": bound["name"], "uid": bound.get("uid", "")}
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "aud": list(audiences) or [ISSUER],
        "iat": now,
        "nbf": now,
        "jti": secrets.token_hex(16),
        "kubernetes.io": reference,
    }
    if expires is not None:
        claims["exp"] = expires
    signed = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (_HEADER, claims))
    return f"{signed}.{_encode(_signature(key, signed))}"


def verify(key: bytes, token: str, now: float) -> dict[str, Any] | None:
    """The claims of a token of this cluster that is valid `now`, else None."""
    signed, _, signature = token.rpartition(".")
    try:
        header, _, body = signed.partition(".")
        if not hmac.compare_digest(_signature(key, signed), _decode(signature)):
            return None
        if json.loads(_decode(header)) != _HEADER:
            return None
        claims = json.loads(_decode(body))
    except (ValueError, TypeError):
        return None
    if (
        not isinstance(claims, dict)
        or now >= claims.get("exp", float("inf"))
        or ISSUER not in claims.get("aud", ())
    ):
        return None
    return claims
