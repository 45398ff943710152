"""An app's objects as they would be applied, though nothing is built yet. Pure."""

from __future__ import annotations

from typing import Any

from toolkit.objects import manifests
from toolkit.settings.model import App

Json = dict[str, Any]


def rendered(app: App, space: str, environment: str) -> list[Json]:
    """The objects in a space of a cluster that is not provisioned. Raises Misused for a bad template.

    A restart has none of its own: what it changes is there already.
    """
    if app.restart:
        return []
    return manifests.render(app, values(app, space, environment))


def values(app: App, space: str, environment: str) -> manifests.Values:
    """What the templates may say, with an image that stands for those that are not built."""
    nobody = {role: f"not-built-yet/{role}@sha256:{'0' * 64}" for role in app.images}
    return manifests.values(
        app, space, environment, nobody, version="none", commit="", capabilities=manifests.WHATEVER
    )
