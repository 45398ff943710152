"""What unlocks values: git-crypt a checkout, sops a file. And how a file shows that it is still locked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.base import tools
from toolkit.base.outcome import Misused
from toolkit.base.redaction import Secret, redact
from toolkit.settings.tables.secrets import Secrets

GIT_CRYPT, SOPS = "git-crypt", "sops"
HEADER = b"\0GITCRYPT\0"
"""What a file begins with that git-crypt locked (git-crypt's README and doc)."""
SECONDS = 120.0
_SHOW_KEY = "git-crypt export-key - | base64 -w0 prints it where the repository is unlocked"
# The variable in which sops looks for an age key itself.
_SOPS_KEY = "SOPS_AGE_KEY"


def whole(secrets: Secrets, checkout: Path, folder: Path) -> None:
    """Unlock a checkout, where that is how its files are locked; folder is private. Raises Misused."""
    if secrets.unlock != GIT_CRYPT:
        return
    words = [GIT_CRYPT, "unlock"]
    file = folder / "key"
    if (key := _key(secrets)) is not None:
        file.touch(0o600)
        file.write_bytes(_decoded(secrets, key))
        words.append(str(file))
    try:
        ran = tools.run(words, cwd=checkout, echo=False, check=False, timeout=SECONDS)
    finally:
        file.unlink(missing_ok=True)
    if ran.code:
        said = ran.tail(1)
        raise Misused(
            f"{secrets.where}: git-crypt cannot unlock it: {said[0] if said else f'exit code {ran.code}'}",
            remedy=f"is it the key of that repository? {_SHOW_KEY}",
        )


def one(secrets: Secrets, name: str, content: bytes) -> str:
    """A file that sops locked, in plain text. Raises Misused."""
    key = _key(secrets)
    sort = "json" if name.endswith(".json") else "yaml"
    words = [SOPS, "--decrypt", "--input-type", sort, "--output-type", sort, "/dev/stdin"]
    ran = tools.run(
        words,
        echo=False,
        check=False,
        apart=True,
        timeout=SECONDS,
        stdin=content.decode(errors="replace"),
        env={_SOPS_KEY: key.reveal()} if key else None,
    )
    if ran.code:
        said = [redact(line) for line in ran.errors.reveal().splitlines() if line.strip()]
        why = said[0] if said else f"exit code {ran.code}"
        raise Misused(
            f"{secrets.where}: sops cannot decrypt {name}: {why}",
            remedy=f"is {secrets.key.env} a key that it is for?"
            if secrets.key
            else "has this user a key that it is for? `key` of that table names the variable of an age key",
            evidence=said[1:10],
        )
    return ran.answer.reveal()


def locked_by(content: bytes, value: Any) -> str:
    """The program that a file is still locked by, "" for one that is not: by its bytes, and what it says."""
    if content.startswith(HEADER):
        return GIT_CRYPT
    told = value.get("sops") if isinstance(value, Mapping) else None
    return SOPS if isinstance(told, Mapping) and "mac" in told else ""


def _key(secrets: Secrets) -> Secret | None:
    if secrets.key is None:
        return None
    found = secrets.key.read()
    if found is None:
        raise Misused(
            f"{secrets.where}: locked: {secrets.key.env}, which holds its key, is not set",
            remedy=f"export {secrets.key.env}=<the key>",
        )
    return found


def _decoded(secrets: Secrets, key: Secret) -> bytes:
    try:
        return base64.b64decode("".join(key.reveal().split()), validate=True)
    except binascii.Error:
        assert secrets.key is not None  # noqa: S101 - it has a key
        raise Misused(
            f"{secrets.where}: {secrets.key.env} does not hold a key of git-crypt in base64",
            remedy=_SHOW_KEY,
        ) from None
