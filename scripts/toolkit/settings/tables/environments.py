"""[environments.<name>]: the stops of a release, in their order, and the rules of each.

An app's own table may say other rules ([apps.<name>.environments]), so an environment has none that could be
asked: App.policy_in is the one place that says which hold.
"""

from __future__ import annotations

from typing import NamedTuple

from toolkit.settings.tables.fields import Fields


class Policy(NamedTuple):
    """Who may come in, and how it is looked after there. Soak in seconds.

    rollback: "auto" puts the last verified release back when one fails here, "manual" leaves it to a person.
    advisories_fail_after: the age, in seconds, from which advisories fail the security stage of what may come
    in here. table: where it is written; own: the keys that `owner`, an app's table, says in its place.
    """

    branches: tuple[str, ...] = ()
    approval: str = "auto"
    soak: float = 0.0
    rollback: str = "manual"
    advisories_fail_after: float | None = None
    table: str = ""
    own: tuple[str, ...] = ()
    owner: str = ""

    def where(self, key: str) -> str:
        """The table in which a key of it is written, or would be."""
        return self.owner if key in self.own else self.table

    def admits(self, branch: str) -> bool:
        """Whether a commit of this branch may come in."""
        return not self.branches or branch in self.branches

    def of(self, main_branch: str) -> Policy:
        """For what has a main branch of that name."""
        if not self.branches:
            return self
        return self._replace(
            branches=tuple(each.replace("{main_branch}", main_branch) for each in self.branches)
        )


class Environment(NamedTuple):
    """One stop of a release: its spaces (namespaces). What holds there for an app, App.policy_in says;
    `usual` is what holds for those that say nothing else."""

    name: str
    spaces: tuple[str, ...]
    usual: Policy = Policy()

    @property
    def everywhere(self) -> Place:
        """All of it."""
        return Place(self, self.spaces)


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
    spaces = fields.texts("spaces")
    read = Environment(name, spaces, policy(fields, Policy())._replace(table=fields.where))
    fields.done()
    if not read.spaces:
        raise fields.error("spaces", "must name at least one space")
    return read


def policy(fields: Fields, usual: Policy) -> Policy:
    """The rules that a table says; those that it does not say are the usual ones."""
    own = tuple(key for key in KEYS if fields.has(key))
    read = Policy(
        fields.texts("branches", usual.branches),
        fields.choice("approval", ("auto", "manual"), usual.approval),
        fields.seconds("soak", "0s"),
        fields.choice("rollback", ("auto", "manual"), usual.rollback),
        fields.seconds("advisories_fail_after", "0s") or None,
    )
    said = {key: getattr(read, key) for key in own}
    return usual._replace(**said, own=own, owner=fields.where)


KEYS = ("branches", "approval", "soak", "rollback", "advisories_fail_after")
