"""What every controller is: a queue of keys, and a function that brings one object nearer its spec."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from sandbox.base.client import ApiError, Client, Informer, Key, Object, key_of, path
from sandbox.controllers.machinery import objects
from sandbox.controllers.machinery.events import Recorder
from sandbox.controllers.machinery.queue import Queue

WORKERS = 4  # keys of one controller in flight at once, so that a slow request holds up only its own object

log = logging.getLogger(__name__)


@dataclass
class Cluster:
    """What the controllers share: one client, and an informer for each collection asked for."""

    client: Client
    informers: dict[tuple[str, str], Informer] = field(default_factory=dict)
    later: dict[tuple[str, str], asyncio.Task[None]] = field(default_factory=dict)

    def follow(self, api_version: str, plural: str) -> Informer:
        """The informer of a collection that has come while the controllers run; it works at once."""
        informer, wanted = self.informer(api_version, plural), (api_version, plural)
        if wanted not in self.later:
            self.later[wanted] = asyncio.get_running_loop().create_task(informer.run())
        return informer

    def leave(self, api_version: str, plural: str) -> None:
        """Follow it no more: it is not served any longer."""
        task = self.later.pop((api_version, plural), None)
        if task is not None:
            task.cancel()
            del self.informers[api_version, plural]

    async def close(self) -> None:
        """End what `follow` began."""
        tasks, self.later = list(self.later.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def informer(self, api_version: str, plural: str) -> Informer:
        """The shared informer of a collection, all namespaces; ask before the manager starts them."""
        wanted = (api_version, plural)
        if wanted not in self.informers:
            self.informers[wanted] = Informer(self.client, api_version, plural)
        return self.informers[wanted]


def namespace_is_going(error: ApiError) -> bool:
    """Whether a create was refused because its namespace is being deleted: no news, and no use to retry."""
    return error.status == 403 and "because it is being terminated" in error.message


class Controller:
    """Subclasses subscribe in __init__ (calling self.queue.add) and write ``reconcile``."""

    name = "controller"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.client = cluster, cluster.client
        self.queue: Queue[Key] = Queue()
        self.recorder = Recorder(cluster.client, self.name)

    async def reconcile(self, key: Key) -> float | None:
        """Bring one object closer to its spec; the answer is when to look again, in seconds, if time alone
        matters.

        Reads caches, so it may act on old news: writes carry a resourceVersion, or a name that makes them
        idempotent.
        """
        raise NotImplementedError

    def enqueue(self, kind: str, new: Object, old: Object | None) -> None:
        """An informer handler: the object itself has to be looked at."""
        del kind, old
        self.queue.add(key_of(new))

    def enqueue_owners(self, kind: str, owners: Informer, *children: Object | None) -> None:
        """Who controls these children has to be looked at, if it is of that kind; of an orphan, all whose
        selector picks it."""
        for child in filter(None, children):
            space, owner = child["metadata"]["namespace"], objects.controller_of(child)
            if owner is not None and owner["kind"] == kind:
                self.queue.add((space, owner["name"]))
            elif owner is None:
                for key, candidate in owners.items.items():
                    selector = candidate["spec"]["selector"]
                    if key[0] == space and objects.selects(selector, objects.labels_of(child)):
                        self.queue.add(key)

    async def write_status(self, plural: str, obj: Object, status: Object) -> None:
        """Write what is new about an object's status."""
        if status != obj.get("status"):
            meta = obj["metadata"]
            place = path(obj["apiVersion"], plural, meta["namespace"], meta["name"], "status")
            await self.client.replace(place, {**obj, "status": status})

    async def run(self) -> None:
        """Work for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.recorder.run())
                for _ in range(WORKERS):
                    tasks.create_task(self._work())
        finally:
            self.queue.close()

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                again = await self.reconcile(key)
                self.queue.forget(key)
                if again is not None:
                    self.queue.add_after(key, again)
            except ApiError as error:
                pause = self.queue.retry(key)
                # A conflict or a missing object is old news, and an absent server is the informers' to
                # mention.
                quiet = error.status in (0, 404, 409)
                log.log(
                    logging.DEBUG if quiet else logging.WARNING,
                    "%s %s: %s; again in %.2f s",
                    self.name,
                    "/".join(filter(None, key)),
                    error,
                    pause,
                )
            except Exception:
                pause = self.queue.retry(key)
                log.exception("%s %s failed; again in %.2f s", self.name, "/".join(filter(None, key)), pause)
            finally:
                self.queue.done(key)
