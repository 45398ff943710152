"""What runs of an app and of all that it needs, as one digest: any deployment or restart changes it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from toolkit.cluster.api.connection import Connection, connect
from toolkit.objects import configuration
from toolkit.objects.fields import text
from toolkit.objects.resources import built_in
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster


def fingerprint(config: Config, cluster: Cluster, app: App, environment: str) -> str:
    """A digest of an app's Deployments and pods, and of all it needs, directly or not, in an environment.

    Raises PipelineError when the cluster cannot be asked.
    """
    place = config.place(environment)
    state: list[Any] = []
    for each in (app, *config.needs_of(app)):
        for space in each.spaces_in(place):
            namespace = each.namespace_in(space)
            connection = connect(cluster, each.where(space), config.root)
            query = {"labelSelector": f"appGroup=fb-{each.name}"}
            deployments = connection.list(f"/apis/apps/v1/namespaces/{namespace}/deployments", **query)
            pods = connection.list(f"/api/v1/namespaces/{namespace}/pods", **query)
            state += [space, [_deployment(item) for item in deployments["items"]]]
            state += [sorted(_pod(item) for item in pods["items"])]
            state += [_configuration(connection, namespace, deployments["items"])]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _configuration(connection: Connection, namespace: str, deployments: list[dict[str, Any]]) -> list[Any]:
    """The ConfigMaps and Secrets that the pods refer to, at the version they are at."""
    names = {each for item in deployments for each in configuration.referred(item["spec"].get("template"))}
    found = []
    for kind, name in sorted(names):
        live = connection.find(built_in(kind).path(namespace, name))
        found.append([kind, name, text(live, "metadata", "uid"), text(live, "metadata", "resourceVersion")])
    return found


def _deployment(item: dict[str, Any]) -> list[Any]:
    status = item.get("status", {})
    return [item["metadata"]["uid"], item["metadata"].get("generation"), status.get("readyReplicas", 0)]


def _pod(item: dict[str, Any]) -> list[Any]:
    containers = item.get("status", {}).get("containerStatuses", [])
    seen = [
        [each["name"], each.get("imageID"), each.get("restartCount"), each.get("ready")]
        for each in containers
    ]
    return [item["metadata"]["uid"], sorted(seen)]
