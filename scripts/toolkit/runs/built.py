"""Which images were built last: `.pipeline/images/<app>.json`, {cluster: {"images": {role: image}}}."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.runs.record import HOME, read_json


def file_of(root: Path, app: str) -> Path:
    """Where that is kept for an app."""
    return root / HOME / "images" / f"{app}.json"


def read(root: Path, app: str) -> Mapping[str, Any]:
    """What was built for an app, by cluster; empty when nothing was."""
    document = read_json(file_of(root, app))
    return document if isinstance(document, dict) else {}


def digests(root: Path, app: str, cluster: str) -> dict[str, str]:
    """Role to digest (sha256:...) of what was built for a cluster; empty when nothing was."""
    entry = read(root, app).get(cluster)
    images = entry.get("images") if isinstance(entry, dict) else None
    if not isinstance(images, dict):
        return {}
    return {str(role): str(image).rpartition("@")[2] for role, image in sorted(images.items())}
