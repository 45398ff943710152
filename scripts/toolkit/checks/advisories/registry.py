"""Asks the package registry that pip is set up for about known vulnerabilities of single releases.

The registry's JSON API answers per release with `vulnerabilities`. A mirror may
have only a part of it: then it has said nothing, which is not the same as "none".
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from toolkit.base import tools
from toolkit.base.outcome import Failed
from toolkit.checks.advisories import reach
from toolkit.checks.advisories.answers import Answer, Pin

NAME = "package registry"
AT_ONCE = 8

# pip prints what it would use: `pip config get` fails for what is not set, and the default is in pip itself.
_ASK_PIP = """
import json
from pip._internal.configuration import Configuration
from pip._internal.models.index import PyPI
configuration = Configuration(isolated=False)
configuration.load()
known = {key.split(".", 1)[1]: value for key, value in configuration.items()}
print(json.dumps([known.get("index-url") or PyPI.simple_url, known.get("cert")]))
"""


@dataclass(frozen=True)
class Registry:
    """A registry's JSON API: its address without credentials, the header that carries them, a CA file."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate: str | None = None


def configured() -> Registry:
    """The registry that pip is set up for on this machine."""
    ran = tools.run([sys.executable, "-c", _ASK_PIP], echo=False, timeout=30, apart=True)
    try:
        index, certificate = json.loads(ran.answer.lines()[-1])
    except (ValueError, IndexError):
        raise Failed("pip does not say which registry it uses", evidence=ran.tail()) from None
    return beside(index, certificate)


def beside(index: str, certificate: str | None = None) -> Registry:
    """The JSON API beside a simple index: .../simple/ becomes .../pypi, and user:password@ a header."""
    parts = urlsplit(index.rstrip("/").removesuffix("/simple") + "/pypi")
    if parts.scheme not in ("http", "https"):
        raise Failed("the package registry that pip is set up for is not an http(s) address")
    address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if not parts.username:
        return Registry(address, {}, certificate)
    token = b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()).decode()
    for secret in (token, unquote(parts.password or "")):
        tools.Secret(secret)
    return Registry(address, {"Authorization": f"Basic {token}"}, certificate)


def ask(registry: Registry, pins: Iterable[Pin], today: date) -> dict[Pin, Answer]:
    """What the registry says of each pin; a pin that it does not speak of is missing from the answer.

    Raises reach.OutOfReachError when nobody answers there.
    """
    wanted = list(pins)

    def answer(pin: Pin) -> tuple[Pin, Answer | None]:
        name, version = pin
        for path, whole in ((f"{name}/{version}", False), (name, True)):
            url = f"{registry.address}/{path}/json"
            document = reach.document(url, NAME, headers=registry.headers, certificate=registry.certificate)
            found = advisories(document, version, whole_project=whole)
            if found is not None:
                return pin, Answer(today, tuple(found), NAME)
        return pin, None

    told = [reach.within(reach.REACHABLE_SECONDS, NAME, partial(answer, pin)) for pin in wanted[:1]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told += pool.map(answer, wanted[1:])
    return {pin: found for pin, found in told if found is not None}


def advisories(document: Any, version: str, *, whole_project: bool) -> list[dict[str, str]] | None:
    """The advisories in an answer of the JSON API; None when it does not speak of this version.

    A project's document lists those of its newest release only.
    """
    if not isinstance(document, dict) or not isinstance(document.get("vulnerabilities"), list):
        return None
    if whole_project and document.get("info", {}).get("version") != version:
        return None
    return [
        {
            "id": str(each["id"]),
            "cve": next((alias for alias in each.get("aliases", []) if alias.startswith("CVE-")), ""),
            "summary": str(each.get("summary") or each.get("details") or "").split("\n")[0][:300],
            "link": str(each.get("link") or ""),
        }
        for each in document["vulnerabilities"]
        if not each.get("withdrawn")
    ]
