"""A repository elsewhere: its address without credentials, the ref that is meant, and how git gets in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from toolkit.base.redaction import Secret
from toolkit.ci.checkout import is_full

_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<user>[^/@:]*)(?::(?P<word>[^/]*))?@)?(?P<rest>.*)"
)
_BY_SSH = re.compile(r"[^/\\:]+:.")
_SHORTEST_TOKEN = 16  # characters: a user's name is shorter, a token alone before the @ is not

# What the helper says comes from variables: neither a file nor a command line holds it.
_USER, _WORD = "PIPELINE_GIT_USER", "PIPELINE_GIT_WORD"
_HELPER = f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "${_USER}" "${_WORD}"; }}; f'

TAKEN = ("https", "http", "ssh", "git", "file")
"""Transports that are taken: others run programs."""
# Neither hooks nor templates of this user run in a checkout, and nothing goes on in the background.
_SETTINGS = (
    *(("core.hooksPath", "/dev/null"), ("init.templateDir", ""), ("core.fsmonitor", "false")),
    *(("gc.auto", "0"), ("maintenance.auto", "false"), ("fetch.unpackLimit", "1")),
    *(("fetch.recurseSubmodules", "false"), ("submodule.recurse", "false")),
    *(("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", "60"), ("credential.interactive", "false")),
)


class Remote(NamedTuple):
    """A repository and a ref of it.

    url has no credentials in it, and may be shown; it is "" where `variable`, the name of the one that holds
    the address, is not set. user and word are what the address had besides. where: the key that names it.
    """

    url: str
    ref: str
    variable: str = ""
    user: Secret | None = None
    word: Secret | None = None
    where: str = ""

    @classmethod
    def of(cls, address: str, ref: str, folder: Path, variable: str = "") -> Remote:
        """From what a configuration says; a path is from `folder`."""
        found = _ADDRESS.fullmatch(address)
        if not found:
            if address and not _BY_SSH.match(address):
                address = str((folder / Path(address).expanduser()).resolve())
            return cls(address, ref, variable)
        from urllib.parse import unquote  # most addresses have no credentials, and most apps no address

        scheme, user, word, rest = found.group("scheme", "user", "word", "rest")
        is_token = word is None and user is not None and len(user) >= _SHORTEST_TOKEN
        if scheme.lower() not in ("http", "https") or (not word and not is_token):
            kept = f"{user}@" if user else ""
            if word:
                Secret(unquote(word))
            return cls(f"{scheme}://{kept}{rest}", ref, variable)
        Secret(user if is_token else word)  # as it is written
        secret = Secret(unquote(word or ""))
        return cls(
            f"{scheme}://{rest}",
            ref,
            variable,
            Secret(unquote(user)) if is_token else _Plain(unquote(user)),
            secret,
        )

    @property
    def is_pinned(self) -> bool:
        """Whether the ref is a whole commit, which nobody can move."""
        return is_full(self.ref)

    @property
    def key(self) -> str:
        """What tells one repository from another."""
        return self.url or self.variable

    @property
    def credentials(self) -> str:
        """Whose business it is to be let in, as words."""
        if self.word is not None:
            return f"those in {self.variable}" if self.variable else "those in its address"
        host = re.sub(r"^[a-z+]+://", "", self.url).partition("/")[0]
        return f"those that git has for {host}" if host else "those that git has"

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What git gets besides: a helper that knows the credentials of this host alone, if there are any.

        Then the caller's own helpers are neither asked for that host nor given them to keep. What is
        elsewhere leads to no file of this machine, and no hook or template of this user runs in it.
        """
        given = environ.get("GIT_CONFIG_COUNT", "")
        first = int(given) if given.isdecimal() else 0
        settings = dict(enumerate((*_SETTINGS, *self._helpers()), first))
        is_here = self.url.startswith(("/", "file:"))
        return {
            **{f"GIT_CONFIG_KEY_{at}": key for at, (key, _) in settings.items()},
            **{f"GIT_CONFIG_VALUE_{at}": value for at, (_, value) in settings.items()},
            "GIT_CONFIG_COUNT": str(first + len(settings)),
            "GIT_ALLOW_PROTOCOL": ":".join(each for each in TAKEN if each != "file" or is_here),
            "SSH_ASKPASS_REQUIRE": "never",
            _USER: self.user.reveal() if self.user else "",
            _WORD: self.word.reveal() if self.word else "",
        }

    def _helpers(self) -> tuple[tuple[str, str], ...]:
        if self.word is None:
            return ()
        host = re.match(r"[a-z]+://[^/]*", self.url, re.I)
        key = f"credential.{host[0] if host else self.url}.helper"
        return ((key, ""), (key, _HELPER))


class _Plain(Secret):
    """A user's name: no secret, and yet of the same shape."""

    def __init__(self, value: str) -> None:
        self._value = value
