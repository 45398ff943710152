"""Checking the JSON web token of a caller with the public key that the service token cache knows."""

import base64
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import extract_compact
from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_SKEW = 90  # seconds that a token's iat may be off, either way
SECONDS = 5.0  # that the token cache may take
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")  # a Kubernetes name: it becomes part of an address
USER = re.compile(r"[\w.@+=-]{1,200}")  # a user's id, where it is part of an address


@dataclass(frozen=True)
class Caller:
    """Who signed a request: the service's slug, its namespace, and the user it acts for.

    acts_for: the form whose submission the submitter works on, from its claim `service`; else "".
    """

    service: str
    namespace: str
    user: str
    acts_for: str = ""


class TokenCache:
    """A client of the service token cache."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.client = httpx.AsyncClient(
            timeout=SECONDS, trust_env=False, transport=httpx.AsyncHTTPTransport(retries=2)
        )

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """What an app hands to its server, so that connections are closed when it stops."""
        async with self.client:
            yield

    async def public_key(
        self, service: str, namespace: str, *, ignore_cache: bool = False, request_id: str = ""
    ) -> RSAKey | None:
        """The service's public key, None if it has none; 503 when the token cache does not answer."""
        route = (
            f"/v3/applications/{service}/namespaces/{namespace}" if namespace else f"/service/v2/{service}"
        )
        try:
            answer = await self.client.get(
                self.url + route,
                params={"ignore_cache": "true"} if ignore_cache else None,
                headers={"x-request-id": request_id} if request_id else None,
            )
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
            return RSAKey.import_key(base64.b64decode(answer.json()["token"]))
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as problem:
            raise HTTPException(503, "the service token cache does not answer") from problem

    async def caller(self, request: Request) -> Caller:
        """Who sent this request; 403 unless the service it names signed its token in the last 90 seconds.

        A token that does not match the cached key is checked once more against a fresh one: keys are rotated.
        """
        token = request.headers.get("x-access-token-v2") or _bearer(request)
        claims = _unverified(token)
        service, namespace = claims["iss"], claims.get("namespace", "")
        for ignore_cache in (False, True):
            key = await self.public_key(
                service, namespace, ignore_cache=ignore_cache, request_id=request.state.request_id
            )
            if key and _signed_by(token, key):
                return Caller(service, namespace, str(claims.get("sub", "")), str(claims.get("service", "")))
        raise HTTPException(403, "the token is not signed by the service it names")


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise HTTPException(403, "the token is missing")
    return token.strip()


def _unverified(token: str) -> dict[str, Any]:
    """The claims of a token whose signature is still to be checked, if they are worth asking for a key."""
    try:
        parsed = extract_compact(token.encode())
        claims = json.loads(parsed.payload)
        algorithm = parsed.headers().get("alg")
    except (JoseError, ValueError):
        raise HTTPException(403, "the token is not a JSON web token") from None
    if algorithm != "RS256" or not isinstance(claims, dict):
        raise HTTPException(403, "the token is not signed with RS256")
    names = [claims.get("iss"), claims.get("namespace") or "none"]
    if not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
        raise HTTPException(403, "the token does not name its service")
    if not str(claims.get("sub", "")).isprintable():  # what is not can be neither stored nor passed on
        raise HTTPException(403, "the token does not name its user")
    if not _recent(claims.get("iat"), time.time()):
        raise HTTPException(403, f"the token was not issued within {MAX_SKEW} seconds of now")
    return claims


def _recent(issued: object, now: float) -> bool:
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        return False
    return now - MAX_SKEW <= issued <= now + MAX_SKEW


def _signed_by(token: str, key: RSAKey) -> bool:
    try:
        jwt.decode(token, key, algorithms=["RS256"])
    except JoseError:
        return False
    return True
