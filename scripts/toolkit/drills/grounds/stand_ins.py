"""What a drilled app meets on a real cluster, as pods and Services: a registry that refuses, an address.

They run the image of the good version, which is there already, with a program of drills/stand_ins.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import urllib3

from toolkit.base.outcome import Failed, PipelineError
from toolkit.drills.grounds.counterparts import LOGIN
from toolkit.drills.grounds.ground import Lot, NotHere
from toolkit.objects.fields import condition, mapping, objects, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]
PROGRAMS = Path(__file__).resolve().parents[4] / "drills" / "stand_ins"
SECONDS = 120.0
PORT = 4000
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
)


class Registry:
    """A pod in the node's own network, so that the node reaches it on 127.0.0.1, where HTTP will do.

    It holds the manifests and the configuration of the good version's image; its layers are on the node.
    """

    def __init__(self, lot: Lot, answers: Sequence[str]) -> None:
        self._pod = _Pod(lot, "registry")
        content = {
            "registry.py": (PROGRAMS / "registry.py").read_text(encoding="utf-8"),
            "content.json": json.dumps(image_content(lot.image)),
            "answers.json": json.dumps(list(answers) or ["ok"]),
            "login": LOGIN,
        }
        try:
            self._pod.run(["python3", "/given/registry.py", "/given"], content, host=True)
            self._port = self._pod.wait_for(self._listens)
        except BaseException:
            self.close()
            raise

    @property
    def host(self) -> str:
        """As the node reaches it."""
        return f"127.0.0.1:{self._port}"

    def _listens(self) -> str:
        said = self._pod.log()
        return said.rpartition("listening on ")[2].split()[0] if "listening on " in said else ""

    def close(self) -> None:
        """Take it away."""
        self._pod.close()


class Late:
    """A Service that has no pods, so that connections to it are refused, until it is opened."""

    def __init__(self, lot: Lot) -> None:
        self._lot = lot
        self._pod = _Pod(lot, "late")
        spec = {"selector": {"app": self._pod.name}, "ports": [{"port": PORT, "targetPort": PORT}]}
        made = lot.connection.create(
            built_in("Service").path(lot.namespace),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": self._pod.name}, "spec": spec},
        )
        self._address = text(made, "spec", "clusterIP")

    @property
    def host(self) -> str:
        """The Service's address."""
        return f"[{self._address}]:{PORT}" if ":" in self._address else f"{self._address}:{PORT}"

    def open(self) -> None:
        """Give it a pod that takes connections and lets each go at once."""
        self._pod.run(["python3", "-m", "http.server", str(PORT)], {}, host=False)

    def close(self) -> None:
        """Take it away."""
        _ignore(lambda: self._lot.connection.delete(self._path))
        self._pod.close()

    @property
    def _path(self) -> str:
        return built_in("Service").path(self._lot.namespace, self._pod.name)


class _Pod:
    """A pod of a name of its own, and the ConfigMap that it reads."""

    def __init__(self, lot: Lot, what: str) -> None:
        self._lot, self.name = lot, f"drill-{what}-{os.urandom(3).hex()}"

    def run(self, command: list[str], content: dict[str, str], *, host: bool) -> None:
        """Make it; content are the files in /given, host whether it is in the node's network."""
        connection, namespace = self._lot.connection, self._lot.namespace
        metadata = {"name": self.name, "labels": {"app": self.name}}
        given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": content}
        connection.create(built_in("ConfigMap").path(namespace), given)
        container = {
            "name": "stand-in",
            "image": self._lot.image,
            "command": command,
            "env": [{"name": "PYTHONUNBUFFERED", "value": "1"}],
            "volumeMounts": [{"name": "given", "mountPath": "/given"}],
        }
        spec = {
            "hostNetwork": host,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [{"name": "given", "configMap": {"name": self.name}}],
        }
        self._until_account()
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        connection.create(built_in("Pod").path(namespace), pod)

    def _until_account(self) -> None:
        """In a namespace that is new no pod is let in before it has its default ServiceAccount."""
        path = built_in("ServiceAccount").path(self._lot.namespace, "default")
        self.wait_for(lambda: "there" if self._lot.connection.find(path) else "")

    def wait_for(self, found: Callable[[], str]) -> str:
        """What `found` gives once it gives something. Raises Failed with how the pod is."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if said := found():
                return said
            time.sleep(0.2)
        raise Failed(f"Pod/{self.name} of a drill was not there in {SECONDS:.0f} s", evidence=[self._state()])

    def _state(self) -> str:
        pod = self._lot.connection.find(built_in("Pod").path(self._lot.namespace, self.name))
        states = [str(mapping(each, "state")) for each in objects(pod, "status", "containerStatuses")]
        return "; ".join([text(condition(pod, "PodScheduled"), "message"), *states, self.log()])

    def log(self) -> str:
        """What it said."""
        return self._lot.connection.logs(self._lot.namespace, self.name, "stand-in")

    def close(self) -> None:
        """Take it away."""
        for kind in ("Pod", "ConfigMap"):
            path = built_in(kind).path(self._lot.namespace, self.name)
            _ignore(lambda path=path: self._lot.connection.delete(path))  # type: ignore[misc]


def image_content(image: str) -> Json:
    """An image's manifests and configuration: "manifests/sha256:..." or "blobs/..." to [media type, base64].

    Raises NotHere where its registry does not let anybody read them.
    """
    where, _, digest = image.partition("@")
    host, _, repository = where.partition("/")
    pool = urllib3.PoolManager(timeout=10.0, retries=False)
    found: Json = {}

    def read(path: str) -> Json:
        why = ""
        for scheme in ("http", "https"):
            address = f"{scheme}://{host}/v2/{repository}/{path}"
            try:
                answer = pool.request("GET", address, headers={"Accept": _MANIFESTS})
            except urllib3.exceptions.HTTPError as error:
                why = why or str(error)
                continue
            if answer.status == 200:
                media = answer.headers.get("Content-Type", "")
                found[path] = [media, base64.b64encode(answer.data).decode()]
                value = json.loads(answer.data)
                return value if isinstance(value, dict) else {}
            why = f"{address} answers {answer.status}"
        raise NotHere(f"its registry must know the good version's image, and cannot be asked for it: {why}")

    manifest = read(f"manifests/{digest}")
    inner = [text(each, "digest") for each in objects(manifest, "manifests")]
    for each in [manifest, *(read(f"manifests/{name}") for name in inner)]:
        if config := text(each, "config", "digest"):
            read(f"blobs/{config}")
    return found


def _ignore(step: Callable[[], object]) -> None:
    """It is gone already, or goes with its namespace."""
    try:
        step()
    except PipelineError:
        return
