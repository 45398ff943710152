"""What every reference app's manifests must have, so that a rolling update loses no request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, number, objects, text
from toolkit.settings.config import Config

from tests import ROOT

CONFIG = Config.load(ROOT / "apps.toml")
SERVER = (ROOT / "apps/shared/fb_platform/server.py").read_text()
LONGEST_REQUEST = int(re.findall(r"^GRACE = (\d+)", SERVER, re.MULTILINE)[0])
# For how long a proxy may go on sending requests to a pod that leaves.
PROXIES_SECONDS = 3


def deployments() -> Iterator[Any]:
    """Each Deployment of each app whose code is here, as it is rendered for each space."""
    for app in CONFIG.apps.values():
        for environment in () if app.pending else CONFIG.environments.values():
            if not app.goes_to(environment.name):
                continue
            for space in app.spaces_in(CONFIG.place(environment.name)):
                images = {role: f"registry/fb-{app.name}-{role}@sha256:{'0' * 64}" for role in app.images}
                about = {"version": "1", "commit": "1"}
                given = manifests.values(app, space, environment.name, images, **about)
                for obj in manifests.render(app, given):
                    if obj["kind"] == "Deployment":
                        yield pytest.param(app, obj, id=f"{space} {obj['metadata']['name']}")


def web(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers that listen."""
    return [
        each for each in objects(deployment, "spec", "template", "spec", "containers") if each.get("ports")
    ]


EVERY = list(deployments())


def test_there_is_something_to_hold() -> None:
    apps = {param.values[0].name for param in EVERY}
    assert apps == {app.name for app in CONFIG.apps.values() if not app.pending}


@pytest.mark.parametrize(("app", "deployment"), EVERY)
def test_an_update_takes_no_pod_away_before_another_is_ready(app: Any, deployment: dict[str, Any]) -> None:
    strategy = mapping(deployment, "spec", "strategy")
    assert strategy["type"] == "RollingUpdate"
    assert strategy["rollingUpdate"]["maxUnavailable"] == 0
    assert strategy["rollingUpdate"]["maxSurge"] not in (0, "0%")


@pytest.mark.parametrize(("app", "deployment"), EVERY)
def test_who_listens_is_asked_whether_it_is_ready(app: Any, deployment: dict[str, Any]) -> None:
    for container in web(deployment):
        probe = mapping(container, "readinessProbe", "httpGet")
        assert probe["path"] == (app.readiness or app.health)
        assert probe["port"] in {port["name"] for port in container["ports"]}
        assert "livenessProbe" in container and "startupProbe" in container


@pytest.mark.parametrize(("app", "deployment"), EVERY)
def test_who_listens_stays_until_the_proxies_know_and_its_requests_are_done(
    app: Any, deployment: dict[str, Any]
) -> None:
    grace = number(deployment, "spec", "template", "spec", "terminationGracePeriodSeconds")
    assert grace, "what the manifest does not say is left to a default"
    for container in web(deployment):
        command = container["lifecycle"]["preStop"]["exec"]["command"]
        assert command[0] == "sleep" and int(command[1]) >= PROXIES_SECONDS
        assert grace > int(command[1]) + LONGEST_REQUEST


@pytest.mark.parametrize(("app", "deployment"), EVERY)
def test_a_stop_is_not_cut_short_by_the_shell_that_runs_it(app: Any, deployment: dict[str, Any]) -> None:
    """A process that a shell started does not get the SIGTERM."""
    for container in objects(deployment, "spec", "template", "spec", "containers"):
        assert text(container, "command", 0) not in ("sh", "/bin/sh", "bash", "/bin/bash")
    for dockerfile in (image.dockerfile for image in app.images.values()):
        last = (app.path / dockerfile).read_text().strip().splitlines()[-1]
        assert re.match(r"(CMD|ENTRYPOINT) \[", last), f"{dockerfile}: {last}"
