"""Asks the package registry that pip is set up for about known vulnerabilities of single releases.

The registry's JSON API answers per release with `vulnerabilities`. A mirror may
have only a part of it: then it has said nothing, which is not the same as "none".
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from toolkit.base import tools
from toolkit.base.outcome import Failed

Pin = tuple[str, str]

REQUEST_SECONDS = 10.0
AT_ONCE = 4

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


def ask(registry: Registry, pins: Iterable[Pin], today: date) -> dict[Pin, dict[str, Any]]:
    """What the registry says of each pin; a pin that it does not speak of is missing from the answer."""
    context = ssl.create_default_context(cafile=registry.certificate)

    def answer(pin: Pin) -> tuple[Pin, dict[str, Any] | None]:
        name, version = pin
        for path, whole in ((f"{name}/{version}", False), (name, True)):
            document = _get(f"{registry.address}/{path}/json", registry.headers, context)
            found = advisories(document, version, whole_project=whole)
            if found is not None:
                return pin, {"asked": today.isoformat(), "advisories": found}
        return pin, None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {pin: found for pin, found in pool.map(answer, pins) if found is not None}


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


def keep(file: Path, pins: Iterable[Pin], answers: Mapping[Pin, Mapping[str, Any]]) -> None:
    """Write the answers; an older one to a pin that is still used stays where there is no newer one."""
    try:
        before = json.loads(file.read_text(encoding="utf-8"))["answers"]
    except (OSError, ValueError, KeyError, TypeError):
        before = {}
    kept: dict[str, dict[str, Any]] = {}
    for name, version in sorted(pins):
        answer = answers.get((name, version)) or before.get(name, {}).get(version)
        if answer:
            kept.setdefault(name, {})[version] = answer
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    part.write_text(json.dumps({"answers": kept}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(file)


def _get(url: str, headers: Mapping[str, str], context: ssl.SSLContext) -> Any:
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - its scheme was checked
    try:
        opened = urllib.request.urlopen(request, timeout=REQUEST_SECONDS, context=context)  # noqa: S310
        with opened as response:
            return json.load(response)
    except (OSError, ValueError):
        return None  # no answer is a fact about this pin, and the caller names the pin
