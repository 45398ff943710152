"""Which environment variables lead to a cluster, as apps.toml names them, for some apps and places. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from toolkit.cluster.access import reach
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster, Place, Ref, Where

SERVER, CERTIFICATE, TOKEN = "server", "certificate", "token"
KUBECONFIG, CONTEXT, REGISTRY = "kubeconfig", "context", "registry"
ABOUT = {
    SERVER: "address of the API server",
    CERTIFICATE: "its CA, as base64 or PEM",
    TOKEN: "token",
    KUBECONFIG: "the kubeconfig",
    CONTEXT: "its context",
    REGISTRY: "where images are pushed",
}


class Variable(NamedTuple):
    """One variable. wheres: what it is for; environments: those whose stages read it."""

    name: str
    key: str
    wheres: tuple[Where, ...]
    environments: tuple[str, ...]

    @property
    def about(self) -> str:
        """What it holds, for a person."""
        spaces = dict.fromkeys(where.namespace for where in self.wheres)
        return f"token for {', '.join(spaces)}" if self.key == TOKEN else ABOUT[self.key]


def needed(config: Config, cluster: Cluster, apps: Iterable[App], places: Sequence[Place]) -> list[Variable]:
    """The variables of a cluster that the stages of these apps read in these places, each once: those that
    are for all first, then the tokens."""
    found: dict[str, Variable] = {}
    apps = [app for app in apps if not app.pending]
    for key in (SERVER, CERTIFICATE, KUBECONFIG, CONTEXT, REGISTRY, TOKEN):
        ref = getattr(cluster, key)
        for place in places if isinstance(ref, Ref) else ():
            for app in apps:
                for where in reach.wheres(config, app, place):
                    _add(found, ref.name(where), key, where, place.environment.name)
    return list(found.values())


def _add(found: dict[str, Variable], name: str, key: str, where: Where, environment: str) -> None:
    before = found.get(name, Variable(name, key, (), ()))
    found[name] = before._replace(
        wheres=tuple(dict.fromkeys([*before.wheres, where])),
        environments=tuple(dict.fromkeys([*before.environments, environment])),
    )
