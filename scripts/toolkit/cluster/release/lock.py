"""One deployment per app and space: a Lease with its holder, renewed while held, taken over when it is not.

Whether a holder is gone is told by this machine's monotonic clock (the Lease did not change for as long as it
was granted for), never by comparing two machines' clocks; a dead process of this machine is seen at once.
"""

from __future__ import annotations

import contextlib
import datetime
import getpass
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Failed, Refused
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects.fields import mapping, number, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]

GRANTED_SECONDS = 30
RENEW_SECONDS = 8.0
POLL_SECONDS = 0.5
HOLDER = "form-builder/holder"
PROCESS = "form-builder/process"
RUN = "form-builder/run"


class Held:
    """A lock that is held. check() raises Failed when somebody else is known to have it by now."""

    def __init__(self, connection: Connection, path: str, lease: Json) -> None:
        self._connection = connection
        self._path = path
        self._lease = lease
        self._lost = ""
        self._seen = time.monotonic()
        self._released = threading.Event()
        self._renewing = threading.Lock()
        self._thread = threading.Thread(target=self._renew, name="lock", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises Failed when the lock was lost: going on would meddle with another deployment."""
        if self._lost:
            raise Failed(f"the deployment lock was lost: {self._lost}", remedy="see who deploys: make status")

    def assure(self) -> None:
        """check() before a write: a lock that was not renewed for long is renewed first.

        While the cluster was away, or this process stood still, somebody may have taken it over. Raises
        Failed when that is so, Unreachable when the cluster does not answer.
        """
        self.check()
        if time.monotonic() - self._seen > GRANTED_SECONDS / 2:
            self._renew_now()
            self.check()

    def release(self) -> None:
        """Give it back; best effort: it expires by itself."""
        self._released.set()
        self._thread.join(2.0)
        metadata = mapping(self._lease, "metadata")
        with contextlib.suppress(Failed):
            self._connection.delete(
                self._path, uid=text(metadata, "uid"), version=text(metadata, "resourceVersion")
            )

    def _renew(self) -> None:
        while not self._released.wait(RENEW_SECONDS) and not self._lost:
            with contextlib.suppress(Failed):  # the server is away: nobody else can take the lock meanwhile
                self._renew_now()
            if time.monotonic() - self._seen > GRANTED_SECONDS * 4:
                self._lost = f"it could not be renewed for {GRANTED_SECONDS * 4} s"

    def _renew_now(self) -> None:
        """Renew it; whose it is now is known then. Raises Failed when that cannot be found out."""
        with self._renewing:
            wanted = {**self._lease, "spec": {**self._lease["spec"], "renewTime": stamp()}}
            try:
                self._lease = self._connection.replace(self._path, wanted)
                self._seen = time.monotonic()
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
                self._lost = "somebody took it over"


@contextmanager
def held(
    connection: Connection, namespace: str, app: str, *, run: str, who: str, space: Space, wait: float
) -> Iterator[Held]:
    """Hold the app's lock in a space; after `wait` seconds raises Refused with who has it since when.

    It is given back on every way out of the block; a process that is killed leaves a Lease that expires.
    """
    path = built_in("Lease").path(namespace, name_of(app))
    lock = Held(connection, path, _acquire(connection, namespace, app, run, who, space, wait))
    try:
        yield lock
    finally:
        lock.release()


def name_of(app: str) -> str:
    """The Lease's name."""
    return f"fb-{app}-deploy"


def holder_of(lease: Any) -> str:
    """Who holds a lock, since when and in which run; for a sentence."""
    annotations = mapping(lease, "metadata", "annotations")
    who = text(annotations, HOLDER) or text(lease, "spec", "holderIdentity") or "somebody"
    run = f" in run {annotations[RUN]}" if annotations.get(RUN) else ""
    return f"{who} since {text(lease, 'spec', 'acquireTime') or 'an unknown time'}{run}"


def _acquire(
    connection: Connection, namespace: str, app: str, run: str, who: str, space: Space, wait: float
) -> Json:
    collection = built_in("Lease").path(namespace)
    path = built_in("Lease").path(namespace, name_of(app))
    mine = _lease(namespace, app, run, who)
    until = time.monotonic() + wait
    seen, since, said = "", time.monotonic(), False
    while True:
        live = connection.find(path)
        try:
            if live is None:
                return connection.create(collection, mine)
            version = text(live, "metadata", "resourceVersion")
            if version != seen:
                seen, since = version, time.monotonic()
            granted = number(live, "spec", "leaseDurationSeconds", default=GRANTED_SECONDS)
            if time.monotonic() - since > granted or _is_dead(live):
                space.say(f"taking over the lock of {holder_of(live)}: its holder is gone")
                taken = {**mine, "metadata": {**mine["metadata"], "resourceVersion": version}}
                return connection.replace(path, taken)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            space.pause(0.05)  # somebody was quicker: look again
            continue
        if time.monotonic() > until:
            raise Refused(
                f"{app} is being deployed to {space.name} by {holder_of(live)}",
                remedy=f"wait for it to end; waited {wait:.0f} s (--lock-wait)",
            )
        if not said:
            space.say(f"waiting for the deployment of {holder_of(live)}")
            said = True
        space.pause(POLL_SECONDS)


def _lease(namespace: str, app: str, run: str, who: str) -> Json:
    now = stamp()
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name_of(app),
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "form-builder-pipeline", "appGroup": f"fb-{app}"},
            "annotations": {HOLDER: who, RUN: run, PROCESS: process_identity()},
        },
        "spec": {
            "holderIdentity": f"{who} ({run or process_identity()})"[:250],
            "leaseDurationSeconds": GRANTED_SECONDS,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": 0,
        },
    }


def stamp() -> str:
    """This moment as a Lease has it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def somebody() -> str:
    """user@host of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def process_identity(pid: int | None = None) -> str:
    """This machine's boot, its process namespace, the process and its start; "" where Linux does not tell."""
    pid = os.getpid() if pid is None else pid
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").readlink()
        # Field 22 is the start time; the command's name before it may hold spaces and brackets.
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{boot} {namespace} {pid} {started}"


def _is_dead(lease: Json) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    return is_gone(text(lease, "metadata", "annotations", PROCESS))


def is_gone(identity: str) -> bool:
    """Whether what `process_identity` made was a process of this machine that is no more."""
    parts = identity.split()
    ours = process_identity().split()
    if len(parts) != 4 or len(ours) != 4 or parts[:2] != ours[:2] or not parts[2].isdigit():
        return False
    return process_identity(int(parts[2])).split() != parts
