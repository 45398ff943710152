"""What a cluster is, as a chart may ask for it: its version, the API versions and kinds that it serves."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects.fields import objects, text
from toolkit.objects.manifests import Capabilities
from toolkit.objects.resources import is_own_group

SIDE_BY_SIDE = 4

_known: dict[str, Capabilities] = {}
_lock = threading.Lock()


def of(connection: Connection) -> Capabilities:
    """The cluster's, asked for once: its spaces are all of one. Raises Unreachable, ApiError.

    Kinds are told for groups that are not Kubernetes' own: those Helm knows itself.
    """
    with _lock:
        if connection.server not in _known:
            _known[connection.server] = _ask(connection)
        return _known[connection.server]


def _ask(connection: Connection) -> Capabilities:
    version = text(connection.json("GET", "/version", doing="asking for its version"), "gitVersion")
    groups = objects(connection.json("GET", "/apis", doing="asking which APIs it serves"), "groups")
    served = [text(each, "groupVersion") for group in groups for each in objects(group, "versions")]
    custom = [each for each in served if not is_own_group(each.partition("/")[0])]
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="apis") as executor:
        kinds = [kind for row in executor.map(lambda each: _kinds(connection, each), custom) for kind in row]
    return Capabilities(version, tuple(sorted({"v1", *served, *kinds})))


def _kinds(connection: Connection, group: str) -> list[str]:
    """The kinds of an API, as Helm writes them; none of one that does not answer, as an extension may not."""
    try:
        rows = objects(connection.json("GET", f"/apis/{group}"), "resources")
    except ApiError:
        return []
    return [f"{group}/{text(row, 'kind')}" for row in rows if "/" not in text(row, "name")]
