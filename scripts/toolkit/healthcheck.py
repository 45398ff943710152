"""Every pod and the app itself answer, several times in a row, and run the digest that was deployed.

Pods are asked through the API server's pod proxy, the app through its Service: no port needs to be open.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.cluster import diagnosis, progress, releases
from toolkit.cluster.connection import Connection, connect
from toolkit.cluster.errors import ApiError, is_namespace_missing
from toolkit.cluster.fields import at, mapping, name, number, objects, text
from toolkit.cluster.releases import Release
from toolkit.cluster.resources import built_in
from toolkit.model import App
from toolkit.outcome import Failed, Kind, Outcome
from toolkit.request import Request
from toolkit.spaces import Space

Json = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """How often in a row everything must answer, the seconds between rounds, and until when to try."""

    rounds: int = 3
    interval: float = 0.5
    within: float = 60.0


@dataclass
class Answers:
    """What was heard of one address: latencies in seconds of good answers, and the last bad one."""

    seconds: list[float] = field(default_factory=list)
    bad: str = ""


class NotDeployed(Failed):
    """The app is not there; the remedy is the command that puts it there."""

    def __init__(self, app: App, space: str) -> None:
        remedy = f"make deploy APP={app.name} ENV={space}"
        super().__init__(f"{app.name} is not deployed in {space}: {remedy}", remedy=remedy)


def where_deployed(request: Request, work: Callable[[Space], Outcome]) -> Callable[[Space], Outcome]:
    """The same work, but an app that is not there is passed over unless it was asked for by name."""

    def one(space: Space) -> Outcome:
        try:
            return work(space)
        except NotDeployed as error:
            if request.named:
                raise
            return Outcome(reason=error.reason)

    return one


def reached(request: Request, space: Space) -> Connection:
    """A connection to a space whose namespace exists. Raises NotDeployed where we would make it."""
    app = request.app
    try:
        return connect(request.cluster, space.name, request.root, namespace=app.namespace_in(space.name))
    except ApiError as error:
        if request.cluster.provision and is_namespace_missing(error):
            raise NotDeployed(app, space.name) from None
        raise


def deployed(request: Request, space: Space) -> tuple[Connection, Release]:
    """A connection to a space and the release that runs there. Raises NotDeployed when there is none."""
    connection = reached(request, space)
    release = releases.current(connection, request.app.namespace_in(space.name), request.app.name)
    if release is None:
        raise NotDeployed(request.app, space.name)
    return connection, release


def in_space(request: Request, space: Space, rule: Rule) -> Outcome:
    """The verdict for one space; raises Failed when the app is not deployed there."""
    app = request.app
    namespace = app.namespace_in(space.name)
    connection, release = deployed(request, space)
    service = connection.find(built_in("Service").path(namespace, app.service_in(space.name)))
    if service is None:
        raise NotDeployed(app, space.name)
    paths = [path for path in dict.fromkeys((app.health, app.readiness)) if path]
    deadline = time.monotonic() + rule.within
    heard: dict[str, Answers] = {}
    good, last = 0, ["nothing was asked"]
    while good < rule.rounds:
        space.check()
        last = _round(connection, app, namespace, service, paths, release, heard)
        good = 0 if last else good + 1
        if good < rule.rounds and time.monotonic() + rule.interval > deadline:
            break
        if good < rule.rounds:
            space.pause(rule.interval)
    details = {"latency_ms": latencies(heard), "images": dict(release.images), "version": release.version}
    if good < rule.rounds:
        few = f"only {good} of {rule.rounds} rounds were good in {rule.within:.0f} s"
        reason = last[0] if last else few
        remedy = f"look at the pods' logs; deploy again: make deploy APP={app.name} ENV={space.name}"
        return Outcome(Kind.FAILED, reason, remedy, tuple(last), details)
    if releases.passed(connection, namespace, app.name, "healthcheck", release.images):
        space.say(f"release {release.version} is verified")
    asked = len(heard)
    return Outcome(
        reason=f"{app.name} {release.version}: {asked} addresses healthy, {rule.rounds} times in a row",
        details=details,
    )


def _round(
    connection: Connection,
    app: App,
    namespace: str,
    service: Json,
    paths: Sequence[str],
    release: Release,
    heard: dict[str, Answers],
) -> list[str]:
    """Ask every pod and the Service once; what is wrong, [] when nothing is."""
    selector = ",".join(f"{key}={value}" for key, value in mapping(service, "spec", "selector").items())
    pods = connection.list(built_in("Pod").path(namespace), labelSelector=selector)["items"]
    alive = [pod for pod in pods if not at(pod, "metadata", "deletionTimestamp")]
    if not alive:
        return [f"no pod stands behind the Service {name(service)}"]
    wrong = wrong_digests(alive, release.images)
    ready = {name(pod) for pod in diagnosis.ready_pods(alive)}
    wrong += [f"Pod/{name(pod)} is not ready" for pod in alive if name(pod) not in ready]
    for path in paths:
        for pod in alive:
            address = connection.proxy("pods", namespace, name(pod), pod_port(service, pod, app.port), path)
            wrong += _ask(connection, f"Pod/{name(pod)} {path}", address, heard)
        address = connection.proxy("services", namespace, name(service), app.port, path)
        wrong += _ask(connection, f"Service/{name(service)} {path}", address, heard)
    return wrong


def _ask(connection: Connection, what: str, address: str, heard: dict[str, Answers]) -> list[str]:
    answers = heard.setdefault(what, Answers())
    started = time.monotonic()
    try:
        response = connection.request("GET", address, timeout=5.0, headers={"Accept": "*/*"})
    except ApiError as error:
        if error.status in (401,) or (error.status == 403 and error.word == "Forbidden"):
            raise
        answers.bad = f"{what} answers {error.status}"
    except Failed as error:
        answers.bad = f"{what}: {error.reason}"
    else:
        if response.status < 300:
            answers.seconds.append(time.monotonic() - started)
            return []
        answers.bad = f"{what} answers {response.status}"
    return [answers.bad]


def wrong_digests(pods: Sequence[Json], images: Mapping[str, str]) -> list[str]:
    """A sentence per ready pod that runs something else than the release; [] when all run it.

    A container counts when its image has the name of one of the release's images: sidecars have their own.
    """
    wanted = {progress.digest_of(reference) for reference in images.values()} - {""}
    wrong = []
    for pod in diagnosis.ready_pods(pods):
        running = {progress.digest_of(image) for image in diagnosis.image_ids(pod).values()} - {""}
        if wanted and running and not running & wanted:
            wrong.append(f"Pod/{name(pod)} runs {', '.join(sorted(running))}, not what was deployed")
        wrong += progress.wrong_images(pod)
    return wrong


def pod_port(service: Json, pod: Json, port: int) -> int:
    """The container port behind a port of the Service: its targetPort, a number or a port's name."""
    ports = objects(service, "spec", "ports")
    row = next((each for each in ports if each.get("port") == port), ports[0] if ports else {})
    target = row.get("targetPort", port)
    if isinstance(target, str) and not target.isdigit():
        for container in objects(pod, "spec", "containers"):
            for each in objects(container, "ports"):
                if text(each, "name") == target:
                    return number(each, "containerPort", default=port)
        return port
    return int(target)


def latencies(heard: Mapping[str, Answers]) -> dict[str, dict[str, float]]:
    """Milliseconds per address: median, 95th percentile, largest."""
    return {
        what: {
            "p50": _quantile(answers.seconds, 0.5),
            "p95": _quantile(answers.seconds, 0.95),
            "max": _quantile(answers.seconds, 1.0),
        }
        for what, answers in heard.items()
        if answers.seconds
    }


def _quantile(seconds: Sequence[float], share: float) -> float:
    """The nearest-rank quantile, in milliseconds."""
    ranked = sorted(seconds)
    place = max(0, -(-int(share * 100) * len(ranked) // 100) - 1)
    return round(ranked[place] * 1000, 1)
