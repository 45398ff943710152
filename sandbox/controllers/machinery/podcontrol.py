"""Creating and deleting pods on behalf of an owner, so that no answer that got lost makes one too many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sandbox.base.client import ApiError, Client, Object, path
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.controller import namespace_is_going
from sandbox.controllers.machinery.events import Recorder
from sandbox.controllers.machinery.index import Owned, remove

BURST = 500  # pods created or deleted in one go, as upstream


class PodControl:
    """The writes of one controller; ``index`` learns of them at once."""

    def __init__(self, client: Client, recorder: Recorder, index: Owned) -> None:
        self._client, self._recorder, self._index = client, recorder, index
        self._unsure: set[str] = set()  # owners of which a create got no answer: it may have happened

    async def pods_of(self, owner: Object) -> list[Object]:
        """What the owner controls; from the API itself when the cache could miss one."""
        meta = owner["metadata"]
        if meta["uid"] in self._unsure:
            for pod in (await self._client.get(path("v1", "pods", meta["namespace"])))["items"]:
                parent = objects.controller_of(pod)
                if parent is not None and parent["uid"] == meta["uid"]:
                    self._index.created({"apiVersion": "v1", "kind": "Pod", **pod})
            self._unsure.discard(meta["uid"])
        return self._index.of(owner)

    async def create(self, owner: Object, body: Object, count: int) -> tuple[list[Object], ApiError | None]:
        """(the new pods, the first refusal).

        In batches of 1, 2, 4, ... so that a refusal is not asked for hundreds of times (upstream's slow
        start).
        """
        created: list[Object] = []
        batch, count = 1, min(count, BURST)
        place = path("v1", "pods", owner["metadata"]["namespace"])
        while count > 0:
            calls = [self._client.create(place, body) for _ in range(min(batch, count))]
            failure: ApiError | None = None
            for answer in await asyncio.gather(*calls, return_exceptions=True):
                if isinstance(answer, ApiError):
                    failure = failure or answer
                    self._refused(owner, answer)
                elif isinstance(answer, BaseException):
                    raise answer
                else:
                    created.append(answer)
                    self._index.created(answer)
                    message = f"Created pod: {answer['metadata']['name']}"
                    self._recorder.record(owner, "Normal", "SuccessfulCreate", message)
            if failure is not None:
                return created, failure
            count, batch = count - len(calls), batch * 2
        return created, None

    def _refused(self, owner: Object, failure: ApiError) -> None:
        if failure.status == 0:
            self._unsure.add(owner["metadata"]["uid"])
        elif not namespace_is_going(failure):
            self._recorder.record(owner, "Warning", "FailedCreate", f"Error creating: {failure.message}")

    async def delete(self, owner: Object, victims: Iterable[Object]) -> tuple[list[Object], ApiError | None]:
        """(those that go, the first refusal)."""
        gone: list[Object] = []
        for pod in list(victims)[:BURST]:
            try:
                if await remove(self._client, self._index, pod):
                    message = f"Deleted pod: {pod['metadata']['name']}"
                    self._recorder.record(owner, "Normal", "SuccessfulDelete", message)
            except ApiError as error:
                if error.status:
                    message = f"Error deleting: {error.message}"
                    self._recorder.record(owner, "Warning", "FailedDelete", message)
                return gone, error
            gone.append(pod)
        return gone, None


def pod_from(owner: Object) -> Object:
    """The pod that an owner's spec.template describes: named after the owner and controlled by it."""
    template, meta = owner["spec"]["template"], owner["metadata"]
    given = template.get("metadata") or {}
    kept = {name: given[name] for name in ("labels", "annotations", "finalizers") if given.get(name)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{meta['name'][:57]}-",
            "namespace": meta["namespace"],
            "ownerReferences": [objects.owner_reference(owner)],
            **kept,
        },
        "spec": template["spec"],
    }
