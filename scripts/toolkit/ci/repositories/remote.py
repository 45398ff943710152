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
        """What git gets besides: a helper that knows the credentials of this host alone, if there are any."""
        if self.word is None:
            return {}
        given = environ.get("GIT_CONFIG_COUNT", "")
        count = int(given) if given.isdecimal() else 0
        host = re.match(r"[a-z]+://[^/]*", self.url, re.I)
        return {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"credential.{host[0] if host else self.url}.helper",
            f"GIT_CONFIG_VALUE_{count}": _HELPER,
            _USER: self.user.reveal() if self.user else "",
            _WORD: self.word.reveal(),
        }


class _Plain(Secret):
    """A user's name: no secret, and yet of the same shape."""

    def __init__(self, value: str) -> None:
        self._value = value
