"""The healthcheck of real pods: what stands behind the Service, what it answers, and how that is told."""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.spaces import Space
from toolkit.cluster.release.releases import Release
from toolkit.health.rounds import Rounds
from toolkit.health.troubles import Ill
from toolkit.settings.model import App

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Ended, Platform, made_in
from tests.sandbox.unreachable import answering, kubeconfig, reach

VERSION = 'version = "/version"'
POD = {
    "terminationGracePeriodSeconds": 1,
    "containers": [
        {
            "name": "web",
            "ports": [{"name": "http", "containerPort": 3000}],
            "env": [{"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "readinessProbe": {
                "httpGet": {"path": "/readiness", "port": "http"},
                "periodSeconds": 1,
                "timeoutSeconds": 9,
            },
        }
    ],
}


@pytest.fixture(scope="module")
def platform(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A repository whose app has a version endpoint; two pods of it run in the first space."""
    with made_in(sandbox, tmp_path_factory.mktemp("healthcheck")) as made:
        made.configure(needs=VERSION)
        deploy(made)
        yield made


def deploy(platform: Platform, **more: str) -> None:
    env = {
        "VERSION": "{{ version }}",
        "UNREADY_FILE": "app/unready",
        "UNHEALTHY_FILE": "app/unhealthy",
        "UNWELL": "no database: postgres://app:canary@db/x\nTraceback: more of it",
        "SLOW_FILE": "app/slow",
        **more,
    }
    platform.manifest(replicas=2, env={key: value.replace("\n", "\\n") for key, value in env.items()})
    ended = platform.deploy()
    assert ended.code == 0, ended.output


def check(platform: Platform, *words: str) -> Ended:
    return platform.run("healthcheck", "--app", "tiny", "--env", platform.one, *words)


def pods(sandbox: Sandbox, platform: Platform) -> list[dict[str, Any]]:
    found = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/pods")["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def make(pod: dict[str, Any], name: str) -> None:
    """A file in a pod's container, which changes how it answers."""
    url = f"http://{pod['status']['podIP']}:3000/file/app/{name}"
    urllib.request.urlopen(url, b"x", timeout=60).close()


def test_the_version_that_answers_is_the_one_that_was_deployed(platform: Platform) -> None:
    ended = check(platform)
    assert ended.code == 0, ended.output
    assert "9 addresses healthy, 3 times in a row, p95 " in ended.last
    details = platform.recorded()["stages"][0]["details"][platform.one]
    assert {"p50", "p95", "p99", "max", "count"} == set(details["latency_ms_all"])
    assert details["latency_ms_all"]["count"] == 27
    assert all(row["count"] == 3 for row in details["latency_ms"].values())
    assert details["slow"] == []


@pytest.mark.parametrize("text", ["1a2b3c4d5e6f", '{"commit": "1a2b3c4d5e6f"}', "<h1>welcome</h1>"])
def test_an_app_that_says_another_version_is_named_with_both(platform: Platform, text: str) -> None:
    deploy(platform, VERSION_TEXT=text.replace('"', '\\"'))
    ended = check(platform, "--within", "3600")  # it is called all the same: waiting cannot heal it
    assert ended.code == 1, ended.output
    assert re.search(r"why: \S+ Pod/\S+ /version says \S+.*, but uncommitted was deployed", ended.last)
    assert "fix: the digest is right, so it was told the wrong version" in ended.last
    deploy(platform)


def test_a_pod_that_refuses_is_named_with_path_status_and_first_line(
    platform: Platform, sandbox: Sandbox
) -> None:
    pod = pods(sandbox, platform)[0]
    make(pod, "unhealthy")
    ended = check(platform, "--within", "2")
    assert ended.code == 1, ended.output
    who = f"Pod/{pod['metadata']['name']}"
    assert f"{who} /health answers 503: no database: postgres://app:***@db/x" in ended.last
    assert "Traceback: more" not in ended.output
    assert f"fix: ask it why: kubectl --namespace ns-{platform.one} logs {who[4:]}" in ended.last
    assert f"to go back: make rollback APP=tiny ENV={platform.one}" in ended.last
    assert ended.output.count("waiting: ") == 1
    urllib.request.urlopen(f"http://{pod['status']['podIP']}:3000/say", b"last words", timeout=60).close()
    assert "last words" in check(platform, "--within", "1").last
    sandbox.api("DELETE", f"/api/v1/namespaces/ns-{platform.one}/pods/{who[4:]}")
    assert check(platform).code == 0


def test_a_pod_that_is_slow_among_fast_ones_is_told(platform: Platform, sandbox: Sandbox) -> None:
    pod = pods(sandbox, platform)[0]
    make(pod, "slow")
    ended = check(platform)
    assert ended.code == 0, ended.output
    assert f"Pod/{pod['metadata']['name']} is slow: /health takes 5" in ended.last
    sandbox.api("DELETE", f"/api/v1/namespaces/ns-{platform.one}/pods/{pod['metadata']['name']}")


def test_a_stray_pod_behind_the_service_is_named(platform: Platform, sandbox: Sandbox) -> None:
    image = pods(sandbox, platform)[0]["spec"]["containers"][0]["image"]
    spec = {**POD, "containers": [{**POD["containers"][0], "image": image}]}  # type: ignore[index]
    home = f"/api/v1/namespaces/ns-{platform.one}/pods"
    stray = {"metadata": {"name": "stray", "labels": {"app": "tiny"}}, "spec": spec}
    sandbox.api("POST", home, stray)
    sandbox.wait(
        f"{home}/stray",
        lambda pod: any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in pod["status"].get("conditions", [])
        ),
    )
    ended = check(platform, "--within", "1")
    sandbox.api("DELETE", f"{home}/stray")
    assert ended.code == 1, ended.output
    why = (
        f"Pod/stray stands behind Service/fb-tiny-{platform.one} and is not of tiny: it has no label appGroup"
    )
    assert why in ended.last
    assert "fix: correct the pod's labels, or the Service's selector" in ended.last


def test_an_address_behind_the_service_that_is_no_pod_is_named(platform: Platform, sandbox: Sandbox) -> None:
    home = f"/apis/discovery.k8s.io/v1/namespaces/ns-{platform.one}/endpointslices"
    labels = {"kubernetes.io/service-name": f"fb-tiny-{platform.one}"}
    by_hand = {
        "metadata": {"name": "by-hand", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["127.9.9.9"]}],
        "ports": [{"name": "http", "port": 3000, "protocol": "TCP"}],
    }
    sandbox.api("POST", home, by_hand)
    ended = check(platform, "--within", "1")
    sandbox.api("DELETE", f"{home}/by-hand")
    assert ended.code == 1, ended.output
    assert f"Service/fb-tiny-{platform.one} sends to 127.9.9.9, which is no pod's address" in ended.last


def test_a_service_that_selects_nothing_says_so(platform: Platform, sandbox: Sandbox) -> None:
    path = f"/api/v1/namespaces/ns-{platform.one}/services/fb-tiny-{platform.one}"
    kind = "application/merge-patch+json"
    sandbox.api("PATCH", path, {"spec": {"selector": {"app": "nobody"}}}, kind)
    ended = check(platform, "--within", "1")
    sandbox.api("PATCH", path, {"spec": {"selector": {"app": "tiny"}}}, kind)
    assert ended.code == 1, ended.output
    assert f"no pod of tiny stands behind Service/fb-tiny-{platform.one}" in ended.last
    assert "fix: are any wanted?" in ended.last
    assert f"make deploy APP=tiny ENV={platform.one}" in ended.last


def test_a_cluster_that_is_away_for_a_moment_is_asked_again(platform: Platform, tmp_path: Path) -> None:
    app, space = App("tiny", "Tiny", 1, tmp_path, "ns", "x"), Space("one", print, threading.Event())
    release = Release("1", "1", "", "", "", "", "", {})
    with answering(lambda handler: handler.connection.close()) as port:
        pass
    away = reach(kubeconfig(tmp_path, port))
    rounds = Rounds(away, app, "ns", {"metadata": {"name": "x"}}, release, space, time.monotonic() + 9)
    found = rounds.once()
    assert [each.ill for each in found] == [Ill.AWAY]
    assert "does not accept connections" in found[0].sentence
    assert "when the cluster answers: make healthcheck APP=tiny" in rounds.failed(found, "").remedy


@pytest.mark.parametrize("words", [("--rounds", "0"), ("--within", "nan"), ("--interval", "-1")])
def test_flags_that_make_no_sense_are_misused(platform: Platform, words: tuple[str, str]) -> None:
    ended = check(platform, *words)
    assert ended.code == 2, ended.output
    assert "--rounds must be 1 or more" in ended.last
