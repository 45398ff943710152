"""Image references as Kubernetes reads them. Pure.

Grammar: https://github.com/distribution/reference (name[:tag][@digest]).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[A-Za-z][\w.+-]*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_OURS = re.compile(rf"sandbox/(?P<name>{_COMPONENT})")


class InvalidReference(ValueError):
    """Not an image reference; the text is the one containerd and the kubelet give."""


@dataclass(frozen=True)
class Reference:
    """``name`` without tag and digest; ``tag`` and ``digest`` ("sha256:<hex>") are "" when absent."""

    name: str
    tag: str = ""
    digest: str = ""

    @property
    def ours(self) -> str:
        """The bare name of an image of this sandbox ("web" of "sandbox/web"), "" for any other."""
        found = _OURS.fullmatch(self.name)
        return found["name"] if found else ""


def parse(text: str) -> Reference:
    """The parts of ``text``; a reference without tag and digest gets the tag latest, as the kubelet does.

    >>> parse("sandbox/web")
    Reference(name='sandbox/web', tag='latest', digest='')
    """
    found = _REFERENCE.fullmatch(text)
    if not found:
        lower = _REFERENCE.fullmatch(text.lower())
        reason = "invalid reference format"
        if lower:
            reason += f": repository name (library/{text}) must be lowercase"
        raise InvalidReference(f'couldn\'t parse image name "{text}": {reason}')
    tag = found["tag"] or ("" if found["digest"] else "latest")
    return Reference(found["name"], tag, found["digest"] or "")


def valid_name(name: str) -> bool:
    """Whether an image of the sandbox may be called ``name`` (one path component, lower case)."""
    return re.fullmatch(_COMPONENT, name, re.ASCII) is not None
