"""What leaves the runner and comes back: sealed with keys that are derived from the service's secret.

Answers (AES-256-GCM, bound to their user), the cookie and the resume link (sealed, with an expiry) and the
token against forged requests. Each purpose has a key of its own, so none can be passed off as another.
"""

import base64
import binascii
import hashlib
import hmac
import os
import time
import uuid

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes, as NIST SP 800-38D wants them for GCM
LIFE = 28 * 24 * 3600  # seconds that a cookie and a resume link are good for
PURPOSES = ("answers", "cookie", "resume", "forgery", "caller")


class Broken(ValueError):
    """It was not sealed here, not for this, or it was changed on its way."""


class Pass(msgspec.Struct, array_like=True):
    """Names a user until a point in time (seconds since the epoch)."""

    user: str
    until: float


class Sealer:
    """Seals and opens. Safe for several threads."""

    def __init__(self, secret: str) -> None:
        def derived(purpose: str) -> bytes:
            return HKDF(SHA256(), 32, None, b"form-builder runner " + purpose.encode()).derive(
                secret.encode()
            )

        self._keys = {purpose: derived(purpose) for purpose in PURPOSES}

    def seal(self, purpose: str, plain: bytes, *, bound_to: str = "") -> str:
        """URL-safe text that only `open` with the same purpose and `bound_to` turns back."""
        nonce = os.urandom(NONCE)
        sealed = nonce + AESGCM(self._keys[purpose]).encrypt(nonce, plain, bound_to.encode())
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, purpose: str, sealed: str, *, bound_to: str = "") -> bytes:
        """What was sealed; raises Broken."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode() + b"=" * (-len(sealed) % 4))
            return AESGCM(self._keys[purpose]).decrypt(raw[:NONCE], raw[NONCE:], bound_to.encode())
        except (binascii.Error, ValueError, InvalidTag):
            raise Broken(f"this is no {purpose} of ours") from None

    def give_pass(self, purpose: str, user: str) -> str:
        """A cookie or a resume link for a user."""
        return self.seal(purpose, msgspec.json.encode(Pass(user, time.time() + LIFE)))

    def user_of(self, purpose: str, sealed: str) -> str:
        """Whose cookie or resume link this is; raises Broken when it is not ours or has expired."""
        found = msgspec.json.decode(self.open(purpose, sealed), type=Pass)
        if found.until < time.time():
            raise Broken(f"this {purpose} has expired")
        return found.user

    def form_token(self, user: str) -> str:
        """What a form has to bring back, to show that it is this user's and not one of another site."""
        mark = hmac.digest(self._keys["forgery"], user.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mark).decode().rstrip("=")

    def is_form_token(self, user: str, given: str) -> bool:
        return hmac.compare_digest(self.form_token(user).encode(), given.encode())


def new_user() -> str:
    """An id that nobody can guess; it names the user towards datastore and filestore."""
    return str(uuid.uuid4())
