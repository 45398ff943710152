"""apps.toml as typed, immutable objects. config.py makes them; everything else reads them.

Named tuples and not dataclasses, here and in all that every script imports: they are made several times as
fast, and a script that runs two linters has little else to do when it starts (see `make bench`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from toolkit.base.outcome import Misused
from toolkit.base.redaction import Secret
from toolkit.settings.said.judging import Judging

NONE: Mapping[str, Any] = MappingProxyType({})
PROTECTED = ("default", "kube-*")


class Ref(NamedTuple):
    """The name of an environment variable; {SPACE} in it stands for the space, as TEST_DEV for test-dev."""

    env: str

    def name(self, space: str = "") -> str:
        """The variable's name for a space: EKS_TOKEN_TEST_DEV."""
        return self.env.replace("{SPACE}", space.upper().replace("-", "_"))

    def text(self, space: str = "", environ: Mapping[str, str] | None = None) -> str:
        """What the variable holds, for a value that may be shown (an address); "" when it is unset."""
        return (os.environ if environ is None else environ).get(self.name(space), "")

    def read(self, space: str = "", environ: Mapping[str, str] | None = None) -> Secret | None:
        """What the variable holds, as a secret; None when it is unset or empty."""
        value = self.text(space, environ)
        return Secret(value) if value else None


class SecretKey(NamedTuple):
    """One key of a Secret, in the app's own namespace or in another one; {space} stands for the space."""

    secret: str
    key: str
    namespace: str | None = None


class AlertPolicy(NamedTuple):
    """Where results are announced: the channel's name, and the variables that hold a webhook, a bot's token,
    and another channel for the bot than `channel`."""

    channel: str
    webhook: Ref
    token: Ref
    to: Ref

    @property
    def where(self) -> str:
        """The channel that a bot writes to; "" where none is named."""
        return self.to.text() or self.channel


ASKED = ("registry", "osv")
"""Who can be asked about pins: the words of [security] ask."""


class SecurityPolicy(NamedTuple):
    """From which age, in seconds, advisories earn a warning, from which they fail the stage, and who is asked
    about every pin."""

    warn_after: float
    fail_after: float | None = None
    ask: tuple[str, ...] = ()


class Environment(NamedTuple):
    """One stop of a release: its spaces (namespaces), and who may come in. Soak in seconds.

    rollback: "auto" puts the last verified release back when one fails here, "manual" leaves it to a person.
    advisories_fail_after: the age, in seconds, from which advisories fail the security stage of what may come
    in here.
    """

    name: str
    spaces: tuple[str, ...]
    branches: tuple[str, ...] = ()
    approval: str = "auto"
    soak: float = 0.0
    rollback: str = "manual"
    advisories_fail_after: float | None = None

    @property
    def everywhere(self) -> Place:
        """All of it."""
        return Place(self, self.spaces)

    def branches_of(self, app: App) -> tuple[str, ...]:
        """The branches of an app that may come in; empty for any."""
        return tuple(branch.replace("{main_branch}", app.main_branch) for branch in self.branches)

    def admits(self, app: App, branch: str) -> bool:
        """Whether a commit of this branch may be deployed here."""
        return not self.branches or branch in self.branches_of(app)


class Place(NamedTuple):
    """What ENV= names: an environment, whole or one of its spaces."""

    environment: Environment
    spaces: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether it is the whole environment."""
        return self.spaces == self.environment.spaces

    @property
    def word(self) -> str:
        """What a person types to mean this place."""
        return self.environment.name if self.whole else ",".join(self.spaces)


class Cluster(NamedTuple):
    """A Kubernetes cluster: how it is reached, how images get into it, and which namespaces (patterns as of
    a shell) nothing may be deployed to."""

    name: str
    builder: str
    provision: bool = False
    registry: Ref | None = None
    kubeconfig: Path | Ref | None = None
    context: str | Ref | None = None
    server: Ref | None = None
    certificate: Ref | None = None
    token: Ref | None = None
    protected: tuple[str, ...] = PROTECTED


class Suppression(NamedTuple):
    """A finding that the security stage passes over until a day, and why."""

    tool: str
    id: str
    reason: str
    expires: date
    package: str | None = None


class Suite(NamedTuple):
    """A suite that is run against a deployed app: pytest files, and the environment that they get."""

    path: str
    workers: int = 1
    deadline: float = 300.0
    environments: tuple[str, ...] = ()
    env: Mapping[str, str | SecretKey] = NONE


class App(NamedTuple):
    """One app. Paths are absolute, Dockerfiles and folders relative to `path`, times in seconds."""

    name: str
    title: str
    priority: int
    path: Path
    namespace: str
    service: str
    pending: str = ""
    support: bool = False
    language: str = ""
    main_branch: str = "main"
    context: Path = Path()
    images: Mapping[str, str] = NONE
    manifests: str = "deploy"
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
    spaces: Mapping[str, tuple[str, ...]] = NONE
    deadline: float = 180.0
    coverage: int = 0
    commands: Mapping[str, tuple[tuple[str, ...], ...]] = NONE
    suppressions: tuple[Suppression, ...] = ()
    suites: Mapping[str, Suite] = NONE
    judge: Mapping[str, Judging] = NONE

    def namespace_in(self, space: str) -> str:
        """The namespace that this app has in a space."""
        return self.namespace.replace("{space}", space)

    def service_in(self, space: str) -> str:
        """The name of the Service that stands for this app in a space."""
        return self.service.replace("{space}", space)

    def goes_to(self, environment: str) -> bool:
        """Whether this app is ever deployed to an environment."""
        return not self.environments or environment in self.environments

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
