"""Whether a cluster can be deployed to from here: variables, address, CA, each token and what it may.

One refusal of the same kind is one finding, whatever it is of.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from toolkit.base.outcome import Misused, PipelineError
from toolkit.cluster.access import reach, variables
from toolkit.cluster.access.rights import Right
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.credentials import KUBECTLS, load
from toolkit.cluster.api.errors import ApiError, Unreachable
from toolkit.cluster.handover.roles import Granted
from toolkit.cluster.preflight import permissions
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster, Place, Where

SIDE_BY_SIDE = 8
_OPTIONAL = (variables.CONTEXT,)


class Finding(NamedTuple):
    """What was seen: well, not well (with the fix), or None for what is only good to know."""

    well: bool | None
    saw: str
    fix: str = ""


class Checkup:
    """The questions about one cluster, for some apps and places."""

    def __init__(
        self, config: Config, cluster: Cluster, apps: Sequence[App], places: Sequence[Place]
    ) -> None:
        self.config = config
        self.cluster = cluster
        self.apps = apps
        self.places = places
        self.role = f"make role APP={apps[0].name if len(apps) == 1 else '<app>'} CLUSTER={cluster.name}"

    def findings(self) -> Iterator[Finding]:
        """All of them, in the order in which one depends on the other."""
        named = variables.needed(self.config, self.cluster, self.apps, self.places)
        seen = [self._variable(each) for each in named]
        missing = {each.name for each, found in zip(named, seen, strict=True) if found.well is False}
        following = [found.fix for found in seen[1:]] + [""]
        for found, after in zip(seen, following, strict=True):
            yield found if found.fix != after else found._replace(fix="")  # one fix below the last of a kind
        if self._is_without_address(missing):
            return
        wheres = [
            where
            for where in dict.fromkeys(
                where
                for app in self.apps
                for place in self.places
                for where in reach.wheres(self.config, app, place)
            )
            if not missing & set(self.cluster.credential(where))
        ]
        first: dict[tuple[tuple[str, ...], str], Where] = {}
        for where in wheres:
            first.setdefault((self.cluster.credential(where), where.namespace), where)
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="checkup") as pool:
            reached = list(pool.map(self._reach, first.values()))
            pairs = zip(first.values(), reached, strict=True)
            yield from _together([(where, trouble) for where, (_, trouble) in pairs if trouble])
            good = {
                where.namespace: connection
                for (connection, _), where in zip(reached, first.values(), strict=True)
                if connection
            }
            if good:
                yield Finding(True, f"{_words(good)}: the API server answers, and takes what is for them")
                yield from self._allowed(good)

    def _variable(self, each: variables.Variable) -> Finding:
        if os.environ.get(each.name):
            return Finding(True, f"{each.name} is set: {each.about}")
        if each.key in _OPTIONAL or (each.key == variables.KUBECONFIG and each.name == KUBECTLS):
            return Finding(None, f"{each.name} is not set: {each.about} as kubectl has it")
        fix = f"{self.role} says how tokens are made" if each.key == variables.TOKEN else "set it"
        return Finding(False, f"{each.name} is not set: {each.about}", fix)

    def _is_without_address(self, missing: set[str]) -> bool:
        named = (self.cluster.server, self.cluster.certificate)
        return any(ref is not None and "{" not in ref.env and ref.env in missing for ref in named)

    def _reach(self, where: Where) -> tuple[Connection | None, PipelineError | None]:
        try:
            again = load(self.cluster, where, self.config.root)
            connection = Connection(self.cluster, where.space, again)
            connection.check(where.namespace)
        except PipelineError as error:
            return None, error
        return connection, None

    def _allowed(self, good: Mapping[str, Connection]) -> Iterator[Finding]:
        """What the credentials may not do in their namespaces, the same of several at once."""
        lacking: dict[tuple[str, bool], list[str]] = {}
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="rights") as pool:
            for namespace, rights in self._rights().items():
                if namespace not in good:
                    continue
                notes: list[str] = []
                try:
                    refused = permissions.lacking(good[namespace], namespace, rights, pool, notes.append)
                except PipelineError as error:
                    yield Finding(None, error.reason)
                    continue
                yield from (Finding(None, note) for note in notes)
                for said, is_spared in dict.fromkeys(map(_may_not, refused)):
                    lacking.setdefault((said, is_spared), []).append(namespace)
        for (said, is_spared), namespaces in sorted(lacking.items(), key=lambda row: row[0][1]):
            fix = "" if is_spared else f"{self.role} | kubectl apply -f -, by whoever looks after it"
            yield Finding(None if is_spared else False, f"may not {said} in {_words(namespaces)}", fix)
        if not lacking:
            yield Finding(True, "the credentials may do all that the stages do")

    def _rights(self) -> dict[str, list[Right]]:
        found: dict[str, list[Right]] = {}
        for app in self.apps:
            for namespace, rights in Granted(self.config, self.cluster, app, self.places).rights.items():
                found.setdefault(namespace, []).extend(rights)
        return {namespace: permissions.rights.together(rights) for namespace, rights in found.items()}


def _may_not(right: Right) -> tuple[str, bool]:
    name = f" {right.name}" if right.name else ""
    said = f"{', '.join(right.verbs)} {permissions.named(right.group, right.resource)}{name}"
    return said, bool(right.spared)


def _together(troubles: Iterable[tuple[Where, PipelineError]]) -> Iterator[Finding]:
    """One finding for all refusals of a kind, with the words of the first."""
    kinds: dict[str, list[tuple[Where, PipelineError]]] = {}
    for where, error in troubles:
        kinds.setdefault(_kind(error), []).append((where, error))
    for both in kinds.values():
        rows = [error for _, error in both]
        others = _words(where.namespace for where, _ in both[1:])
        more = f" (and so it is for {others})" if others else ""
        yield Finding(
            False, f"{rows[0].reason}{more}", rows[0].remedy or "see the README, Point it at a real cluster"
        )


def _kind(error: PipelineError) -> str:
    if isinstance(error, ApiError):
        return f"status {error.status}"
    if isinstance(error, Unreachable | Misused):
        return type(error).__name__
    return error.reason


def _words(names: Iterable[str]) -> str:
    known = list(names)
    return ", ".join(known[:4]) + (f" and {len(known) - 4} more" if len(known) > 4 else "")
