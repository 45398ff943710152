"""ControllerRevisions: the templates that a workload has had (upstream: pkg/controller/history).

A revision holds a strategic merge patch that brings its template back, which is what `kubectl rollout undo`
sends.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.base.client import ApiError, Client, Informer, Object, path
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.index import Owned, claim, remove

HASH = "controller-revision-hash"  # on pods
REVISION_HASH = "controller.kubernetes.io/hash"  # on the revisions of StatefulSets
PLURAL = "controllerrevisions"


def snapshot(owner: Object, number: int, hash_label: str, collisions: int = 0) -> Object:
    """The revision of the owner's template as it is now."""
    template, meta = owner["spec"]["template"], owner["metadata"]
    hashed = objects.safe_hash(template, collisions)
    labels = (template.get("metadata") or {}).get("labels") or {}
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{meta['name'][:200]}-{hashed}",
            "namespace": meta["namespace"],
            "labels": {**labels, hash_label: hashed},
            "annotations": objects.annotations_of(owner),
            "ownerReferences": [objects.owner_reference(owner)],
        },
        "data": {"spec": {"template": {**template, "$patch": "replace"}}},
        "revision": number,
    }


def template_of(revision: Object) -> Object:
    """The template that a revision brings back."""
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}


def with_template(owner: Object, revision: Object) -> Object:
    """The owner as it was at a revision."""
    return {**owner, "spec": {**owner["spec"], "template": template_of(revision)}}


def surplus(revisions: Iterable[Object], live: set[str], limit: int | None) -> list[Object]:
    """Revisions beyond the history's limit, oldest first; none whose name is in ``live``."""
    idle = sorted((r for r in revisions if r["metadata"]["name"] not in live), key=_number)
    return idle[: max(0, len(idle) - (10 if limit is None else limit))]


def _number(revision: Object) -> tuple[int, str]:
    return revision["revision"], revision["metadata"]["name"]


class History:
    """The revisions of one kind of workload, whose plural it is told; they carry ``hash_label``."""

    def __init__(self, client: Client, informer: Informer, plural: str, hash_label: str) -> None:
        self._client, self._plural, self._hash_label = client, plural, hash_label
        self._index = Owned(informer)

    async def sync(self, owner: Object) -> tuple[Object, list[Object]]:
        """(the revision of the template as it is now, all revisions from the oldest).

        It is made where there is none; an old one that fits again becomes the newest.
        """
        known = sorted(await claim(self._client, owner, self._plural, self._index), key=_number)
        newest = known[-1]["revision"] if known else 0
        template = owner["spec"]["template"]
        equal = next((one for one in reversed(known) if template_of(one) == template), None)
        if equal is not None and equal is known[-1]:
            return equal, known
        if equal is not None:
            others = [one for one in known if one is not equal]
            renewed = await self._client.merge(self._place(equal), {"revision": newest + 1})
            return renewed, [*others, renewed]
        made = await self._create(owner, newest + 1)
        return made, [*known, made]

    async def _create(self, owner: Object, number: int) -> Object:
        for collisions in range(10):
            body = snapshot(owner, number, self._hash_label, collisions)
            try:
                made = await self._client.create(
                    path("apps/v1", PLURAL, owner["metadata"]["namespace"]), body
                )
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
                made = await self._client.get(self._place(body))
                mine = objects.controller_of(made)
                if mine is None or mine["uid"] != owner["metadata"]["uid"] or made["data"] != body["data"]:
                    continue
            self._index.created(made)
            return made
        raise ApiError(409, "AlreadyExists", f"no free name for a revision of {owner['metadata']['name']}")

    async def truncate(self, owner: Object, revisions: Iterable[Object], live: set[str]) -> None:
        """Delete what revisionHistoryLimit does not keep."""
        for old in surplus(revisions, live, owner["spec"].get("revisionHistoryLimit")):
            await remove(self._client, self._index, old)

    def _place(self, revision: Object) -> str:
        meta = revision["metadata"]
        return path("apps/v1", PLURAL, meta["namespace"], meta["name"])
