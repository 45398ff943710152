"""An app that is a restart: forms that another program made get a new image wave by wave, and go back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from toolkit.cluster.api.connection import Connection

from tests.sandbox.local import TINY, Refused, Sandbox
from tests.sandbox.platform_double import Ended, Platform, commit

Json = dict[str, Any]
FORMS = [f"form-{each}" for each in "abcdef"]
DECLARED = """
[apps.forms]
path = "tiny"
language = "python"
images = { web = "Dockerfile" }
restart = { selector = "app=runner", namespace = "ns-{space}", image = "web", wave = "2" }
health = "/health"
deadline = "60s"
"""


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """Its production (space three) goes back by itself."""
    platform.configure(rollback="auto", needs="", suites=DECLARED)
    return platform


def form(platform: Platform, named: str, image: str, replicas: int = 1, **env: str) -> Json:
    labels = {"app": "runner", "form": named}
    probe = {"httpGet": {"path": "/readiness", "port": 3000}, "periodSeconds": 1}
    host = {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    container = {
        "name": "web",
        "image": image,
        "ports": [{"containerPort": 3000}],
        "env": [host, *({"name": key, "value": value} for key, value in env.items())],
        "readinessProbe": probe,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": named, "namespace": f"ns-{platform.three}", "labels": labels},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": {"form": named}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


def path(platform: Platform, named: str = "") -> str:
    return f"/apis/apps/v1/namespaces/ns-{platform.three}/deployments" + (f"/{named}" if named else "")


def publish(connection: Connection, platform: Platform, obj: Json) -> None:
    """As the publisher does it: a server-side apply of its own, which takes nothing over."""
    connection.json(
        "PATCH",
        path(platform, obj["metadata"]["name"]),
        query={"fieldManager": "publisher"},
        body=obj,
        content_type="application/apply-patch+yaml",
    )


def published(sandbox: Sandbox, connection: Connection, platform: Platform, image: str, **env: str) -> None:
    try:
        sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": f"ns-{platform.three}"}})
    except Refused as error:
        assert error.status == 409
    for named in FORMS:
        publish(connection, platform, form(platform, named, image, **env))
    for named in FORMS:
        sandbox.wait(path(platform, named), stands)


def stands(live: Json) -> bool:
    status = live.get("status") or {}
    return bool(
        status.get("observedGeneration") == live["metadata"]["generation"]
        and status.get("availableReplicas") == status.get("updatedReplicas") == status.get("replicas") == 1
    )


def live(sandbox: Sandbox, platform: Platform) -> dict[str, Json]:
    items = sandbox.api("GET", path(platform))["items"]
    return {each["metadata"]["name"]: each for each in items}


def images(sandbox: Sandbox, platform: Platform) -> dict[str, str]:
    found = live(sandbox, platform).items()
    return {named: obj["spec"]["template"]["spec"]["containers"][0]["image"] for named, obj in found}


def run(platform: Platform, script: str, digit: str = "a", *words: str) -> Ended:
    return platform.run(script, "--app", "forms", "--env", platform.three, *words, **commit(digit))


def generations(sandbox: Sandbox, platform: Platform) -> dict[str, int]:
    return {named: obj["metadata"]["generation"] for named, obj in live(sandbox, platform).items()}


@pytest.fixture
def old(sandbox: Sandbox) -> str:
    """What the forms run: an older image of the same app."""
    return sandbox.build("fb-forms-web", TINY)


def changed(platform: Platform, line: str) -> None:
    """Another image of the app from now on."""
    file = platform.folder / "tiny" / "app.py"
    file.write_text(file.read_text() + f"\n# {line}\n")


def test_all_forms_get_the_image_in_waves_and_stay_the_publishers(
    platform: Platform, sandbox: Sandbox, connection: Connection, old: str
) -> None:
    published(sandbox, connection, platform, old)
    changed(platform, "one")
    done = run(platform, "deploy")
    assert done.code == 0, done.output
    assert "wave 1 of 4: Deployment/form-a" in done.output
    assert "wave 2 of 4: Deployment/form-b, Deployment/form-c" in done.output
    assert "is rolled out to 6 of 6 workloads" in done.last
    new = set(images(sandbox, platform).values())
    assert len(new) == 1 and old not in new
    publish(connection, platform, form(platform, "form-a", old))  # no conflict: the field is still its own
    assert images(sandbox, platform)["form-a"] == old
    sandbox.wait(path(platform, "form-a"), stands)
    for stage in ("healthcheck", "watch"):
        ended = run(platform, stage)
        assert ended.code == 0, ended.output
    before = generations(sandbox, platform)
    assert run(platform, "deploy").code == 0
    again = generations(sandbox, platform)
    assert {named for named in again if again[named] != before[named]} == {"form-a"}
    row = platform.status("--env", platform.three)
    mine = next(each for each in row if each["app"] == "forms")
    assert (mine["version"], mine["ready"], mine["wanted"], mine["drift"]) == ("a" * 12, 6, 6, [])
    back = run(platform, "rollback")
    assert back.code == 0, back.output
    assert set(images(sandbox, platform).values()) == {old}


def test_the_first_doomed_wave_is_the_last_and_what_it_touched_goes_back(
    platform: Platform, sandbox: Sandbox, connection: Connection, old: str
) -> None:
    published(sandbox, connection, platform, old)
    file = platform.folder / "tiny" / "app.py"
    bad = (
        'import os, sys\nif os.environ.get("FRAIL"):\n    print("I am frail", flush=True)\n    sys.exit(3)\n'
    )
    publish(connection, platform, form(platform, "form-c", old, FRAIL="1"))
    sandbox.wait(path(platform, "form-c"), stands)
    before = live(sandbox, platform)
    file.write_text(bad + file.read_text())
    done = run(platform, "deploy", "b")
    assert done.code == 1, done.output
    assert "crash loop" in done.last and "form-c" in done.last and "wave 2 of 4" in done.last
    assert "rolled back to taken-over" in done.last
    after = live(sandbox, platform)
    for named in ("form-d", "form-e", "form-f"):
        assert after[named]["metadata"]["generation"] == before[named]["metadata"]["generation"], named
    assert set(images(sandbox, platform).values()) == {old}
    kept = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.three}/configmaps/fb-forms-release")
    rows = json.loads(kept["data"]["releases.json"])
    assert [each["state"] for each in rows] == ["deployed", "failed", "deployed"]


def test_what_did_not_stand_before_and_what_is_paused_or_idle_is_told_and_dooms_nothing(
    platform: Platform, sandbox: Sandbox, connection: Connection, old: str
) -> None:
    published(sandbox, connection, platform, old)
    publish(connection, platform, form(platform, "form-b", old, EXIT_CODE="4"))
    publish(connection, platform, form(platform, "form-d", old, replicas=0))
    paused = form(platform, "form-e", old)
    paused["spec"]["paused"] = True
    publish(connection, platform, paused)
    changed(platform, "two")
    done = run(platform, "deploy")
    assert done.code == 0, done.output
    assert "is rolled out to 3 of 6 workloads; not judged:" in done.last
    assert "Deployment/form-e is paused: left as it is" in done.output
    assert "it did not stand before either" in done.output
    now = images(sandbox, platform)
    assert now["form-e"] == old
    assert {now[each] for each in FORMS if each != "form-e"} == {now["form-a"]} != {old}
    checked = run(platform, "healthcheck")
    assert checked.code == 0, checked.output


def test_a_namespace_without_such_workloads_is_a_failure(platform: Platform, sandbox: Sandbox) -> None:
    done = run(platform, "deploy")
    assert done.code == 1, done.output
    assert "with app=runner: there is nothing to restart" in done.last


def test_killed_in_the_middle_the_next_run_goes_on_and_each_still_goes_back_to_its_own(
    platform: Platform, sandbox: Sandbox, connection: Connection, old: str
) -> None:
    published(sandbox, connection, platform, old)
    changed(platform, "three")
    words = ("--app", "forms", "--env", platform.three)
    process = platform.start("deploy", *words, **commit("a"))
    sandbox.wait(
        path(platform, "form-b"),
        lambda obj: obj["spec"]["template"]["spec"]["containers"][0]["image"] != old,
    )
    process.kill()
    process.communicate()
    assert old in images(sandbox, platform).values()
    done = run(platform, "deploy")
    assert done.code == 0, done.output
    assert "was cut short: going on from what is there" in done.output
    assert old not in images(sandbox, platform).values()
    back = run(platform, "rollback")
    assert back.code == 0, back.output
    assert set(images(sandbox, platform).values()) == {old}


def test_without_an_image_every_pod_is_made_anew_once_for_a_version(
    platform: Platform, sandbox: Sandbox, connection: Connection, old: str
) -> None:
    platform.configure(
        rollback="auto", suites=DECLARED.replace('image = "web", ', "").replace("images =", "#")
    )
    published(sandbox, connection, platform, old)
    seen = [generations(sandbox, platform)]
    for _ in range(2):
        done = run(platform, "deploy")
        assert done.code == 0, done.output
        seen.append(generations(sandbox, platform))
    assert all(seen[0][each] < seen[1][each] for each in FORMS)
    assert seen[1] == seen[2]
    assert set(images(sandbox, platform).values()) == {old}
    publish(connection, platform, form(platform, "form-a", old))
    assert run(platform, "healthcheck").code == 0
