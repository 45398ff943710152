"""apps.toml as typed, immutable objects. config.py makes them; everything else reads them.

Named tuples and not dataclasses, here and in all that every script imports: they are made several times as
fast, and a script that runs two linters has little else to do when it starts (see `make bench`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from toolkit.base.outcome import Misused
from toolkit.base.redaction import Secret
from toolkit.settings.said.judging import Judging

NONE: Mapping[str, Any] = MappingProxyType({})
T = TypeVar("T")
PROTECTED = ("default", "kube-*")


class Where(NamedTuple):
    """What a credential may be for: a space, the namespace in it, the app that is meant there."""

    space: str = ""
    namespace: str = ""
    app: str = ""

    @classmethod
    def of(cls, where: Where | str, namespace: str = "") -> Where:
        """A space by its name, with a namespace in it, or what says all of it already."""
        return cls(where, namespace) if isinstance(where, str) else where


NOWHERE = Where()
PLACEHOLDERS = ("{SPACE}", "{NAMESPACE}", "{APP}")
"""What a variable's name may have in it: the words of a Where, as TEST_DEV for test-dev."""


class Ref(NamedTuple):
    """The name of an environment variable; one of PLACEHOLDERS in it stands for what a credential is for."""

    env: str

    @property
    def varies(self) -> bool:
        """Whether there is a variable for each of several spaces, namespaces or apps."""
        return any(placeholder in self.env for placeholder in PLACEHOLDERS)

    def name(self, where: Where | str = NOWHERE) -> str:
        """The variable's name: EKS_TOKEN_TEST_DEV for EKS_TOKEN_{SPACE}."""
        name = self.env
        for placeholder, word in zip(PLACEHOLDERS, Where.of(where), strict=True):
            name = name.replace(placeholder, word.upper().replace("-", "_"))
        return name

    def text(self, where: Where | str = NOWHERE, environ: Mapping[str, str] | None = None) -> str:
        """What the variable holds, for a value that may be shown (an address); "" when it is unset."""
        return (os.environ if environ is None else environ).get(self.name(where), "")

    def read(self, where: Where | str = NOWHERE, environ: Mapping[str, str] | None = None) -> Secret | None:
        """What the variable holds, as a secret; None when it is unset or empty."""
        value = self.text(where, environ)
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

    def credential(self, where: Where) -> tuple[str, ...]:
        """What tells one credential of this cluster from another: the variables that it is read from."""
        named = (self.server, self.certificate, self.token, self.kubeconfig, self.context)
        return tuple(ref.name(where) for ref in named if isinstance(ref, Ref))

    def by_credential(self, wanted: Iterable[T], where: Callable[[T], Where]) -> list[list[T]]:
        """What is to be asked for, in order, together what one credential in a space is for."""
        held: dict[tuple[str, ...], list[T]] = {}
        for each in wanted:
            at = where(each)
            held.setdefault((at.space, *self.credential(at)), []).append(each)
        return list(held.values())


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
    """One app. Paths are absolute, Dockerfiles and folders relative to `path`, times in seconds.

    common: it is declared in what the file extends, and is here for those that need it.
    """

    name: str
    title: str
    priority: int
    path: Path
    namespace: str
    service: str
    common: bool = False
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

    def where(self, space: str) -> Where:
        """What the credential is for that this app needs in a space."""
        return Where(space, self.namespace_in(space), self.name)

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
