"""The one door to a cluster: raw JSON in and out, for the objects of one space.

Everything here raises Unreachable (no answer) or ApiError (an error status), both Failed with a sentence that
names the cluster, the space and what holds the credential.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

import urllib3

from toolkit.base import tools
from toolkit.base.outcome import Misused, TimedOut
from toolkit.cluster.api.credentials import Credentials, is_loopback, load
from toolkit.cluster.api.errors import ApiError, Unreachable
from toolkit.cluster.api.transport import Json, Transport, Warned
from toolkit.objects import decoding
from toolkit.objects.fields import objects, text
from toolkit.objects.resources import BUILT_IN, Resource
from toolkit.settings.model import Cluster, Where
from toolkit.settings.sandbox import KUBECONFIG, TOOLKIT, is_sandbox, state_of, told
from toolkit.settings.secrecy import without_secrets

FIELD_MANAGER = "form-builder-pipeline"
PAGE = 500


class Connection(Transport):
    """A space of a cluster. Safe to use from several threads."""

    def __init__(
        self,
        cluster: Cluster,
        space: str,
        credentials: Credentials,
        again: Callable[[], Credentials] | None = None,
    ) -> None:
        super().__init__(cluster, space, credentials, again)
        self._discovered: dict[tuple[str, str], Resource] = {}

    def resource(self, api_version: str, kind: str, *, ask: bool = False) -> Resource:
        """Where a kind lives. Raises Misused for a kind that this cluster does not serve.

        Those that the toolkit knows are taken for granted, unless the cluster is to be asked.
        """
        taken = None if ask else BUILT_IN.get((api_version, kind))
        known = taken or self._discovered.get((api_version, kind))
        if known:
            return known
        group = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            served = objects(self.json("GET", group, doing=f"looking for the kind {kind}"), "resources")
        except ApiError as error:
            if error.status != 404:
                raise
            served = []
        for row in served:
            if row.get("kind") == kind and "/" not in text(row, "name"):
                found = Resource(
                    api_version, kind, text(row, "name"), namespaced=bool(row.get("namespaced", True))
                )
                self._discovered[api_version, kind] = found
                return found
        raise Misused(f"cluster {self.cluster.name} does not serve the kind {kind} of {api_version}")

    def path_of(self, obj: Json, sub: str | None = None) -> str:
        """The path of an object by its own apiVersion, kind, namespace and name."""
        resource = self.resource(text(obj, "apiVersion"), text(obj, "kind"))
        return resource.path(text(obj, "metadata", "namespace") or None, text(obj, "metadata", "name"), sub)

    def get(self, path: str, **query: str | int) -> Json:
        """One object."""
        return self.json("GET", path, query=query)

    def find(self, path: str) -> Json | None:
        """One object, None when there is none of that name (or no such namespace)."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str, **query: str | int) -> Json:
        """A whole collection: pages of 500 joined. A continue token that expired (410) starts it again.

        The items come with their managedFields emptied: they are for reading, not for writing back.
        """
        items: list[Json] = []
        page = self._page(path, {**query, "limit": PAGE})
        while True:
            items += objects(page, "items")
            token = text(page, "metadata", "continue")
            if not token:
                return {**page, "items": items}
            try:
                page = self._page(path, {**query, "limit": PAGE, "continue": token})
            except ApiError as error:
                if error.status != 410:
                    raise
                items = []
                page = self._page(path, query)

    def _page(self, path: str, query: Mapping[str, str | int]) -> Json:
        return self.json("GET", path, query=query, decode=decoding.loads)

    def create(self, path: str, obj: Json, *, warnings: Warned | None = None, **query: str | int) -> Json:
        """Create an object in a collection. What the server warns of is added to warnings."""
        kind, name = text(obj, "kind"), text(obj, "metadata", "name")
        query = {"fieldManager": FIELD_MANAGER, **query}
        doing = f"creating {kind}/{name}"
        return self.json("POST", path, query=query, body=obj, doing=doing, warnings=warnings)

    def replace(self, path: str, obj: Json) -> Json:
        """Replace an object; a resourceVersion in it must still be the newest (409 otherwise)."""
        return self.json(
            "PUT", path, query={"fieldManager": FIELD_MANAGER}, body=obj, doing=f"writing {path}"
        )

    def merge(self, path: str, patch: Json) -> Json:
        """Change fields of an object by a JSON merge patch."""
        return self.json(
            "PATCH",
            path,
            query={"fieldManager": FIELD_MANAGER},
            body=patch,
            content_type="application/merge-patch+json",
            doing=f"changing {path}",
        )

    def patch(self, path: str, patch: Json, *, dry_run: bool = False) -> Json:
        """Change an object by a strategic merge patch, which knows lists by their keys and null for out."""
        query = {"fieldManager": FIELD_MANAGER}
        if dry_run:
            query |= {"dryRun": "All", "fieldValidation": "Strict"}
        return self.json(
            "PATCH",
            path,
            query=query,
            body=patch,
            content_type="application/strategic-merge-patch+json",
            doing=f"changing {path}",
        )

    def apply(
        self,
        path: str,
        obj: Json,
        *,
        force: bool = False,
        dry_run: bool = False,
        warnings: Warned | None = None,
    ) -> Json:
        """Server-side apply; 409 with a cause per field when another manager owns what this would change.

        A dry run changes nothing, and refuses fields that the kind does not have. What the server warns of is
        added to warnings.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        if dry_run:
            query |= {"dryRun": "All", "fieldValidation": "Strict"}
        kind, name = text(obj, "kind"), text(obj, "metadata", "name")
        return self.json(
            "PATCH",
            path,
            query=query,
            body=obj,
            content_type="application/apply-patch+yaml",  # JSON is YAML
            doing=f"applying {kind}/{name}",
            warnings=warnings,
        )

    def delete(self, path: str, *, uid: str = "", version: str = "", propagation: str = "Background") -> None:
        """Delete an object, if it still is the one of that uid and resourceVersion. Already gone is fine."""
        conditions = {"uid": uid, "resourceVersion": version}
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
            "preconditions": {key: value for key, value in conditions.items() if value},
        }
        try:
            self.request("DELETE", path, body=body, doing=f"deleting {path}")
        except ApiError as error:
            if error.status != 404:
                raise

    def wait_gone(self, path: str, uid: str, seconds: float = 30.0) -> None:
        """Wait until the object of that uid is no more. Raises TimedOut."""
        deadline = time.monotonic() + seconds
        while True:
            live = self.find(path)
            if live is None or text(live, "metadata", "uid") != uid:
                return
            if time.monotonic() > deadline:
                raise TimedOut(f"{path} was told to go and is still there after {seconds:.0f} s")
            time.sleep(0.2)

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 20
    ) -> str:
        """The last lines of a container (or of the one before its restart), "" when none are to be had."""
        path = BUILT_IN["v1", "Pod"].path(namespace, pod, "log")
        query: dict[str, str | int] = {
            "container": container,
            "tailLines": lines,
            "previous": str(previous).lower(),
        }
        try:
            return self.request("GET", path, query=query).data.decode("utf-8", "replace")
        except (ApiError, Unreachable):
            return ""

    def stream(
        self, path: str, *, query: Mapping[str, str | int], timeout: float
    ) -> urllib3.BaseHTTPResponse:
        """An answer that comes bit by bit; timeout is the longest silence, in s. The caller closes it."""
        return self.request("GET", path, query=query, timeout=timeout, stream=True)

    def proxy(self, kind: str, namespace: str, name: str, port: int | str, path: str = "/") -> str:
        """The path by which the API server reaches an HTTP port of one of the "pods" or "services"."""
        target = quote(f"{name}:{port}", safe=":")
        return f"/api/v1/namespaces/{quote(namespace, safe='')}/{kind}/{target}/proxy/{path.lstrip('/')}"

    def check(self, namespace: str | None = None) -> None:
        """Raise Failed within 10 s unless the cluster answers, takes the credential, has the namespace."""
        if namespace is None:
            self.json("GET", "/version", doing="asking for its version")
            return
        path = BUILT_IN["v1", "Pod"].path(namespace)
        self.json("GET", path, query={"limit": 1}, doing=f"listing the pods of {namespace}")
        try:
            self.get(BUILT_IN["v1", "Namespace"].path(name=namespace))
        except ApiError as error:
            if error.status != 403:  # many credentials may work inside a namespace and not read it
                raise


_sandbox_lock = threading.Lock()


def connect(cluster: Cluster, where: Where | str, root: Path, *, namespace: str | None = None) -> Connection:
    """A connection to a cluster that answers; the sandbox is started when it does not run.

    where: what the credential is for, an app's namespace or only a space. With namespace it is made sure that
    there is one, and that the credential is good for it. Raises Misused when the credential is not there,
    Failed when the cluster or the namespace is not.
    """
    where = Where.of(where, namespace or "")
    if is_sandbox(cluster):
        with _sandbox_lock:
            return _connect_sandbox(cluster, where, root, namespace)
    connection = _loaded(cluster, where, root)
    connection.check(namespace)
    return connection


def _loaded(cluster: Cluster, where: Where, root: Path) -> Connection:
    again = partial(load, cluster, where, root)
    return Connection(cluster, where.space, again(), again)


def _connect_sandbox(cluster: Cluster, where: Where, root: Path, namespace: str | None) -> Connection:
    state = state_of(cluster, root)
    if (state / KUBECONFIG).is_file():
        try:
            connection = _loaded(cluster, where, root)
            connection.json("GET", "/version", timeout=4)
        except Misused:
            pass  # its state was reset: starting it tells
        except Unreachable:
            if not is_loopback(connection.server):
                raise  # a file of that name that leads elsewhere: not the sandbox's
        else:
            if namespace is not None:
                connection.check(namespace)
            return connection
    free = without_secrets(os.environ)  # it outlives this run
    tools.run(told(state, "up"), cwd=TOOLKIT, echo=False, timeout=60, inherited=free)
    connection = _loaded(cluster, where, root)
    connection.check(namespace)
    return connection
