"""What an app's manifests are told: names, version, images; and what the cluster is that they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from toolkit.base.outcome import Misused
from toolkit.settings.apps.rendering import PLACEHOLDER
from toolkit.settings.model import App


class Capabilities(NamedTuple):
    """A cluster as a chart may ask for it: its version, the API versions and kinds that it serves.

    Empty where there is no cluster to be asked: then a chart is told what Helm takes for granted.
    """

    version: str = ""
    apis: tuple[str, ...] = ()


UNKNOWN = Capabilities()
WHATEVER = Capabilities(apis=("*",))
"""A cluster that serves every custom kind that a chart asks for: for whoever grants what it may need."""


class NeedsCluster(Misused):
    """The chart asks for a version of Kubernetes, and no cluster was asked for its own."""


@dataclass(frozen=True)
class Values:
    """What a template may say."""

    app: str
    environment: str
    space: str
    namespace: str
    service: str
    version: str
    commit: str
    images: Mapping[str, str]
    provision: bool = False
    capabilities: Capabilities = UNKNOWN

    def variables(self) -> dict[str, Any]:
        """The template variables."""
        return {key: value for key, value in vars(self).items() if key != "capabilities"}

    def fill(self, text: str) -> str:
        """A text of apps.toml with its placeholders filled: {commit}, {image.api}, {image.api.repository}."""
        return PLACEHOLDER.sub(lambda found: self._word(found[1]), text)

    def filled(self, value: Any) -> Any:
        """The same for all texts of a table."""
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, Mapping):
            return {key: self.filled(each) for key, each in value.items()}
        return [self.filled(each) for each in value] if isinstance(value, list | tuple) else value

    def _word(self, name: str) -> str:
        if not name.startswith("image."):
            return str(getattr(self, name))
        role = name.removeprefix("image.")
        if role in self.images:
            return self.images[role]
        role, _, part = role.rpartition(".")
        repository, _, digest = self.images[role].partition("@")
        return {"repository": repository, "digest": digest, "hex": digest.partition(":")[2]}[part]


def values(app: App, space: str, environment: str, images: Mapping[str, str], **more: Any) -> Values:
    """The values of an app in a space; more: version, commit, provision, capabilities."""
    return Values(
        app=app.name,
        environment=environment,
        space=space,
        namespace=app.namespace_in(space),
        service=app.service_in(space),
        images=dict(images),
        **more,
    )
