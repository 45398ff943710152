"""Files of users and public copies of them, in one storage: what they are called, sealed and kept for."""

import hashlib
import secrets
import time

from user_filestore.sealing import File, Sealer, encrypted_copy
from user_filestore.storage import Storage

DAY = 86400.0


class Store:
    """Safe for several threads and processes. A user is known by service and id."""

    def __init__(self, storage: Storage, sealer: Sealer, public_seconds: float = DAY) -> None:
        self.storage, self.sealer, self.public_seconds = storage, sealer, public_seconds

    def put(self, service: str, user: str, content: bytes, kind: str, days: int) -> tuple[str, File]:
        """Keep a file for some days; its fingerprint, the same for the same content, and the file."""
        file = File(content, kind, time.time() + days * DAY)
        fingerprint = f"{days}d-{hashlib.sha256(content).hexdigest()}"
        self._write(_name("file", service, user, fingerprint), file)
        return fingerprint, file

    def get(self, service: str, user: str, fingerprint: str) -> File | None:
        """The user's file of that fingerprint; None if there is none any more."""
        return self._read(_name("file", service, user, fingerprint))

    def delete(self, service: str, user: str, fingerprint: str) -> None:
        """Forget the file."""
        self.storage.delete(_name("file", service, user, fingerprint))

    def publish(self, content: bytes) -> tuple[str, bytes, bytes]:
        """Put an encrypted copy where whoever has its name may read it; name, key and iv."""
        name = secrets.token_urlsafe(32)
        copy, key, iv = encrypted_copy(content)
        self._write(
            _name("public", name), File(copy, "application/octet-stream", time.time() + self.public_seconds)
        )
        return name, key, iv

    def published(self, name: str) -> File | None:
        """The copy of that name; None if there is none any more."""
        return self._read(_name("public", name))

    def _write(self, name: str, file: File) -> None:
        self.storage.put(name, self.sealer.seal(name, file), file.expires)

    def _read(self, name: str) -> File | None:
        sealed = self.storage.get(name)
        file = self.sealer.open(name, sealed) if sealed is not None else None
        return None if file is None or file.is_expired else file


def _name(*parts: str) -> str:
    """64 hexadecimal digits: nothing that a caller writes becomes part of a path."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
