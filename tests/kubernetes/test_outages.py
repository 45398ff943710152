"""A real API server that goes away, and a token that is taken back, in the middle of a rollout."""

from __future__ import annotations

import subprocess

import pytest

from tests.kubernetes.cluster import Cluster, eventually
from tests.kubernetes.tiny import Tiny
from tests.sandbox.deploying.looks import STARTUP
from tests.sandbox.platform_double import commit

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("outages")]


@pytest.fixture
def app(shared: Tiny) -> Tiny:
    """A verified release of it runs in its first space."""
    shared.configure()
    shared.manifest(env={"VERSION": "good"})
    for stage in ("deploy", "healthcheck"):
        ended = shared.run(stage, "--app", "tiny", "--env", shared.one, **commit("a"))
        assert ended.code == 0, ended.output
    return shared


def in_mid_rollout(app: Tiny, seconds: int) -> subprocess.Popen[str]:
    """A deployment of another release whose pods take that long to start, once they are there."""
    app.manifest(env={"VERSION": "newer", "START_DELAY": str(seconds)}, extra=STARTUP)
    before = app.deployment(app.one)["metadata"]["generation"]
    process = app.start("deploy", "--app", "tiny", "--env", app.one, **commit("b"))
    eventually(lambda: app.deployment(app.one)["metadata"]["generation"] > before)
    return process


def test_an_api_server_that_restarts_is_waited_for(app: Tiny, cluster: Cluster) -> None:
    if cluster.node is None:
        pytest.skip("only the API server of the node of one's own is restarted: make kubernetes-up")
    process = in_mid_rollout(app, 15)
    cluster.node.restart_api_server()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert app.answers(app.one)["version"] == "newer"
    status = app.status("--env", app.one)[0]
    assert status["version"] == "b" * 12, status


def test_a_token_that_is_taken_back_is_named_and_the_next_run_finishes(app: Tiny, cluster: Cluster) -> None:
    process = in_mid_rollout(app, 45)
    home = app.homes[app.one]
    cluster.revoke(home.name)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 1, output
    assert app.variable(app.one) in output, "the variable that holds the token"
    assert home.token not in output and "Traceback" not in output
    assert app.answers(app.one)["version"] in ("good", "newer")
    app.homes[app.one] = home._replace(token=cluster.token(home.name, "another-token"))
    again = app.run("deploy", "--app", "tiny", "--env", app.one, **commit("b"))
    assert again.code == 0, again.output
    assert app.answers(app.one)["version"] == "newer"
