"""An app of apps.toml as a typed, immutable object, and what the tables of the file become beside it.

Named tuples and not dataclasses, here and in all that every script imports: they are made several times as
fast, and a script that runs two linters has little else to do when it starts (see `make bench`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from toolkit.base.outcome import Misused
from toolkit.ci.repositories.remote import Remote
from toolkit.settings.apps.images import Image as Image
from toolkit.settings.apps.rendering import Rendering as Rendering
from toolkit.settings.apps.restarts import Restart as Restart
from toolkit.settings.apps.suites import Suite as Suite
from toolkit.settings.apps.suppressions import Suppression as Suppression
from toolkit.settings.said.judging import Judging
from toolkit.settings.tables.clusters import PROTECTED as PROTECTED
from toolkit.settings.tables.clusters import Cluster as Cluster
from toolkit.settings.tables.environments import Environment as Environment
from toolkit.settings.tables.environments import Place as Place
from toolkit.settings.tables.environments import Policy as Policy
from toolkit.settings.tables.policies import ASKED as ASKED
from toolkit.settings.tables.policies import AlertPolicy as AlertPolicy
from toolkit.settings.tables.policies import SecurityPolicy as SecurityPolicy
from toolkit.settings.tables.refs import NOWHERE as NOWHERE
from toolkit.settings.tables.refs import PLACEHOLDERS as PLACEHOLDERS
from toolkit.settings.tables.refs import Ref as Ref
from toolkit.settings.tables.refs import SecretKey as SecretKey
from toolkit.settings.tables.refs import Where as Where
from toolkit.settings.tables.rows import Row as Row
from toolkit.settings.tables.secrets import Secrets as Secrets
from toolkit.settings.tables.ways import PREPARE_SECONDS as PREPARE_SECONDS
from toolkit.settings.tables.ways import Service as Service
from toolkit.settings.tables.ways import Ways as Ways

NONE: Mapping[str, Any] = MappingProxyType({})


class App(NamedTuple):
    """One app. Paths are absolute, Dockerfiles and folders relative to `path`, times in seconds.

    common: it is declared in what the file extends, and is here for those that need it. repository: where
    its code is, if that is elsewhere; `path` and `context` are in its checkout, at the places of `inside`.
    """

    name: str
    title: str
    priority: int
    path: Path
    namespace: str
    service: str
    common: bool = False
    repository: Remote | None = None
    inside: tuple[str, str] = (".", ".")
    pending: str = ""
    support: bool = False
    language: str = ""
    main_branch: str = "main"
    context: Path = Path()
    images: Mapping[str, Image] = NONE
    manifests: str = "deploy"
    rendering: Rendering | None = None
    port: int = 80
    url: str | None = None
    page: str | None = None
    hint: str = ""
    health: str = "/health"
    readiness: str | None = None
    version: str | None = None
    needs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    rules: Mapping[str, Policy] = NONE
    spaces: Mapping[str, tuple[str, ...]] = NONE
    deadline: float = 180.0
    coverage: int = 0
    commands: Mapping[str, tuple[Row, ...]] = NONE
    suppressions: tuple[Suppression, ...] = ()
    suites: Mapping[str, Suite] = NONE
    judge: Mapping[str, Judging] = NONE
    restart: Restart | None = None
    ways: Ways = Ways()

    def namespace_in(self, space: str) -> str:
        """The namespace that this app has in a space."""
        return self.namespace.replace("{space}", space)

    def where(self, space: str) -> Where:
        """What the credential is for that this app needs in a space."""
        return Where(space, self.namespace_in(space), self.name)

    def service_in(self, space: str) -> str:
        """The name of the Service that stands for this app in a space."""
        return self.service.replace("{space}", space)

    def goes_to(self, environment: str) -> bool:
        """Whether this app is ever deployed to an environment."""
        return not self.environments or environment in self.environments

    def context_of(self, image: Image) -> Path:
        """The folder that a build of an image sees."""
        return self.path / image.context if image.context else self.context

    def policy_in(self, environment: Environment) -> Policy:
        """The rules that hold for this app in an environment: the one place that knows of its own ones."""
        return self.rules.get(environment.name, environment.usual).of(self.main_branch)

    def spaces_in(self, place: Place) -> tuple[str, ...]:
        """The spaces of a place that this app has; it may have its own in place of the environment's."""
        own = self.spaces.get(place.environment.name)
        if own is None or not self.goes_to(place.environment.name):
            return place.spaces if self.goes_to(place.environment.name) else ()
        return own if place.whole else tuple(space for space in place.spaces if space in own)

    def homes(self, place: Place) -> tuple[str, ...]:
        """Where this app is when others of a place need it: in the place; where it has no space there, in all
        that it has in that environment."""
        mine = self.spaces_in(place.environment.everywhere)
        return tuple(space for space in place.spaces if space in mine) or mine

    def require_written(self) -> None:
        """Raises Misused for an app that is declared but has no code yet."""
        if self.pending:
            raise Misused(
                f"{self.name}: {self.pending}",
                remedy=f"when it is, remove `pending` from [apps.{self.name}] in apps.toml",
            )

    def require_code(self) -> None:
        """Raises Misused when there is nothing to run a stage on: no code yet, or no folder."""
        self.require_written()
        if not self.path.is_dir():
            raise Misused(
                f"{self.name}: its folder {self.path} does not exist",
                remedy=f"set `path` of [apps.{self.name}] in apps.toml to where the app is",
            )
        if not any(self.path.iterdir()):
            raise Misused(
                f"{self.name}: its folder {self.path} is empty",
                remedy="if it is a submodule: "
                f"git -C {self.path.parent} submodule update --init {self.path.name}",
            )
