"""The worker process: compares what is wished for with what is there, again and again, and closes the gap."""

import socket
import threading
import time
import uuid
from collections.abc import Callable

from fb_platform import logs
from fb_platform.kubernetes import Cluster, Refused, Unavailable
from fb_platform.process import started, work
from fb_platform.settings import setting

from publisher import objects, plan, settings
from publisher.objects import MANAGER, Release, Unusable
from publisher.publication import DEFAULT_ADDRESS, Publication
from publisher.settings import Spaces
from publisher.store import LEASE, Form, Store
from publisher.words import sentence

TICK = 0.3  # seconds between two looks at the wishes
LOOK = 2.0  # seconds between two looks at the runner's release
AGAIN = 15.0  # seconds between two looks at a form that is published, and between two rehearsals
RETRY = 5.0  # seconds between two attempts at a form that failed
DATABASE_RETRY = 2.0  # seconds
REHEARSED = "publisher-rehearsal"  # a slug; nothing of that name is ever made


class Worker:
    """Runs until `stop` is called. Outages of the database and of the Kubernetes API are waited out."""

    def __init__(
        self,
        store: Store,
        cluster: Cluster,
        spaces: Spaces,
        address: str = DEFAULT_ADDRESS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self.cluster, self.spaces, self.clock = store, cluster, spaces, clock
        self.publication = Publication(store, cluster, spaces, address)
        self.name = f"{socket.gethostname()}/{uuid.uuid4()}"
        self.stopping = threading.Event()
        self.releases: dict[str, Release] = {}
        self.next: dict[object, float] = {}  # when something is due again
        self.holds = False

    def stop(self) -> None:
        self.stopping.set()

    def run(self) -> None:
        """Work until stopped, then let go of the lease."""
        while not self.stopping.is_set():
            pause = TICK
            try:
                self.tick()
            except Exception as problem:  # every driver has its own errors
                logs.error("the database does not answer", problem)
                pause = DATABASE_RETRY
            self.stopping.wait(pause)
        try:
            self.store.release(self.name)
        except Exception as problem:
            logs.error("the database does not answer", problem)

    def tick(self) -> None:
        """One look at everything. Does nothing while another worker has the lease."""
        self.store.prepare()
        if not self._leading():
            return
        forms = self.store.forms()
        for space in self.spaces.names:
            try:
                self._look(space)
                self._work(space, [form for form in forms if form.space == space])
            except Unavailable as problem:
                logs.warning("the Kubernetes API does not answer", problem.__cause__ or problem, space=space)
                self.store.checked(space, "The Kubernetes API does not answer.", "")
                self.next[space] = 0.0

    def _leading(self) -> bool:
        """Whether this worker has the lease, renewed long before it ends."""
        if self._is_time("lease", LEASE / 5) or not self.holds:
            had, self.holds = self.holds, self.store.hold(self.name)
            if self.holds and not had:
                self.publication.applied.clear()  # another worker may have been at it
                logs.info("working", worker=self.name)
        return self.holds

    def _look(self, space: str) -> None:
        """Find the runner's release in a space and, now and then, try whether a form could be published."""
        if not self._is_time(space, LOOK):
            return
        name, namespace = f"fb-runner-{space}", self.spaces.namespace(space)
        try:
            found = objects.release(self.cluster.get("ConfigMap", namespace, name), name)
            known = self.releases.get(space)
            if known != found or self._is_time((space, "rehearsal"), AGAIN):
                self._rehearse(namespace, found)
            self.releases[space] = found
            self.store.checked(space, "", found.version)
            if known != found:
                logs.info("the runner's release", space=space, version=found.version, digest=found.digest)
        except (Unusable, Refused) as problem:
            self.releases.pop(space, None)
            logs.warning(
                "nothing can be published", problem, space=space, status=getattr(problem, "status", 0)
            )
            self.store.checked(space, sentence(str(problem)), "")

    def _rehearse(self, namespace: str, release: Release) -> None:
        """Everything but the deed: the API checks leave, admission and objects, and keeps nothing."""
        made = objects.config_map(REHEARSED, namespace, "{}", "")
        self.cluster.apply(made, dry_run=True)
        self.cluster.apply(objects.service(REHEARSED, namespace, release), dry_run=True)
        self.cluster.apply(objects.deployment(REHEARSED, namespace, "{}", "", release), dry_run=True)
        hidden = {**made, "kind": "Secret", "data": {}}
        self.cluster.create(hidden, dry_run=True)

    def _work(self, space: str, forms: list[Form]) -> None:
        release = self.releases.get(space)
        for form in [form for form in forms if form.wish == "remove"]:
            if self._may_go_on():
                self.publication.retire(form)
        if release is None:
            return
        wanted = [form for form in forms if form.wish == "publish"]
        for form in plan.due(wanted, release.digest):
            if self._may_go_on():
                self.next[(space, form.slug)] = self.clock() + RETRY
                self.publication.advance(form, release)
        for form in plan.settled(wanted, release.digest):
            pause = RETRY if form.state == "failed" else AGAIN
            if self._may_go_on() and self._is_time((space, form.slug), pause):
                self.publication.advance(form, release, again=True)

    def _may_go_on(self) -> bool:
        return not self.stopping.is_set() and self._leading()

    def _is_time(self, what: object, every: float) -> bool:
        now = self.clock()
        if now < self.next.get(what, 0.0):
            return False
        self.next[what] = now + every
        return True


def build() -> Worker:
    """The worker, from the environment."""
    address = setting("FORM_ADDRESS", DEFAULT_ADDRESS)
    return Worker(Store(settings.database()), Cluster(MANAGER), settings.spaces(), address)


def main() -> None:
    """Run until SIGTERM."""
    work(started("publisher-worker", build))


if __name__ == "__main__":
    main()
