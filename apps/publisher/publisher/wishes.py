"""What the JSON API and the pages do alike: check a wish, write it down, say what there is."""

import json
import re
import time
from typing import Any

import msgspec
from fb_platform import forms, logs
from fb_platform.kubernetes import Cluster, Refused, Unavailable
from fb_platform.pool import WorkPool
from starlette.exceptions import HTTPException

from publisher import objects
from publisher.settings import Spaces
from publisher.store import FRESH, Form, Store

LARGEST = 100_000  # bytes of a form: it reaches its process in one environment variable, Linux allows 131,071
AWAY = (Unavailable, Refused)  # what this service account may not see is no more use than what is not there


class Wishes:
    """Every method raises HTTPException with the status and the sentence that the caller gets."""

    def __init__(self, store: Store, cluster: Cluster, spaces: Spaces) -> None:
        self.store, self.cluster, self.spaces = store, cluster, spaces
        self.threads = WorkPool("database", store.prepare, others=dict.fromkeys(AWAY, "Kubernetes API"))

    async def publish(self, space: object, document: object) -> tuple[str, int]:
        """Wish that a form (the parsed JSON) be published in a space; its slug and the wish's version.

        422: no such space, or no form that the platform can run; 409: the slug belongs to something else.
        """
        if not isinstance(space, str) or space not in self.spaces.names:
            raise HTTPException(422, f"space must be one of {', '.join(self.spaces.names)}")
        try:
            form = forms.parse(json.dumps(document))
        except forms.Invalid as problem:
            raise HTTPException(422, f"this is not a form that can be published: {problem}") from None
        metadata = msgspec.json.encode(form).decode()
        if len(metadata.encode()) > LARGEST:
            raise HTTPException(422, f"the form must not be larger than {LARGEST:,} bytes")

        def work() -> int | None:
            self._refuse_what_is_not_ours(space, form.slug)
            return self.store.publish(space, form.slug, form.id, form.name, metadata)

        version = await self.threads.run(work)
        if version is None:
            raise HTTPException(
                409, f"the slug {form.slug} belongs to another form in {space}: unpublish it first"
            )
        logs.info("wished for", form=form.slug, space=space, version=version)
        return form.slug, version

    async def unpublish(self, space: str, slug: str) -> None:
        """Wish that a form be gone. 404 if it is not there."""
        if not await self.threads.run(lambda: self.store.unpublish(space, slug)):
            raise HTTPException(404, "there is no such form")
        logs.info("no longer wished for", form=slug, space=space)

    async def forms(self) -> list[Form]:
        """All forms, by space and slug."""
        return await self.threads.run(self.store.forms)

    async def form(self, space: str, slug: str) -> Form:
        """One form. 404 if it is not there."""
        found = await self.threads.run(lambda: self.store.form(space, slug))
        if found is None:
            raise HTTPException(404, "there is no such form")
        return found

    async def state(self) -> dict[str, Any]:
        """Whether the worker lives and what it found: {"worker": {...}, "spaces": [...]}.

        A space has a `problem`, a sentence, unless a form could be published there right now.
        """

        def work() -> dict[str, Any]:
            now, seen, found = time.time(), self.store.last_seen(), self.store.spaces()
            alive = now - seen < FRESH
            listed = []
            for name in self.spaces.names:
                known = found.get(name)
                problem = known.problem if known else "The worker has not looked here yet."
                fresh = bool(known) and now - known.checked_at < 2 * FRESH  # type: ignore[union-attr]
                problem = problem or ("" if fresh else "The worker has not looked here for a while.")
                listed.append({"space": name, "problem": problem, "runner": known.runner if known else ""})
            return {
                "worker": {"alive": alive, "seen": round(now - seen, 1) if seen else None},
                "spaces": listed,
            }

        return await self.threads.run(work)

    def _refuse_what_is_not_ours(self, space: str, slug: str) -> None:
        """409 for a slug under which there is something that the publisher did not make.

        The worker looks at all objects; this look tells whoever asks at once.
        """
        found = self.cluster.get("ConfigMap", self.spaces.namespace(space), objects.names(slug)["ConfigMap"])
        if found and not objects.is_ours(found):
            raise HTTPException(
                409, f"the slug {slug} is taken in {space} by something that is not the publisher's"
            )


def shown(form: Form) -> dict[str, Any]:
    """A form as the JSON API shows it."""
    return {
        "space": form.space,
        "slug": form.slug,
        "name": form.name,
        "state": form.state,
        "address": form.address if re.match("https?://", form.address) else "",
        "reason": form.reason,
        "version": form.version,
    }
