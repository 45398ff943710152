"""JSON web tokens of one's own."""

import time

from joserfc import jwt
from joserfc.jwk import RSAKey


def sign(key: RSAKey, *, issuer: str, namespace: str, user: str, **claims: str) -> str:
    """A fresh RS256 token; `issuer` is the name under which the token cache knows the public key."""
    now = int(time.time())
    return jwt.encode(
        {"alg": "RS256"}, {"iss": issuer, "sub": user, "iat": now, "namespace": namespace, **claims}, key
    )
