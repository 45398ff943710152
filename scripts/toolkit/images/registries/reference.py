"""The name of an image, taken apart as Docker does. Pure.

Grammar: https://github.com/distribution/reference
"""

from __future__ import annotations

import re
from typing import NamedTuple

HUB = "docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])(?::\d+)?)/)?"
    rf"(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


class Reference(NamedTuple):
    """An image: its registry, its name there, and a tag, a digest or both."""

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def wanted(self) -> str:
        """What the registry is asked for: the digest decides where there is one."""
        return self.digest or self.tag or "latest"

    def by(self, digest: str) -> str:
        """The same image by its digest."""
        return f"{self.host}/{self.path}@{digest}"


def parse(text: str) -> Reference | None:
    """The parts of a name; None for what is no name of an image."""
    first, slash, _ = text.partition("/")
    named = slash and (first == "localhost" or any(letter in first for letter in ".:["))
    found = _REFERENCE.fullmatch(text if named else f"{HUB}/{text}")
    if not found:
        return None
    path = found["path"]
    if found["host"] == HUB and "/" not in path:
        path = f"library/{path}"
    return Reference(found["host"], path, found["tag"] or "", found["digest"] or "")


def is_loopback(host: str) -> bool:
    """Whether a registry, host or host:port, is on this machine, where nobody uses TLS."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    named = name in ("localhost", "[::1]") or name.endswith(".localhost")
    return named or re.fullmatch(r"127(?:\.\d{1,3}){3}", name) is not None


def host_of(address: str) -> str:
    """The host of a registry's address, or of an image's name."""
    return address.partition("/")[0]
