"""[environments.<name>]: the stops of a release, in their order, and the rules of each."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from toolkit.settings.tables.fields import Fields


class Branched(Protocol):
    """What has a main branch of its own: an app."""

    @property
    def main_branch(self) -> str:
        """Its name."""
        ...


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

    def branches_of(self, app: Branched) -> tuple[str, ...]:
        """The branches of an app that may come in; empty for any."""
        return tuple(branch.replace("{main_branch}", app.main_branch) for branch in self.branches)

    def admits(self, app: Branched, branch: str) -> bool:
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


def environment(name: str, fields: Fields) -> Environment:
    """[environments.<name>]."""
    read = Environment(
        name,
        fields.texts("spaces"),
        fields.texts("branches"),
        fields.choice("approval", ("auto", "manual"), "auto"),
        fields.seconds("soak", "0s"),
        fields.choice("rollback", ("auto", "manual"), "manual"),
        fields.seconds("advisories_fail_after", "0s") or None,
    )
    fields.done()
    if not read.spaces:
        raise fields.error("spaces", "must name at least one space")
    return read
