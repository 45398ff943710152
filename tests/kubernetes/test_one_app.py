"""One app's life on a real cluster: deployed, looked at, watched, pruned, adopted, undone, held up."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kubernetes.cluster import eventually
from tests.kubernetes.tiny import Tiny
from tests.sandbox.deploying.looks import STARTUP
from tests.sandbox.platform_double import Ended, commit

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("tiny")]

RESERVED, LOCK = "fb-tiny-reserved", "fb-tiny-deploy"
CRASH = {"EXIT_CODE": "3", "SAY": "I cannot go on"}
EXTRA = """---
apiVersion: v1
kind: ConfigMap
metadata: { name: "fb-tiny-extra-{{ space }}" }
data: { a: b }
"""


@pytest.fixture
def app(shared: Tiny) -> Tiny:
    """Its templates as they are at first."""
    shared.configure(rollback="auto")
    shared.manifest(env={"VERSION": "good"})
    return shared


def deploy(app: Tiny, digit: str, space: str, **more: str) -> Ended:
    return app.run("deploy", "--app", "tiny", "--env", space, **commit(digit), **more)


def release(app: Tiny, digit: str, space: str) -> None:
    """Deploy the templates as they are, and verify them."""
    for stage in ("deploy", "healthcheck", *(("watch",) if space == app.three else ())):
        ended = app.run(stage, "--app", "tiny", "--env", space, **commit(digit))
        assert ended.code == 0, ended.output


def row(app: Tiny, space: str) -> dict[str, Any]:
    return app.status("--env", space)[0]


def write_extra(app: Tiny) -> None:
    file = app.folder / "tiny" / "deploy" / "app.yaml"
    file.write_text(file.read_text() + EXTRA)


def test_a_first_deployment_then_the_same_again(app: Tiny) -> None:
    release(app, "a", app.one)
    assert app.answers(app.one)["version"] == "good"
    before = app.deployment(app.one)["metadata"]["generation"]
    again = deploy(app, "a", app.one)
    assert again.code == 0, again.output
    assert app.deployment(app.one)["metadata"]["generation"] == before
    found = row(app, app.one)
    assert (found["version"], found["verified"]) == ("a" * 12, True)
    assert not found.get("drift"), found


def test_what_left_the_templates_is_taken_out_and_nothing_else(app: Tiny) -> None:
    write_extra(app)
    release(app, "a", app.one)
    path = app.path(app.one, "api/v1", "configmaps", f"fb-tiny-extra-{app.one}")
    assert app.cluster.find(path)
    stranger = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}}
    app.cluster.apply({**stranger, "metadata": {"name": "somebodys", "namespace": f"ns-{app.one}"}})
    app.manifest(env={"VERSION": "good"})
    release(app, "b", app.one)
    assert app.cluster.find(path) is None
    assert app.cluster.find(app.path(app.one, "api/v1", "configmaps", "somebodys"))


def test_a_change_by_hand_is_shown_with_field_and_manager(app: Tiny) -> None:
    release(app, "a", app.one)
    name = f"fb-tiny-app-{app.one}"
    app.cluster.api.ask(
        "PATCH", app.path(app.one, "apis/apps/v1", "deployments", name) + "?fieldManager=by-hand",
        {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 3}}}},
        kind="application/merge-patch+json",
    )  # fmt: skip
    found = json.dumps(row(app, app.one))
    assert "terminationGracePeriodSeconds" in found and "by-hand" in found
    refused = deploy(app, "b", app.one)
    assert refused.code != 0 and "TAKE_OVER=1" in refused.output
    taken = deploy(app, "b", app.one, TAKE_OVER="1")
    assert taken.code == 0, taken.output


def test_what_somebody_applied_with_kubectl_is_adopted(app: Tiny) -> None:
    """The same Service, made by hand before the first release: it becomes the app's, and stays what it is."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"fb-tiny-{app.two}", "namespace": f"ns-{app.two}"},
        "spec": {
            "selector": {"app": "tiny"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }
    uid = app.cluster.apply(service)["metadata"]["uid"]
    ended = deploy(app, "a", app.two)
    if ended.code:  # said by name, with what takes it over
        assert "TAKE_OVER=1" in ended.output, ended.output
        ended = deploy(app, "a", app.two, TAKE_OVER="1")
    assert ended.code == 0, ended.output
    found = app.cluster.find(app.path(app.two, "api/v1", "services", f"fb-tiny-{app.two}"))
    assert found is not None and found["metadata"]["uid"] == uid
    assert found["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "form-builder-pipeline"


def test_a_failed_release_goes_back_by_itself_and_is_held(app: Tiny) -> None:
    release(app, "a", app.three)
    app.manifest(env={"VERSION": "bad", **CRASH})
    begun = time.monotonic()
    bad = deploy(app, "b", app.three)
    assert bad.code == 1, bad.output
    assert time.monotonic() - begun < 90, "called by its cause, not at the deadline"
    assert "crash loop:" in bad.last and "rolled back to aaaaaaaaaaaa (verified)" in bad.last
    assert app.answers(app.three)["version"] == "good"
    run = max((app.folder / ".pipeline" / "runs").iterdir())
    summary = run / app.recorded()["stages"][0]["details"][app.three]["evidence"]
    assert "I cannot go on" in summary.read_text()
    again = deploy(app, "b", app.three)
    assert again.code == 3 and "is held" in again.last, again.output


def test_a_person_goes_back_to_the_last_verified_release(app: Tiny) -> None:
    release(app, "a", app.one)
    app.manifest(env={"VERSION": "newer"})
    ended = deploy(app, "c", app.one)
    assert ended.code == 0, ended.output
    back = app.run("rollback", "--app", "tiny", "--env", app.one)
    assert back.code == 0, back.output
    assert app.answers(app.one)["version"] == "good"


def test_a_restart_in_the_watch_is_named(app: Tiny) -> None:
    release(app, "a", app.one)
    app.manifest(env={"VERSION": "good", "EXIT_AFTER": "12"})
    ended = deploy(app, "d", app.one, SETTLE="0")
    assert ended.code == 0, ended.output
    watched = app.run("watch", "--app", "tiny", "--env", app.one, "--for", "40s", **commit("d"))
    assert watched.code == 1, watched.output
    assert "restart" in watched.output


def test_a_second_deployment_is_refused_with_the_holder_and_the_first_leaves_nothing(app: Tiny) -> None:
    release(app, "a", app.one)
    with under_way(app) as first:
        second = app.run("deploy", "--app", "tiny", "--env", app.one, "--turn-wait", "1")
        assert second.code == 3, second.output
        assert re.search(r"waiting for .+ in run .+, for whom it is reserved until the last", second.output)
        assert "reserved for " in row(app, app.one)["reserved"]
        back = app.run("rollback", "--app", "tiny", "--env", app.one, "--lock-wait", "1")
        assert back.code == 3 and "waiting for the deployment of " in back.output, back.output
        first.send_signal(signal.SIGTERM)
        output, _ = first.communicate(timeout=60)
    assert first.returncode == 130, output
    assert leases(app) == set()


def test_what_a_killed_deployment_held_is_taken_over(app: Tiny) -> None:
    with under_way(app):
        pass
    assert leases(app) == {RESERVED, LOCK}
    app.manifest(env={"VERSION": "good"})
    again = deploy(app, "a", app.one)
    assert again.code == 0, again.output
    assert re.search("taking over what was reserved for .+ in run .+: it was cut short", again.output)
    assert leases(app) == set()


@contextlib.contextmanager
def under_way(app: Tiny) -> Iterator[subprocess.Popen[str]]:
    """A deployment whose pods take ten minutes to start; it is killed in the end."""
    app.configure(deadline="600s")
    app.manifest(env={"START_DELAY": "600"}, extra=STARTUP.replace("60 }", "600 }"))
    file = app.folder / "tiny" / "deploy" / "app.yaml"
    file.write_text(file.read_text().replace("progressDeadlineSeconds: 60", "progressDeadlineSeconds: 600"))
    first = app.start("deploy", "--app", "tiny", "--env", app.one)
    try:
        eventually(lambda: leases(app) == {RESERVED, LOCK})
        yield first
    finally:
        first.kill()
        first.communicate()


def leases(app: Tiny) -> set[str]:
    path = app.path(app.one, "apis/coordination.k8s.io/v1", "leases")
    return {each["metadata"]["name"] for each in app.cluster.api.ask("GET", path)["items"]}
