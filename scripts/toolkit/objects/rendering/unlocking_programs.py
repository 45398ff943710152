"""The programs that unlock values from elsewhere, for whoever looks whether they are there."""

from __future__ import annotations

from toolkit.objects.rendering.program import Program
from toolkit.settings.tables.secrets import Secrets

_UNLOCKING = {
    "git-crypt": Program(
        ("git-crypt",),
        "0.6",
        (("git-crypt", "--version"),),
        "install git-crypt with this system's package manager",
    ),
    "sops": Program(
        ("sops",),
        "3.7",
        (("sops", "--version", "--disable-version-check"),),
        "see https://github.com/getsops/sops/releases",
    ),
}


def of_secrets(secrets: Secrets | None) -> tuple[Program, ...]:
    """What a table of secrets needs; its own command is its own affair."""
    return (_UNLOCKING[secrets.unlock],) if secrets and secrets.unlock else ()
