"""Where sealed files lie: a folder, or a bucket that speaks S3. Names are 64 hexadecimal digits."""

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from fb_platform.settings import SettingError, rooted, setting

SWEEP = 50  # expired files that are removed at a time


class Storage(Protocol):
    """Raises OSError or what its driver raises when it does not answer."""

    def put(self, name: str, content: bytes, expires: float) -> None:
        """Store it, whole or not at all; `expires` (seconds since the epoch) is when it may be removed."""

    def get(self, name: str) -> bytes | None:
        """The content, None if there is none."""

    def delete(self, name: str) -> None:
        """Remove it; that there is none is as good."""

    def ping(self) -> None:
        """Raises unless it takes files, as far as can be told every second without leaving any."""


class Folder:
    """Files below a folder, spread over 256 of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def put(self, name: str, content: bytes, expires: float) -> None:
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._sweep(place.parent)
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.utime(temporary, (expires, expires))  # tells the sweep, without opening it
            Path(temporary).replace(place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync(place.parent)

    def get(self, name: str) -> bytes | None:
        try:
            return self._place(name).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        self._place(name).unlink(missing_ok=True)

    def ping(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.home) as file:
            file.write(b"x")

    def _place(self, name: str) -> Path:
        return self.home / name[:2] / name

    def _sweep(self, folder: Path) -> None:
        """Remove what has expired beside a file that is written, and what a killed process left half done."""
        now, removed = time.time(), 0
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):
                age = now - entry.stat().st_mtime
                if age >= (3600 if entry.name.startswith(".new-") else 0) and removed < SWEEP:
                    Path(entry.path).unlink(missing_ok=True)
                    removed += 1


class Bucket:
    """A bucket on S3 or on what speaks its language. Expired objects are its lifecycle rule's to remove."""

    def __init__(self, name: str, client: Any) -> None:
        self.name, self.client = name, client

    def put(self, name: str, content: bytes, expires: float) -> None:
        self.client.put_object(
            Bucket=self.name, Key=name, Body=content, Metadata={"expires": f"{expires:.0f}"}
        )

    def get(self, name: str) -> bytes | None:
        try:
            answer = self.client.get_object(Bucket=self.name, Key=name)
        except self.client.exceptions.NoSuchKey:
            return None
        return bytes(answer["Body"].read())

    def delete(self, name: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=name)

    def ping(self) -> None:
        self.client.head_bucket(Bucket=self.name)


def from_settings() -> Storage:
    """What OBJECT_STORE names: file:///folder or s3://bucket, with the AWS_* variables that boto3 reads."""
    address = urlsplit(setting("OBJECT_STORE", "file:///var/lib/user-filestore"))
    if address.scheme == "file" and address.path:
        return Folder(rooted(address.path))
    if address.scheme == "s3" and address.netloc:
        import boto3  # costs half a second, only where it is used
        from botocore.config import Config

        quick = Config(connect_timeout=3, read_timeout=20, retries={"max_attempts": 3})
        return Bucket(address.netloc, boto3.client("s3", config=quick))
    raise SettingError("OBJECT_STORE must be file:///a/folder or s3://a-bucket")


def _sync(folder: Path) -> None:
    """A file that was renamed survives a power cut only once its folder is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
