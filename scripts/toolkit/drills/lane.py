"""One space in which drills happen: its working copy, its good version, and what is done to its namespace."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from toolkit.base.outcome import Failed, Misused, PipelineError
from toolkit.ci.origin import Source
from toolkit.cluster.api.connection import Connection, connect
from toolkit.drills.cases import Action, Change
from toolkit.drills.grounds.ground import Ground, Late, Lot, Registry
from toolkit.drills.grounds.kubernetes import remove_namespace
from toolkit.drills.programs import Ended, Programs
from toolkit.drills.second_opinion import SecondOpinion
from toolkit.drills.witness import Eyes, serving
from toolkit.drills.workshop import APP, GOOD, Workshop, fill, mentions
from toolkit.objects.fields import mapping, name, text
from toolkit.objects.resources import built_in
from toolkit.settings.config import Config
from toolkit.settings.request import version

Json = dict[str, Any]
Do = Callable[[Action, Eyes | None], None]
LEAVE_SECONDS = 60.0


def _noted(key: str) -> Json:
    return {"spec": {"template": {"metadata": {"annotations": {key: "2026-01-01T00:00:00Z"}}}}}


# What somebody else does to the Deployment: as kubectl does it, or as a controller that notes something.
HANDS: Mapping[str, Json] = {
    "resume": {"spec": {"paused": False}},
    "restart": _noted("kubectl.kubernetes.io/restartedAt"),
    "note": _noted("drill/last-reloaded"),
}


class NotReady(Failed):
    """Not even the good version gets to production: there is nothing to drill."""


class Lane:
    """A space of its own. `good` is the version that is verified there."""

    def __init__(self, origin: Path, folder: Path, space: str, ground: Ground, stop: threading.Event) -> None:
        self.workshop = Workshop(origin, folder, space, ground)
        self.programs = Programs(folder, ground, stop)
        self.space, self.ground = space, ground
        self.good = ""
        self.serves = ""
        self._layout = (GOOD, "the good version")
        self._image = ""
        # Open until the end: a version that passed may lean on its own for as long as it serves.
        self._lates: list[Late] = []
        self._connection: Connection | None = None
        self._config: Config | None = None

    def set_up(self, venvs: Path) -> None:
        """Take the good version to production, verified. Raises NotReady with what the pipeline said."""
        self.workshop.set_up(venvs)
        self._config = Config.load(self.workshop.config)
        source = self.workshop.lay_out(*self._layout, {})
        ended = self.programs.run("pipeline", source=source, preflight=True, patience=1)
        if ended.code != 0:
            raise NotReady(
                f"the good version of the drill's app did not get through its pipeline in {self.space}",
                evidence=ended.output.splitlines()[-25:],
            )
        self._connection = self._connect(self._config)
        self._image = text(self.deployment(), "spec", "template", "spec", "containers", 0, "image")
        self.good = self.serves = version(source)

    def restore(self) -> None:
        """Put the good version back after another one that passed."""
        if self.serves != self.good:
            source = self.workshop.lay_out(*self._layout, {})
            ended = self.programs.run("deploy", *self.place, source=source, preflight=True, patience=1)
            if ended.code != 0:
                raise Failed("the good version did not come back", evidence=ended.output.splitlines()[-25:])
            self.serves = self.good

    def verified(self, change: Change, note: str, version: str) -> None:
        """This change went through the whole pipeline: it is the good version from now on."""
        self._layout = (change, note)
        self.good = self.serves = version

    @property
    def place(self) -> tuple[str, str]:
        """The words that name the environment to a stage."""
        return ("--env", "production")

    @property
    def app(self) -> Any:
        """The drilled app."""
        assert self._config is not None  # noqa: S101 - after set_up
        return self._config.app(APP)

    @property
    def connection(self) -> Connection:
        """To the space; after set_up."""
        if self._connection is None:
            raise Failed(f"{self.space} was not set up")
        return self._connection

    @property
    def namespace(self) -> str:
        """Of the drilled app."""
        return str(self.app.namespace_in(self.space))

    def deployment(self) -> Json:
        """The app's Deployment as it is."""
        return self.connection.get(built_in("Deployment").path(self.namespace, f"fb-drill-{self.space}"))

    def second_opinion(self, workload: str = "") -> SecondOpinion:
        """kubectl, to be asked about a workload, Kind/name; the app's Deployment where none is named."""
        log = self.workshop.folder / ".pipeline" / "kubectl.log"
        about = workload or f"Deployment/fb-drill-{self.space}"
        return SecondOpinion(self.ground.kubeconfigs(), self.namespace, about, log)

    @contextmanager
    def changed(self, change: Change, note: str) -> Iterator[tuple[Source, Do]]:
        """The working copy with a change, and how to do what it does to the cluster; undone at the end."""
        lot = Lot(self.connection, self.namespace, self._image)
        repository, _, digest = self._image.partition("@")
        words = {"good": self._image, "repository": repository, "digest": digest, "space": self.space}
        registry: Registry | None = None
        late: Late | None = None
        if mentions(change, "registry"):
            registry = self.ground.registry(lot, change.registry)
            words |= {"registry": f"{registry.host}/{self.space}", "registry-host": registry.host}
        if mentions(change, "late"):
            late = self.ground.late(lot)
            self._lates.append(late)
            words["late"] = late.host
        undo: list[Callable[[], None]] = []

        def do(action: Action, eyes: Eyes | None = None) -> None:
            what = yaml.safe_load(fill(action.what, words)) if action.what else {}
            undo.extend(self._do(action.do, what, late, eyes))

        try:
            source = self.workshop.lay_out(change, note, words)
            for action in change.before:
                do(action)
            yield source, do
        finally:
            for step in reversed(undo):
                with contextlib.suppress(PipelineError):
                    step()
            self._remove_claims()
            if registry is not None:
                registry.close()

    def _do(self, word: str, what: Any, late: Late | None, eyes: Eyes | None) -> Sequence[Callable[[], None]]:
        """Do one thing; the steps that undo it."""
        if word == "create":
            return [self._create(what)]
        if word == "status":
            self._say(what)
            return []
        if word in ("label", "label-node"):
            node = text(self.connection.list(built_in("Node").path())["items"][0], "metadata", "name")
            kind, named = ("Namespace", self.namespace) if word == "label" else ("Node", node)
            path = built_in(kind).path(name=named)
            self.connection.merge(path, {"metadata": {"labels": what}})
            none = {"metadata": {"labels": dict.fromkeys(what)}}
            return [lambda: ignore(self.connection.merge(path, none))]
        if word == "open":
            if late is None:
                raise Misused("a drill opens an address that nothing of it names: {late}")
            late.open()
        elif word in HANDS:
            path = built_in("Deployment").path(self.namespace, name(self.deployment()))
            self.connection.merge(path, HANDS[word])
        elif word == "delete-job":
            jobs = built_in("Job")
            for job in self.connection.list(jobs.path(self.namespace))["items"]:
                self.connection.delete(jobs.path(self.namespace, name(job)))
        elif eyes is not None:
            self._disturb(word, eyes)
        return []

    def _create(self, obj: Json) -> Callable[[], None]:
        resource = self.connection.resource(text(obj, "apiVersion"), text(obj, "kind"))
        namespace = self.namespace if resource.namespaced else None
        self.connection.create(resource.path(namespace), obj)
        path = resource.path(namespace, name(obj))
        if text(obj, "kind") == "ResourceQuota":
            self._counted(path)
        return lambda: self._take_away(path, wait=not resource.namespaced)

    def _take_away(self, path: str, *, wait: bool) -> None:
        """Delete an object; what belongs to the whole cluster must be gone before the next drill makes it."""
        live = self.connection.find(path)
        if live is None:
            return
        self.connection.delete(path)
        if wait:
            self.connection.wait_gone(path, text(live, "metadata", "uid"))

    def _say(self, obj: Json) -> None:
        """Write an object's status, as the controller does that it is for."""
        resource = self.connection.resource(text(obj, "apiVersion"), text(obj, "kind"))
        path = resource.path(self.namespace, name(obj), "status")
        self.connection.merge(path, {"status": mapping(obj, "status")})

    def _counted(self, path: str) -> None:
        """Wait until a quota's use is known: before that nothing is refused for its sake."""
        until = threading.Event()
        for _ in range(600):
            if mapping(self.connection.get(path), "status", "used"):
                return
            until.wait(0.05)
        raise Failed(f"{path}: its use was not counted within 30 s")

    def _disturb(self, word: str, eyes: Eyes) -> None:
        """Evict or delete a new pod, or have one leave."""
        pods = eyes.new_pods()
        ready = serving(pods)
        pod = ready[0] if ready else name(pods[0]) if pods else ""
        if not pod:
            raise Failed("the drill found no new pod to disturb")
        path = built_in("Pod").path(self.namespace, pod)
        if word == "evict":
            eviction = {
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": pod, "namespace": self.namespace},
            }
            self.connection.json("POST", f"{path}/eviction", body=eviction)
        elif word == "kill":
            self.connection.delete(path)
        elif word == "leave":
            self.connection.request(
                "POST", self.connection.proxy("pods", self.namespace, pod, 3000, "/leave")
            )
        else:
            raise Misused(f"{word}: not something that a drill can do")

    def _remove_claims(self) -> None:
        """Claims are never pruned with a release, so that no data is lost: here they are nobody's."""
        if self._connection is None:
            return
        with contextlib.suppress(PipelineError):
            for claim in self.connection.list(built_in("PersistentVolumeClaim").path(self.namespace))[
                "items"
            ]:
                self.connection.delete(built_in("PersistentVolumeClaim").path(self.namespace, name(claim)))

    def close(self) -> None:
        """Leave nothing behind in the cluster."""
        for late in self._lates:
            late.close()
        if self._config is None:
            return
        connection = self._connection or self._connect(self._config)
        remove_namespace(connection, self.namespace, LEAVE_SECONDS)
        self.ground.leave(Lot(connection, self.namespace, self._image), LEAVE_SECONDS)

    def _connect(self, config: Config) -> Connection:
        return connect(config.cluster(self.ground.cluster.name), self.space, self.workshop.folder)

    def run(self, script: str, *words: str, **how: Any) -> Ended:
        """Run one of the pipeline's scripts here."""
        return self.programs.run(script, *words, **how)


def ignore(_: object) -> None:
    """The value is of no interest."""
