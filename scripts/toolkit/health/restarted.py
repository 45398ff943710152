"""The pods of an app that is a restart: those of each workload that is as it was released."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from toolkit.cluster.api.errors import Unreachable
from toolkit.cluster.release import releases
from toolkit.cluster.restarting import finding, partials
from toolkit.cluster.standing import ill
from toolkit.health import backends
from toolkit.health.rounds import Rounds
from toolkit.health.troubles import Ill, Trouble
from toolkit.objects.fields import name, number, objects, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]
SIDE_BY_SIDE = 8


class Restarted(Rounds):
    """A pod is asked at its container's first port. What somebody has changed since, and what did not stand
    before the release, is not asked."""

    def once(self) -> list[Trouble]:
        """One look and one question for each pod and path."""
        restart, app = self.app.restart, self.app
        assert restart is not None  # noqa: S101
        try:
            recorded = releases.objects_of(self.connection, self.namespace, app.name, self.release) or []
            live = {
                (obj["kind"], name(obj)): obj
                for obj in finding.live(self.connection, restart, self.namespace)
            }
            path = built_in("Pod").path(self.namespace)
            pods = self.connection.list(path, labelSelector=restart.selector)["items"]
        except Unreachable as error:
            return [Trouble(Ill.AWAY, error.reason)]
        wanted = {(text(each, "kind"), name(each)): each for each in recorded}
        mine = {
            key
            for key, obj in live.items()
            if not wanted or (key in wanted and self._is_meant(obj, wanted[key]))
        }
        seen = [pod for pod in pods if backends.is_lasting(pod) and ill.workload_of(pod) in mine]
        wrong = self.crashed(seen)
        for pod in seen:
            images = partials.images(wanted.get(ill.workload_of(pod), {}))
            wrong += backends.wrong_images(pod, replace(self.release, images=images))
            if not backends.is_ready(pod):
                wrong.append(Trouble(Ill.NOT_READY, backends.not_ready(pod), name(pod)))
        if not seen:
            wrong.append(Trouble(Ill.NO_PODS, f"none of the workloads of {app.name} has a pod to ask"))
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="health") as pool:
            asked = [(pod, each) for each in self.paths() for pod in seen]
            for found in pool.map(lambda row: self._pod(*row), asked):
                wrong += found
        return wrong

    @staticmethod
    def _is_meant(live: Json, recorded: Json) -> bool:
        return partials.is_there(live, recorded) and not ill.is_marked(recorded)

    def _pod(self, pod: Json, path: str) -> list[Trouble]:
        port = self.ports[name(pod)] = port_of(pod, self.app.port)
        address = self.connection.proxy("pods", self.namespace, name(pod), port, path)
        return self.ask(f"Pod/{name(pod)}", path, address, name(pod), backends.down(pod, port))


def port_of(pod: Json, otherwise: int) -> int:
    """The first port that one of its containers declares."""
    ports = [row for each in objects(pod, "spec", "containers") for row in objects(each, "ports")]
    return number(ports[0], "containerPort", default=otherwise) if ports else otherwise
