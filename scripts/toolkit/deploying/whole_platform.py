"""Every app of the platform in one space of the sandbox, and the address at which each answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import urllib3

from toolkit.base import tools
from toolkit.base.outcome import Failed, Kind, Misused, Outcome, PipelineError
from toolkit.base.table import aligned
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.release import provision
from toolkit.cluster.release.releases import current
from toolkit.objects.fields import text
from toolkit.objects.resources import built_in
from toolkit.pipeline import plan
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster, Place
from toolkit.settings.request import Request
from toolkit.settings.sandbox import TOOLKIT, state_of, told

COME_BACK_SECONDS = 45.0  # what was deployed once, after the sandbox was started again
ANSWER_SECONDS = 20.0
LOOK = 0.25
DEPLOY_SECONDS = 1800.0
HEADINGS = ("app", "space", "address", "")


class Home(NamedTuple):
    """An app and the space of it that belongs to the platform."""

    app: App
    space: str


def require_sandbox(cluster: Cluster) -> None:
    """Raises Misused for a cluster on which this would be somebody's business."""
    if cluster.builder != "sandbox":
        raise Misused(
            f"the whole platform is started on the sandbox only; to {cluster.name} apps come by the pipeline",
            remedy=f"make pipeline APP=all CLUSTER={cluster.name}, or leave CLUSTER out",
        )


def homes(config: Config, place: Place) -> list[Home]:
    """Where each app belongs that has code and goes there, after what it needs."""
    ordered: dict[str, App] = {}
    for app in config.apps.values():
        ordered.update({each.name: each for each in (*config.needs_of(app), app)})
    return [Home(app, space) for app in ordered.values() if not app.pending for space in app.homes(place)]


def start(request: Request, place: Place) -> Outcome:
    """Deploy what is absent, then say where everything answers; an app that does not is a failure."""
    require_sandbox(request.cluster)
    wanted = homes(request.config, place)
    absent = [home for home in wanted if not _is_there(request, home)]
    while absent:
        _deploy(request, next_to_deploy(request.config, absent))
        still = [home for home in absent if not provision.is_deployed(*_at(request, home))]
        if still == absent:
            names = ", ".join(home.app.name for home in still)
            raise Failed(f"{names} was deployed, and yet does not serve", remedy="make status")
        absent = still
    rows = [(home.app.name, home.space, _address(request, home), _hint(home)) for home in wanted]
    for line in aligned([HEADINGS, *rows]):
        request.say(line.rstrip())
    request.say(f"{len(wanted)} apps run in {place.word}; `make platform-stop` stops them")
    return Outcome()


def stop(request: Request) -> Outcome:
    """Stop the sandbox; its state stays, so that the next start is quick."""
    require_sandbox(request.cluster)
    down = told(state_of(request.cluster, request.root), "down")
    ran = tools.run(down, cwd=TOOLKIT, timeout=120, echo=False)
    request.say(f"{ran.output.strip()}; `make platform` starts the platform again as it was")
    return Outcome()


def next_to_deploy(config: Config, absent: Sequence[Home]) -> Home:
    """One that no other absent app needs: its deployment brings along, side by side, all that it needs."""
    needed = {need.name for home in absent for need in config.needs_of(home.app)}
    return next(home for home in absent if home.app.name not in needed)


def _at(request: Request, home: Home) -> tuple[Connection, App, str]:
    return connect(request.cluster, home.app.where(home.space), request.root), home.app, home.space


def _is_there(request: Request, home: Home) -> bool:
    """Whether the app serves; one that was deployed before gets its time to come back."""
    connection = connect(request.cluster, home.app.where(home.space), request.root)
    namespace = home.app.namespace_in(home.space)
    if connection.find(built_in("Namespace").path(name=namespace)) is None:
        return False
    until = time.monotonic() + COME_BACK_SECONDS
    while not provision.is_deployed(connection, home.app, home.space):
        if current(connection, namespace, home.app.name) is None or time.monotonic() > until:
            return False
        time.sleep(LOOK)
    return True


def _deploy(request: Request, home: Home) -> None:
    request.say(f"deploying {home.app.name} to {home.space}, with what it needs")
    command = plan.script("deploy", home.app.name, request.config.file)
    # Each is asked for an answer afterwards: nobody need wait for it here.
    command += ["--env", home.space, "--cluster", request.cluster.name, "--settle", "0"]
    ran = tools.run(command, cwd=request.root, check=False, timeout=DEPLOY_SECONDS)
    if ran.code != 0:
        error = PipelineError(
            f"{home.app.name} could not be deployed to {home.space}; why stands above",
            remedy=f"make deploy APP={home.app.name} ENV={home.space}",
        )
        error.kind = Kind.of_exit_code(ran.code)
        raise error


def _address(request: Request, home: Home) -> str:
    """Where a person reaches the app from this machine; raises Failed when nothing healthy answers there."""
    app, namespace = home.app, home.app.namespace_in(home.space)
    connection = connect(request.cluster, home.app.where(home.space), request.root)
    service = connection.find(built_in("Service").path(namespace, app.service_in(home.space)))
    port = "" if app.port == 80 else f":{app.port}"
    base = f"http://{text(service or {}, 'spec', 'clusterIP')}{port}"
    until = time.monotonic() + ANSWER_SECONDS
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        while True:
            try:
                if pool.request("GET", base + app.health).status == 200:
                    return base + (app.page or app.health)
            except urllib3.exceptions.HTTPError:
                pass  # not yet: its pods were ready a moment ago, the proxy may not have heard
            if time.monotonic() > until:
                raise Failed(
                    f"{app.name} does not answer at {base}{app.health}",
                    remedy=f"make healthcheck APP={app.name} ENV={home.space}",
                )
            time.sleep(LOOK)


def _hint(home: Home) -> str:
    namespace = home.app.namespace_in(home.space)
    return home.app.hint.replace("{namespace}", namespace).replace("{space}", home.space)
