"""What runs in a space before its first release: remembered, so that it can be gone back to, and taken over.

`kubectl apply` and Helm own every field that they wrote; what they own and a template does not say would stay
for ever. Their entries in managedFields become ours, as kubectl itself does it when it changes to server-side
apply (csaupgrade in client-go): the next apply takes out what left the template; defaults come back by
themselves.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.cluster.api.connection import FIELD_MANAGER, Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.diagnosis import progress
from toolkit.cluster.release.ordering import JOB, WORKLOADS
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, objects, shown, text

Json = dict[str, Any]

VERSION = "taken-over"
"""The version of what was there before the first release: nobody told which it was."""

# Who writes whole objects. What a person edits, patches or scales is a change by hand, and shown as drift.
APPLIERS = (
    *("kubectl-client-side-apply", "kubectl", "kubectl-create", "kubectl-replace"),
    *("helm", "Helm", "before-first-apply"),
)
_SERVERS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")
_NOTES = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision")
TRIES = 5


def found_there(connection: Connection, app: str, wanted: Sequence[Json]) -> tuple[list[Json], str]:
    """What is there under the names of these objects, as it could be applied again, and who made it.

    ([], "") where no workload of them stands: only what serves is worth going back to.
    """
    live = [each for obj in wanted if obj.get("kind") != JOB and (each := _find(connection, obj))]
    workloads = [obj for obj in live if obj.get("kind") in WORKLOADS]
    if not workloads or not all(progress.stands(obj) for obj in workloads):
        return [], ""
    makers = dict.fromkeys(
        text(entry, "manager") for obj in workloads for entry in objects(obj, "metadata", "managedFields")
        if not entry.get("subresource")
    )  # fmt: skip
    return [_again(obj, app) for obj in live], ", ".join(makers) or "somebody"


def images(found: Sequence[Json]) -> dict[str, str]:
    """The images of workloads by their containers' names."""
    return {
        text(container, "name"): text(container, "image")
        for obj in found
        for container in objects(obj, "spec", "template", "spec", "containers")
    }


def take_over(connection: Connection, wanted: Sequence[Json]) -> list[str]:
    """Make the fields of these objects ours that kubectl apply or Helm own; whose were ("Kind/name")."""
    taken = []
    for obj in wanted:
        for _ in range(TRIES):
            live = _find(connection, obj)
            fields = migrated(objects(live, "metadata", "managedFields")) if live else None
            if live is None or fields is None:
                break
            version = text(live, "metadata", "resourceVersion")
            try:
                connection.json(
                    "PATCH",
                    connection.path_of(obj),
                    body={"metadata": {"managedFields": fields, "resourceVersion": version}},
                    content_type="application/merge-patch+json",
                    doing=f"taking over {shown(obj)}",
                )
            except ApiError as error:
                if error.status != 409:
                    raise
                continue  # somebody wrote in between
            taken.append(shown(obj))
            break
    return taken


def migrated(managed: Sequence[Json]) -> list[Json] | None:
    """managedFields with the entries of appliers made ours; None when there are none. Pure."""
    theirs = [entry for entry in managed if _is_appliers(entry)]
    if not theirs:
        return None
    mine = next((entry for entry in managed if _is_ours(entry)), None)
    kept = copy.deepcopy(mine or {**theirs[-1], "manager": FIELD_MANAGER, "operation": "Apply"})
    for entry in theirs:
        if text(entry, "apiVersion") == text(kept, "apiVersion"):  # paths of another version may not fit
            kept["fieldsV1"] = _union(mapping(kept, "fieldsV1"), mapping(entry, "fieldsV1"))
    others = [entry for entry in managed if entry not in theirs and entry is not mine]
    return [kept, *others]


def _is_appliers(entry: Json) -> bool:
    return text(entry, "manager") in APPLIERS and not entry.get("subresource")


def _is_ours(entry: Json) -> bool:
    is_apply = entry.get("operation") == "Apply" and not entry.get("subresource")
    return is_apply and text(entry, "manager") == FIELD_MANAGER


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> Json:
    return {
        key: _union(mapping(one.get(key)), mapping(other.get(key))) for key in dict.fromkeys([*one, *other])
    }


def _find(connection: Connection, obj: Json) -> Json | None:
    try:
        live = connection.find(connection.path_of(obj))
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return None
    return None if live is None else {**live, "apiVersion": obj["apiVersion"], "kind": obj["kind"]}


def _again(live: Json, app: str) -> Json:
    """An object as it could be applied again: without what is the server's, and with the app's labels, by
    which its pods are followed."""
    obj = {key: value for key, value in copy.deepcopy(live).items() if key != "status"}
    metadata = {key: value for key, value in mapping(obj, "metadata").items() if key not in _SERVERS}
    notes = {key: value for key, value in mapping(metadata, "annotations").items() if key not in _NOTES}
    obj["metadata"] = {**metadata, "annotations": notes, "labels": _labels(metadata, app)}
    template = mapping(obj, "spec", "template")
    if template:
        about = {key: value for key, value in mapping(template, "metadata").items() if value is not None}
        template["metadata"] = {**about, "labels": _labels(about, app)}
    return obj


def _labels(metadata: Json, app: str) -> Json:
    ours = {manifests.APP_GROUP: manifests.group_of(app), manifests.MANAGED_BY: manifests.MANAGER}
    return {**mapping(metadata, "labels"), **ours}
