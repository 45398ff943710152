"""hadolint (https://github.com/hadolint/hadolint#cli): Dockerfiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.checks.adapter import Adapter, Asked
from toolkit.checks.reports.findings import Finding, relative


def command(asked: Asked) -> list[str]:
    """hadolint over the Dockerfiles of the app's images. Raises Misused for an app that has none."""
    if not asked.dockerfiles:
        raise Misused(
            "hadolint: the app builds no image, so there is no Dockerfile to look at",
            remedy="name its Dockerfiles in `images`, or leave hadolint out for this app",
        )
    return ["hadolint", "--no-color", "--format", "json", *asked.dockerfiles]


def read(document: Any, folder: Path) -> list[Finding]:
    """Its findings."""
    if not isinstance(document, list):
        raise TypeError("it is no list of findings")
    return [
        Finding(
            tool="hadolint",
            id=each["code"],
            message=" ".join(each["message"].split()),
            file=relative(each["file"], folder),
            line=int(each["line"]),
            severity=each["level"],
            link=_link(each["code"]),
        )
        for each in document
    ]


def _link(code: str) -> str:
    page = (
        "https://www.shellcheck.net/wiki/"
        if code.startswith("SC")
        else "https://github.com/hadolint/hadolint/wiki/"
    )
    return page + code


ADAPTER = Adapter("hadolint", command, read, decides=True, prints=True)
