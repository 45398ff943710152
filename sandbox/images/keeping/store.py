"""Where images live: <state>/images/<sha256>/{manifest.json,rootfs/}, and which names and tags mean which
digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.base import files
from sandbox.images.keeping.references import Reference, parse


class ImageNotFound(Exception):
    """No such image in this store; the text says how to build it."""


@dataclass(frozen=True)
class Image:
    """A built image. ``reference`` is sandbox/<name>@sha256:<hex> (or the name it was pulled by), which is
    also the imageID a pod's status shows."""

    reference: str
    digest: str
    rootfs: Path
    manifest: dict[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        """env, entrypoint, cmd, workdir, user, stopSignal, labels, exposed."""
        config: dict[str, Any] = self.manifest["config"]
        return config


def digest_of(manifest: dict[str, Any]) -> str:
    """sha256:<hex> of a manifest's canonical JSON."""
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


class Store:
    """The images of one sandbox. Every write is a rename, so readers and simultaneous builds never see half
    of one."""

    def __init__(self, state: Path) -> None:
        self.images = state / "images"
        self.layers = state / "layers"
        self._refs = self.images / "refs"
        self._pulled = self.images / "pulled"

    def path(self, digest: str) -> Path:
        """Where the image with this digest is, or would be."""
        return self.images / digest.removeprefix("sha256:")

    def has(self, digest: str) -> bool:
        """Whether the image is complete (the manifest is written into it before the directory gets its
        name)."""
        return (self.path(digest) / "manifest.json").is_file()

    def name(self, name: str, digest: str, tags: tuple[str, ...]) -> str:
        """Give a stored image a name and tags; returns sandbox/<name>@<digest>."""
        if not (self._refs / name / digest).is_file():
            files.write_atomically(self._refs / name / digest, "")
        for tag in tags:
            files.write_atomically(self._refs / name / f"tag:{tag}", digest)
        return f"sandbox/{name}@{digest}"

    def find(self, text: str) -> Image:
        """The image that a pod's ``image`` means. Raises InvalidReference or ImageNotFound."""
        reference = parse(text)
        if not reference.ours:
            if image := self._pulled_before(reference):
                return image
            raise ImageNotFound(
                f'failed to resolve reference "{text}": the sandbox has no registry to pull from; '
                "build the image with `python -m sandbox build`: not found"
            )
        digest = reference.digest or self._tagged(reference)
        known = digest and (self._refs / reference.ours / digest).is_file()
        if not known or not self.has(digest):
            raise ImageNotFound(f'failed to resolve reference "{text}": {text}: not found')
        return self._image(f"sandbox/{reference.ours}", digest)

    def pulled(self, name: str, digest: str, tag: str) -> Image:
        """Note that a stored image was pulled from a registry under a name (and a tag, or "")."""
        for each in (digest, f"tag:{tag}" if tag else digest):
            files.write_atomically(self._pulled / quote(name, safe="") / each, digest)
        return self._image(name, digest)

    def _pulled_before(self, reference: Reference) -> Image | None:
        try:
            known = reference.digest or f"tag:{reference.tag}"
            digest = (self._pulled / quote(reference.name, safe="") / known).read_text()
        except OSError:
            return None
        return self._image(reference.name, digest) if self.has(digest) else None

    def _image(self, name: str, digest: str) -> Image:
        root = self.path(digest)
        manifest = json.loads((root / "manifest.json").read_text())
        return Image(f"{name}@{digest}", digest, root / "rootfs", manifest)

    def _tagged(self, reference: Reference) -> str:
        try:
            return (self._refs / reference.ours / f"tag:{reference.tag}").read_text()
        except OSError:
            return ""

    def listed(self) -> list[str]:
        """Every reference in the store, by name and digest, for `status`."""
        if not self._refs.is_dir():
            return []
        return sorted(
            f"sandbox/{name.name}@{entry.name}"
            for name in self._refs.iterdir()
            for entry in name.iterdir()
            if entry.name.startswith("sha256:")
        )
