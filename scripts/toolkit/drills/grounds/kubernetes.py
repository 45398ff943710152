"""Any other cluster as a drilling ground: what a drilled app meets there is made by API calls alone.

It takes a credential that may create namespaces. What the app meets stands in a namespace beside the drill's,
so that neither its quota nor its labels say anything of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.cluster.api.connection import Connection
from toolkit.drills.grounds import stand_ins
from toolkit.drills.grounds.ground import Late, Lot, NotHere, Registry
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.resources import built_in
from toolkit.settings.model import Cluster, Ref

_DEFAULT = "~/.kube/config"
_REFS = ("registry", "kubeconfig", "context", "server", "certificate", "token")
# What leads to a cluster and its images beside apps.toml.
_ALSO = ("DOCKER_HOST", "DOCKER_CONFIG", "KUBECONFIG")


class Kubernetes:
    """A cluster of the repository's apps.toml; space is any of those that its variables know."""

    seconds = 900.0
    is_sandbox = False

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def configuration(self, text: str) -> str:
        """Its table is added, and it is the default cluster."""
        rows = "".join(f"{key} = {_toml(value)}\n" for key, value in self._rows().items())
        named = text.replace('default_cluster = "sandbox"', f'default_cluster = "{self.cluster.name}"')
        return f"{named}\n[clusters.{self.cluster.name}]\n{rows}"

    def _rows(self) -> dict[str, object]:
        rows: dict[str, object] = {"builder": self.cluster.builder, "provision": True}
        for key in _REFS:
            value = getattr(self.cluster, key)
            if value is not None:
                rows[key] = value
        return rows

    def environment(self) -> Mapping[str, str]:
        """The variables that its table names, as they are now."""
        refs = [getattr(self.cluster, key) for key in _REFS]
        names = [*_ALSO, *(ref.env for ref in refs if isinstance(ref, Ref))]
        return {name: os.environ[name] for name in names if name in os.environ}

    def kubeconfigs(self) -> Sequence[Path]:
        """The files of its kubeconfig."""
        found = self.cluster.kubeconfig
        if isinstance(found, Ref):
            named = found.text() or (_DEFAULT if found.env == "KUBECONFIG" else "")
            return [Path(each).expanduser() for each in named.split(os.pathsep) if each]
        return [found] if found is not None else []

    def registry(self, lot: Lot, answers: Sequence[str]) -> Registry:
        """A pod in the network of the only node. Raises NotHere where that is not the only one."""
        nodes = [node for node in lot.connection.list(built_in("Node").path())["items"] if _takes_pods(node)]
        if len(nodes) != 1:
            raise NotHere(
                f"its registry is a pod in a node's own network, and {len(nodes)} nodes here take pods: it "
                "would have to be on the node that pulls",
                remedy="run it on a cluster with one node, such as kind's",
            )
        return stand_ins.Registry(self._beside(lot), answers)

    def late(self, lot: Lot) -> Late:
        """A Service without pods, which get there when it is opened."""
        return stand_ins.Late(self._beside(lot))

    def _beside(self, lot: Lot) -> Lot:
        """The namespace beside the drill's, made when it is needed first."""
        beside = lot._replace(namespace=_beside(lot.namespace))
        path = built_in("Namespace").path(name=beside.namespace)
        if lot.connection.find(path) is None:
            made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": beside.namespace}}
            lot.connection.create(built_in("Namespace").path(), made)
        return beside

    def leave(self, lot: Lot, seconds: float) -> None:
        """The namespace beside the drill's goes."""
        remove_namespace(lot.connection, _beside(lot.namespace), seconds)


def for_one_each(cluster: Cluster) -> str:
    """The variable of a cluster that has another name for each space or namespace; "" where none has."""
    refs = [getattr(cluster, key) for key in _REFS]
    return next((ref.env for ref in refs if isinstance(ref, Ref) and ref.varies), "")


def remove_namespace(connection: Connection, name: str, seconds: float) -> None:
    """Delete a namespace and wait until it is gone. Raises TimedOut."""
    path = built_in("Namespace").path(name=name)
    live = connection.find(path)
    if live is not None:
        connection.delete(path)
        connection.wait_gone(path, text(live, "metadata", "uid"), seconds)


def _beside(namespace: str) -> str:
    return f"{namespace}-beside"


def _takes_pods(node: object) -> bool:
    spec = mapping(node, "spec")
    return not spec.get("unschedulable") and not any(
        text(taint, "effect") in ("NoSchedule", "NoExecute") for taint in objects(spec, "taints")
    )


def _toml(value: object) -> str:
    if isinstance(value, Ref):
        return f'{{ env = "{value.env}" }}'
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"'
