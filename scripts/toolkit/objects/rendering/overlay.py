"""A kustomization: `kustomize build`, or `kubectl kustomize` where that is what is there, renders it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.base import tools
from toolkit.base.outcome import Misused
from toolkit.base.redaction import redact
from toolkit.objects.reading.source import Read, shown
from toolkit.objects.rendering import made
from toolkit.objects.rendering.hints import KUSTOMIZATIONS
from toolkit.objects.rendering.program import Program
from toolkit.objects.rendering.values import Values
from toolkit.settings.model import App

SECONDS = 120.0
_ERROR = re.compile(r"^[Ee]rror: ")
PROGRAMS = (
    Program(
        ("kustomize", "kubectl"),
        "v4.5",
        (("kustomize", "version"), ("kubectl", "version", "--client")),
        "see https://kubectl.docs.kubernetes.io/installation/kustomize/ (kubectl will do too)",
    ),
)
# Nothing is fetched: what an overlay is made of lies in the repository.
_NO_NETWORK = {
    "GIT_ALLOW_PROTOCOL": "none",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
}


def read(app: App, given: Values) -> Sequence[Read]:
    """The overlay's objects, with the images that were built. Raises Misused with what kustomize said."""
    folder = _folder(app, given)
    ran = tools.run(
        [*_command(), str(folder)], echo=False, check=False, apart=True, timeout=SECONDS, env=_NO_NETWORK
    )
    if ran.code:
        lines = [redact(line) for line in ran.errors.reveal().splitlines() if line.strip()]
        said = [line for line in lines if not line.startswith("#")] or [redact("it said nothing of why")]
        raise Misused(
            f"{app.name}: kustomize cannot render {shown(folder)}: {_ERROR.sub('', said[-1])}",
            remedy=f"{' '.join(_command())} {folder} shows the same",
            evidence=said[:-1][-8:],
        )
    found = list(made.objects(Path(*folder.parts[-2:]), ran.answer.reveal()))
    _name_images(app, found, given.images)
    return found


def stamp(app: App, given: Values) -> object:
    """When the last file of the app changed: an overlay is made of bases anywhere in it."""
    folder = _folder(app, given)
    times = [each.stat().st_mtime_ns for each in folder.parent.parent.rglob("*.y*ml") if each.is_file()]
    return len(times), max(times, default=0)


def notes(_app: App) -> Sequence[str]:
    """Nothing is left out."""
    return ()


def nothing(app: App) -> str:
    """An overlay of nothing."""
    assert app.rendering is not None  # noqa: S101
    return f'the kustomization "{app.rendering.place}" renders to no object'


def _folder(app: App, given: Values) -> Path:
    assert app.rendering is not None  # noqa: S101 - sources.py chose this module by it
    folder = app.path / given.fill(app.rendering.place)
    remedy = f"correct `kustomize` of [apps.{app.name}] in apps.toml"
    if not folder.is_dir():
        raise Misused(f"{app.name}: there is no kustomization in {folder}: no such folder", remedy=remedy)
    if not any((folder / name).is_file() for name in KUSTOMIZATIONS):
        raise Misused(f"{app.name}: {folder} has no {KUSTOMIZATIONS[0]}", remedy=remedy)
    return folder


def _command() -> tuple[str, ...]:
    if not shutil.which("kustomize") and shutil.which("kubectl"):
        return ("kubectl", "kustomize")
    return ("kustomize", "build")


def _name_images(app: App, found: Sequence[Read], images: Mapping[str, str]) -> None:
    """Containers whose image is called as a role, or as what was built for it, get that by its digest.

    Raises Misused for an image that no container has: what was built would not be what is deployed.
    """
    names: dict[str, str] = {}
    for role, reference in images.items():
        names |= {role: role, reference.partition("@")[0].rpartition("/")[2]: role}
    used: set[str] = set()
    for container in _containers([obj for _, obj in found]):
        name = _name(str(container.get("image") or ""))
        role = names.get(name) or names.get(name.rpartition("/")[2]) or ""
        if role:
            container["image"] = images[role]
            used.add(role)
    if unused := sorted(set(images) - used):
        known = " or ".join(dict.fromkeys(f'"{name}"' for name, each in names.items() if each == unused[0]))
        raise Misused(
            f"{app.name}: no container of the kustomization has the image of the role {unused[0]}",
            remedy=f"write image: {known} where it belongs; the pipeline puts the digest in",
        )


def _containers(value: Any) -> Iterator[dict[str, Any]]:
    """Whatever stands in a list of containers, in custom kinds too, as kustomize's own images do it."""
    if isinstance(value, list):
        for each in value:
            yield from _containers(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in ("containers", "initContainers") and isinstance(each, list):
                yield from (container for container in each if isinstance(container, dict))
            else:
                yield from _containers(each)


def _name(image: str) -> str:
    """An image's reference without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
