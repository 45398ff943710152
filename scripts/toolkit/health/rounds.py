"""One round of questions after the other: every pod, the Service, and what stands behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.base.outcome import INCONCLUSIVE, Kind, Outcome
from toolkit.base.spaces import Space
from toolkit.cluster import evidence
from toolkit.cluster.api import endpoints
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import Unreachable
from toolkit.cluster.release.releases import Release
from toolkit.cluster.standing import crashes
from toolkit.health import answers, backends, troubles, versions
from toolkit.health.answers import Answer, Answers
from toolkit.health.troubles import Ill, Trouble
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, name, uid
from toolkit.objects.resources import built_in
from toolkit.settings.model import App

Json = dict[str, Any]
# How many of the things that are wrong are printed; the record has them all.
SHOWN = 8
# How much longer than told the first round may take: a healthcheck that asked nobody knows nothing.
FIRST_SECONDS = 30.0


@dataclass
class Rounds:
    """The rounds of one space's healthcheck, and what was heard in them; until is on the monotonic clock.

    fresh: the release has just been deployed, so that whoever ended since then crashes.
    """

    connection: Connection
    app: App
    namespace: str
    service: Json
    release: Release
    space: Space
    until: float
    fresh: bool = False
    heard: dict[str, Answers] = field(default_factory=dict)
    by_pod: dict[tuple[str, str], Answers] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    said: str = ""
    is_cut: bool = False

    def once(self) -> list[Trouble]:
        """Look at what stands behind the Service, ask every pod and the Service once; what is wrong.

        The first one is finished even if that takes longer than told; is_cut says that one was not.
        """
        app, service = self.app, self.service
        try:
            sent_to = endpoints.behind(self.connection, self.namespace, name(service))
            seen = self._pods()
        except Unreachable as error:  # it may be back in the next round
            return [Trouble(Ill.AWAY, error.reason)]
        wrong = self.crashed([pod for pod in seen if backends.is_of(pod, app.name)])
        wrong += backends.troubles(app.name, service, seen, sent_to, self.release)
        asked = [pod for pod in seen if backends.is_served_by(pod, service) and backends.is_of(pod, app.name)]
        for path in self.paths():
            for pod in asked:
                port = self.ports[name(pod)] = backends.pod_port(service, pod, app.port)
                address = self.connection.proxy("pods", self.namespace, name(pod), port, path)
                down = backends.down(pod, port)
                wrong += self.ask(f"Pod/{name(pod)}", path, address, name(pod), down)
            address = self.connection.proxy("services", self.namespace, name(service), app.port, path)
            wrong += self.ask(f"Service/{name(service)}", path, address, "")
        return wrong

    def crashed(self, mine: Sequence[Json]) -> list[Trouble]:
        """The pods of the app that keep ending, or have since the deployment."""
        crashed = crashes.early(mine, self.release.restarts) if self.fresh else crashes.looping(mine)
        return [Trouble(Ill.CRASHING, each.sentence, each.pod) for each in crashed]

    def paths(self) -> Iterator[str]:
        """The paths that are asked, each once."""
        paths = (self.app.health, self.app.readiness, self.app.version)
        return (path for path in dict.fromkeys(paths) if path)

    def _pods(self) -> list[Json]:
        """The app's pods, and all that the Service's selector catches; without those that are leaving."""
        selectors = [f"{manifests.APP_GROUP}={manifests.group_of(self.app.name)}"]
        caught = mapping(self.service, "spec", "selector")
        selectors += [",".join(f"{key}={value}" for key, value in caught.items())] if caught else []
        path = built_in("Pod").path(self.namespace)
        found = [pod for each in selectors for pod in self.connection.list(path, labelSelector=each)["items"]]
        return [pod for pod in {uid(pod): pod for pod in found}.values() if backends.is_lasting(pod)]

    def ask(self, who: str, path: str, address: str, pod: str, down: str = "") -> list[Trouble]:
        """Ask one address once; what is wrong with the answer."""
        self.space.check()
        over = time.monotonic() - self.until
        what = f"{who} {path}"
        if over > (0 if what in self.heard else FIRST_SECONDS):
            self.is_cut = True
            return []
        answer = answers.ask(self.connection, address)
        heard = self.heard.setdefault(what, Answers())
        if not answer.is_good:
            return [_unwell(what, answer, pod, down)]
        heard.seconds.append(answer.seconds)
        if pod:
            self.by_pod[pod, path] = heard
        if path != self.app.version or versions.agrees(
            answer.said, self.release.version, self.release.commit
        ):
            return []
        said = answers.first_line(answer.said) or "nothing"
        wanted = self.release.version
        if self.release.commit and not self.release.commit.startswith(wanted):
            wanted = f"{wanted} (commit {self.release.commit[:12]})"
        return [Trouble(Ill.VERSION, f"{what} says {said}, but {wanted} was deployed", pod)]

    def say(self, wrong: Sequence[Trouble]) -> None:
        """Tell what is awaited, when it changes."""
        lead = wrong[0].sentence if wrong else ""
        if lead and lead != self.said:
            self.space.say(f"waiting: {troubles.reason(wrong)}")
        self.said = lead

    def details(self) -> Json:
        """For the record."""
        return {
            "latency_ms": answers.latencies(self.heard),
            "latency_ms_all": answers.overall(self.heard),
            "slow": answers.slow_ones(self.by_pod),
            "images": dict(self.release.images),
            "version": self.release.version,
        }

    def passed(self, rounds: int) -> Outcome:
        """The outcome after that many good rounds in a row; a slow pod is told, and no failure."""
        slow = answers.slow_ones(self.by_pod)
        for sentence in slow:
            self.space.say(sentence)
        reason = (
            f"{self.app.name} {self.release.version}: {len(self.heard)} addresses healthy, "
            f"{rounds} times in a row, p95 {answers.overall(self.heard)['p95']:g} ms"
        )
        return Outcome(reason="; ".join([reason, *slow]), details=self.details())

    def failed(self, wrong: Sequence[Trouble], few: str) -> Outcome:
        """The outcome, with the last words of the pod that is to blame."""
        app, space = self.app, self.space.name
        details = {**self.details(), "troubles": [trouble.sentence for trouble in wrong]}
        if not wrong:
            return Outcome(Kind.FAILED, few, f"make healthcheck APP={app.name} ENV={space}", (), details)
        if all(trouble.ill is Ill.AWAY for trouble in wrong):
            details[INCONCLUSIVE] = True
        lines = [trouble.sentence for trouble in wrong[:SHOWN]]
        lines += [f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        to_blame = next((each.pod for each in wrong if each.pod and each.ill in troubles.ITS_OWN), "")
        if to_blame:
            lines += evidence.last_words(self.connection, self.namespace, to_blame)
        remedy = troubles.remedy(wrong, app, space, self.ports.get(to_blame, app.port))
        return Outcome(Kind.FAILED, troubles.reason(wrong), remedy, tuple(lines), details)


def _unwell(what: str, answer: Answer, pod: str, down: str) -> Trouble:
    """down says why nobody in the pod could listen, "" when somebody could."""
    line = answers.first_line(answer.said)
    if not answer.status and down:
        return Trouble(Ill.DOWN, f"{what} does not answer: {down}", pod)
    if not answer.status:
        return Trouble(Ill.SILENT, f"{what} does not answer: {line}", pod)
    return Trouble(Ill.REFUSING, f"{what} answers {answer.status}{f': {line}' if line else ''}", pod)
