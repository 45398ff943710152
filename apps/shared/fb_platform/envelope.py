"""The envelope in which a form's runner hands a submission to the submitter."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def encrypt(document: Any, key: str) -> str:
    """Base64 of AES-256-CTR over the JSON, the IV being the first 16 characters of the 32-character key."""
    cipher = Cipher(algorithms.AES(key.encode()), modes.CTR(key[:16].encode()))
    return base64.b64encode(cipher.encryptor().update(json.dumps(document).encode())).decode()


def envelope(document: Any, key: str, *, slug: str, user_and_token: str) -> dict[str, str]:
    """The body of POST /v2/submissions. `user_and_token` is passed on by the submitter as it is."""
    return {
        "encrypted_submission": encrypt(document, key),
        "service_slug": slug,
        "encrypted_user_id_and_token": user_and_token,
    }
