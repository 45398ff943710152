"""What `docker login`, `podman login` or a credential helper has for a registry. Nothing is kept.

Files: https://docs.docker.com/reference/cli/docker/login/ and containers-auth.json(5).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import PipelineError
from toolkit.base.redaction import Secret
from toolkit.images.registries.reference import HUB

HELPER_SECONDS = 30.0
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")


class Login(NamedTuple):
    """A user and a password; is_token: the password is a token that the registry changes into another one.

    trouble: why a helper that is named for the registry gave nothing.
    """

    user: str = ""
    password: Secret | None = None
    is_token: bool = False
    trouble: str = ""

    @property
    def basic(self) -> str:
        """As the header of a request has it; "" without a login."""
        if self.password is None:
            return ""
        Secret(word := base64.b64encode(f"{self.user}:{self.password.reveal()}".encode()).decode())
        return f"Basic {word}"


def login(host: str, path: str, environ: Mapping[str, str] = os.environ) -> Login:
    """What this machine has for a registry; the file that says most of the name decides, then the first."""
    names = [f"{host}/{path}"[:end] for end in _ends(f"{host}/{path}")]
    keys = [*names, f"https://{host}", f"https://{host}/v1/", *(_HUB_KEYS if host == HUB else ())]
    trouble = ""
    for document in _documents(environ):
        found = _in_file(document, host, keys)
        if found.password:
            return found
        trouble = trouble or found.trouble
    return Login(trouble=trouble)


def _ends(name: str) -> Iterator[int]:
    """Where the longer and shorter parts of a name end, the longest first."""
    end = len(name)
    while end > 0:
        yield end
        end = name.rfind("/", 0, end)


def _documents(environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    home = Path(environ.get("HOME") or Path.home())
    runtime = environ.get("XDG_RUNTIME_DIR")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [
        Path(environ["REGISTRY_AUTH_FILE"]) if environ.get("REGISTRY_AUTH_FILE") else None,
        Path(runtime, "containers/auth.json") if runtime else None,
        config / "containers/auth.json",
        Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json",
    ]
    for file in filter(None, files):
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(document, dict):
            yield document


def _in_file(document: dict[str, Any], host: str, keys: list[str]) -> Login:
    helpers, auths = _table(document, "credHelpers"), _table(document, "auths")
    named = next((helpers[key] for key in keys if key in helpers), None)
    if isinstance(named, str):
        return _of_helper(named, host)
    for key in keys:
        entry = auths.get(key)
        if isinstance(entry, dict) and (entry.get("auth") or entry.get("identitytoken")):
            return _of_entry(entry)
    store = document.get("credsStore")
    return _of_helper(store, host) if isinstance(store, str) and store else Login()


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _of_entry(entry: dict[str, Any]) -> Login:
    if token := entry.get("identitytoken"):
        return Login("", Secret(str(token)), is_token=True)
    try:
        user, _, password = base64.b64decode(str(entry["auth"])).decode().rstrip("\0").partition(":")
    except (binascii.Error, ValueError):
        return Login(trouble="the login that is kept for it cannot be read")
    return Login(user, Secret(password))


def _of_helper(name: str, host: str) -> Login:
    """Asks docker-credential-<name>: https://github.com/docker/docker-credential-helpers"""
    program = f"docker-credential-{name}"
    server = _HUB_KEYS[0] if host == HUB else host
    try:
        ran = tools.run(
            [program, "get"], stdin=server, check=False, echo=False, timeout=HELPER_SECONDS, apart=True
        )
    except PipelineError as error:
        return Login(trouble=error.reason)
    try:
        told = json.loads(ran.answer.reveal())
        user, password = str(told["Username"]), str(told["Secret"])
    except (ValueError, KeyError, TypeError):
        said = " ".join(tools.redact(ran.errors.reveal() or ran.answer.reveal()).split())
        absent = "credentials not found" in said
        return Login(trouble="" if absent else f"{program} gave no credentials: {said or ran.code}")
    if not password:
        return Login()
    return Login("" if user == "<token>" else user, Secret(password), is_token=user == "<token>")
