"""Files as they lie in the storage: encrypted, and bound to their name."""

import json
import os
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes


@dataclass(frozen=True)
class File:
    """A file with its media type and the moment (seconds since the epoch) from which it is gone."""

    content: bytes
    kind: str
    expires: float

    @property
    def is_expired(self) -> bool:
        return time.time() >= self.expires


class Sealer:
    """AES-256-GCM under a key derived from the secret; the name is authenticated: files cannot be swapped."""

    def __init__(self, secret: str) -> None:
        key = HKDF(hashes.SHA256(), 32, None, b"user-filestore").derive(secret.encode())
        self.cipher = AESGCM(key)

    def seal(self, name: str, file: File) -> bytes:
        """What is stored under the name."""
        head = json.dumps({"kind": file.kind, "expires": file.expires}).encode()
        nonce = os.urandom(NONCE)
        return nonce + self.cipher.encrypt(nonce, head + b"\n" + file.content, name.encode())

    def open(self, name: str, sealed: bytes) -> File:
        """The file again. ValueError when it was changed, cut short, or sealed under another secret."""
        try:
            plain = self.cipher.decrypt(sealed[:NONCE], sealed[NONCE:], name.encode())
        except InvalidTag:
            raise ValueError("a stored file cannot be opened") from None
        head, _, content = plain.partition(b"\n")
        about = json.loads(head)
        return File(content, about["kind"], about["expires"])


def encrypted_copy(content: bytes) -> tuple[bytes, bytes, bytes]:
    """The content in AES-256-CBC with PKCS #7 padding, and the fresh key and iv that open it."""
    key, iv = os.urandom(32), os.urandom(16)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(content) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padded) + encryptor.finalize(), key, iv
