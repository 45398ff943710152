"""The writes of the Deployment controller: create, annotate, scale and remove ReplicaSets."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.base.client import ApiError, Client, Object, path
from sandbox.base.copying import copied
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import namespace_is_going
from sandbox.controllers.machinery.events import Recorder
from sandbox.controllers.machinery.index import Owned, remove
from sandbox.controllers.workloads import deployment_status as report
from sandbox.controllers.workloads import revisions
from sandbox.controllers.workloads.rolling import Set


def sized(replica_set: Object) -> Set:
    """A ReplicaSet as the rollout arithmetic sees it."""
    meta, status = replica_set["metadata"], replica_set.get("status") or {}
    maximum = objects.annotations_of(replica_set).get(revisions.MAXIMUM, "")
    return Set(
        name=meta["name"],
        replicas=replica_set["spec"]["replicas"],
        available=status.get("availableReplicas", 0),
        created=meta["creationTimestamp"],
        max_replicas=int(maximum) if maximum.isdigit() else 0,
    )


def desired_of(replica_set: Object) -> int | None:
    """The Deployment's size when this set was last scaled, None when it does not say."""
    text = objects.annotations_of(replica_set).get(revisions.DESIRED, "")
    return int(text) if text.isdigit() else None


class SetWriter:
    """Methods answer with the set as the API now has it. Writes carry the version they were decided on."""

    def __init__(self, client: Client, recorder: Recorder, index: Owned) -> None:
        self._client, self._recorder, self._index = client, recorder, index

    async def create(self, deployment: Object, revision: int, size: int, maximum: int) -> Object | None:
        """The set for the Deployment's template, which may be there already; None when its namespace is going
        away.

        Its name is the template's hash: two attempts cannot make two sets. When another template already has
        that name the Deployment's collisionCount goes up and the next attempt takes another hash.
        """
        body = new_set(deployment, revision, size, maximum)
        meta, place = body["metadata"], path("apps/v1", "replicasets", body["metadata"]["namespace"])
        try:
            created = await self._client.create(place, body)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return await self._existing(deployment, body)
            if namespace_is_going(error):
                return None
            await self._tell_failure(deployment, meta["name"], error)
            raise
        self._index.created(created)
        if size:
            message = f"Scaled up replica set {meta['name']} from 0 to {size}"
            self._recorder.record(deployment, "Normal", "ScalingReplicaSet", message)
        return created

    async def _existing(self, deployment: Object, body: Object) -> Object:
        meta = body["metadata"]
        found = await self._client.get(path("apps/v1", "replicasets", meta["namespace"], meta["name"]))
        owner = objects.controller_of(found)
        ours = owner is not None and owner["uid"] == deployment["metadata"]["uid"]
        if ours and revisions.same_template(found["spec"]["template"], deployment["spec"]["template"]):
            self._index.created(found)
            return found
        status = deployment.setdefault("status", {})
        status["collisionCount"] = status.get("collisionCount", 0) + 1
        await self._write_status(deployment)
        raise ApiError(
            409,
            "AlreadyExists",
            f"replica set {meta['name']} belongs to another template; trying another name",
        )

    async def _tell_failure(self, deployment: Object, name: str, error: ApiError) -> None:
        if error.status == 0:
            return
        message = f'Failed to create new replica set "{name}": {error.message}'
        self._recorder.record(deployment, "Warning", report.CREATE_FAILED, message)
        if report.has_deadline(deployment):
            verdict = report.condition(
                "Progressing", "False", report.CREATE_FAILED, message, datetime.now(UTC)
            )
            status = deployment.setdefault("status", {})
            conditions = objects.with_condition(status.get("conditions") or [], verdict)
            if conditions != status.get("conditions"):
                status["conditions"] = conditions
                await self._write_status(deployment)

    async def _write_status(self, deployment: Object) -> None:
        meta = deployment["metadata"]
        await self._client.replace(
            path("apps/v1", "deployments", meta["namespace"], meta["name"], "status"), deployment
        )

    async def annotate(self, deployment: Object, current: Object, revision: int, maximum: int) -> Object:
        """The current set with the Deployment's annotations, minReadySeconds, and this revision or more."""
        wanted = revisions.annotated(deployment, current, revision, maximum)
        least = deployment["spec"].get("minReadySeconds", 0)
        if wanted == objects.annotations_of(current) and current["spec"].get("minReadySeconds", 0) == least:
            return current
        changed = copied(current)
        changed["metadata"]["annotations"] = wanted
        changed["spec"]["minReadySeconds"] = least
        return await self._replace(changed)

    async def scale(self, deployment: Object, current: Object, size: int, maximum: int) -> Object:
        """The set with this size, and annotated with the Deployment's size and maximum that led to it."""
        notes = {revisions.DESIRED: str(deployment["spec"]["replicas"]), revisions.MAXIMUM: str(maximum)}
        before = current["spec"]["replicas"]
        if before == size and notes.items() <= objects.annotations_of(current).items():
            return current
        changed = copied(current)
        changed["metadata"]["annotations"] = objects.annotations_of(current) | notes
        changed["spec"]["replicas"] = size
        answer = await self._replace(changed)
        if size != before:
            way = "up" if size > before else "down"
            message = f"Scaled {way} replica set {current['metadata']['name']} from {before} to {size}"
            self._recorder.record(deployment, "Normal", "ScalingReplicaSet", message)
        return answer

    async def remove(self, surplus: Object) -> None:
        """Delete a set of the history; that it is gone already is fine."""
        await remove(self._client, self._index, surplus, "Background")

    async def _replace(self, changed: Object) -> Object:
        meta = changed["metadata"]
        return await self._client.replace(
            path("apps/v1", "replicasets", meta["namespace"], meta["name"]), changed
        )


def new_set(deployment: Object, revision: int, size: int, maximum: int) -> Object:
    """The ReplicaSet for the Deployment's template, with the template's hash in name, labels and selector."""
    spec, meta = deployment["spec"], deployment["metadata"]
    collisions = (deployment.get("status") or {}).get("collisionCount", 0)
    mark = revisions.template_hash(spec["template"], collisions)
    template = copied(spec["template"])
    given = template.setdefault("metadata", {})
    given["labels"] = {**(given.get("labels") or {}), revisions.HASH: mark}
    selector = copied(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), revisions.HASH: mark}
    least = {"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{mark}",
            "namespace": meta["namespace"],
            "labels": given["labels"],
            "annotations": revisions.annotated(deployment, None, revision, maximum),
            "ownerReferences": [objects.owner_reference(deployment)],
        },
        "spec": {"replicas": size, "selector": selector, "template": template, **least},
    }
