"""What a healthcheck makes of answers, endpoints, pods and versions: pure."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from toolkit.cluster.api import endpoints
from toolkit.cluster.api.endpoints import Endpoint
from toolkit.cluster.release.releases import Release
from toolkit.health import answers, backends, troubles, versions
from toolkit.health.answers import Answers
from toolkit.health.troubles import Ill, Trouble
from toolkit.settings.model import App

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
RELEASE = Release(
    "id", "1a2b3c4d5e6f", "1a2b3c4d5e6f" + "0" * 28, "main", "me", "", "", {"api": f"r/fb-x-api@{ONE}"}
)
PORTS = [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 9000}, {"port": 82}]
SERVICE = {"metadata": {"name": "x"}, "spec": {"selector": {"app": "x"}, "ports": PORTS}}
SIDECAR = {"name": "mail", "image": "other/mail:1", "ports": [{"name": "smtp", "containerPort": 25}]}
API = {"name": "api", "image": f"r/fb-x-api@{ONE}", "ports": [{"name": "http", "containerPort": 3000}]}


def pod(name: str, *, image: str = f"r/fb-x-api@{ONE}", ready: bool = True, **labels: str) -> dict[str, Any]:
    """A pod of the app x, as its Service catches it."""
    return {
        "metadata": {"name": name, "labels": {"app": "x", "appGroup": "fb-x", **labels}},
        "spec": {"containers": [SIDECAR, API]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "mail", "imageID": ""}, {"name": "api", "imageID": image}],
        },
    }


def wrong(pods: list[dict[str, Any]], behind: list[Endpoint] | None) -> list[tuple[Ill, str]]:
    found = troubles.ordered(backends.troubles("x", SERVICE, pods, behind, RELEASE))
    return [(trouble.ill, trouble.sentence) for trouble in found]


def at(*names: str) -> list[Endpoint]:
    return [Endpoint(f"10.0.0.{place}", True, name) for place, name in enumerate(names)]


def test_pods_that_are_what_was_deployed_are_fine_whether_endpoints_may_be_read_or_not() -> None:
    assert wrong([pod("a"), pod("b")], at("a", "b")) == []
    assert wrong([pod("a"), pod("b")], None) == []


ENDED = {"terminated": {"exitCode": 3, "reason": "Error"}}
RUNS: dict[str, Any] = {"running": {}}


@pytest.mark.parametrize(
    ("mail", "api", "port", "said"),
    [
        (RUNS, RUNS, 3000, ""),
        (RUNS, {}, 3000, ""),
        (ENDED, RUNS, 3000, ""),
        (RUNS, ENDED, 3000, "its container api does not run (exit code 3)"),
        (RUNS, {"waiting": {"reason": "Pulling"}}, 3000, "its container api does not run (Pulling)"),
        (RUNS, {"waiting": {}}, 3000, "its container api does not run (no reason given)"),
        (RUNS, ENDED, 9999, ""),
        (
            {"waiting": {"reason": "BackOff"}}, ENDED, 9999,
            "its container mail does not run (BackOff); its container api does not run (exit code 3)",
        ),
    ],
)  # fmt: skip
def test_nobody_listens_where_the_container_of_the_port_does_not_run(
    mail: dict[str, Any], api: dict[str, Any], port: int, said: str
) -> None:
    it = pod("a")
    for status, state in zip(it["status"]["containerStatuses"], (mail, api), strict=True):
        status["state"] = state
    assert backends.down(it, port) == said


def test_of_a_container_that_ended_once_and_waits_both_are_told() -> None:
    it = pod("a")
    it["status"]["containerStatuses"][1] |= {
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ENDED,
    }  # fmt: skip
    assert backends.down(it, 3000) == "its container api does not run (exit code 3, CrashLoopBackOff)"


@pytest.mark.parametrize(
    ("pods", "behind", "ill", "words"),
    [
        ([pod("a", image=f"r/fb-x-api@{TWO}")], at("a"), Ill.WRONG_IMAGE, "container api runs sha256:22"),
        ([pod("a", ready=False)], at("a"), Ill.NOT_READY, "Pod/a is not ready"),
        ([pod("a"), pod("b")], at("a"), Ill.LEFT_OUT, "Pod/b is ready, but Service/x sends nothing to it"),
        ([pod("a")], at("a", "gone"), Ill.LEFT_OUT, "still sends to Pod/gone at 10.0.0.1"),
        ([pod("a"), pod("b", appGroup="fb-y")], at("a", "b"), Ill.STRAY, "not of x: it has appGroup=fb-y"),
        ([pod("a")], [*at("a"), Endpoint("10.9.9.9", True, "")], Ill.STRAY, "sends to 10.9.9.9"),
        ([], [], Ill.NO_PODS, "no pod of x stands behind Service/x"),
        ([pod("a", app="z")], [], Ill.NO_PODS, "no pod of x stands behind Service/x"),
    ],
)  # fmt: skip
def test_what_is_wrong_behind_a_service_is_named(
    pods: list[dict[str, Any]], behind: list[Endpoint], ill: Ill, words: str
) -> None:
    found = wrong(pods, behind)
    assert found and found[0][0] is ill, found
    assert words in found[0][1]


def test_a_ready_endpoint_counts_even_if_its_pod_is_not_ready() -> None:
    """publishNotReadyAddresses sends to pods that are not ready: their digest matters."""
    found = wrong([pod("a", image=f"r/fb-x-api@{TWO}", ready=False)], at("a"))
    assert [ill for ill, _ in found] == [Ill.WRONG_IMAGE, Ill.NOT_READY]


def test_a_worker_that_no_service_sends_to_must_run_the_release_too() -> None:
    worker = pod("w", image=f"r/fb-x-api@{TWO}", app="worker")
    assert [ill for ill, _ in wrong([pod("a"), worker], at("a"))] == [Ill.WRONG_IMAGE]


def test_a_pod_of_none_of_the_images_is_named_and_a_configuration_digest_is_no_mismatch() -> None:
    other = copy.deepcopy(pod("a"))
    other["spec"]["containers"] = [{"name": "api", "image": "r/old:1"}]
    assert "runs r/old:1: none of the images of 1a2b3c4d5e6f" in wrong([other], at("a"))[0][1]
    assert wrong([pod("a", image=TWO)], at("a")) == []


def test_pods_that_end_or_have_ended_are_not_asked() -> None:
    evicted, leaving, job = pod("a"), pod("b"), pod("c")
    evicted["status"] |= {"phase": "Failed", "reason": "Evicted"}
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T00:00:00Z"
    job["metadata"]["ownerReferences"] = [{"kind": "Job", "uid": "1", "controller": True}]
    assert not any(backends.is_lasting(each) for each in (evicted, leaving, job))
    assert backends.is_lasting(pod("d"))


@pytest.mark.parametrize(("port", "found"), [(80, 3000), (81, 9000), (82, 82)])
def test_the_port_behind_a_service(port: int, found: int) -> None:
    assert backends.pod_port(SERVICE, pod("a"), port) == found


def test_slices_and_endpoints_say_the_same() -> None:
    def row(name: str, **conditions: bool) -> dict[str, Any]:
        return {
            "addresses": [f"10.0.0.{name}"],
            "conditions": conditions,
            "targetRef": {"kind": "Pod", "name": name},
        }

    rows = [
        row("1"),
        row("2", ready=False),
        row("3", ready=True, terminating=True),
        {"addresses": ["10.0.0.4"]},
    ]
    ports = [{"endpoints": rows}, {"endpoints": rows}, {"endpoints": None}, "nonsense"]
    found = endpoints.of_slices(ports)
    assert [(each.address[-1], each.ready, each.pod) for each in found] == [
        ("1", True, "1"),
        ("2", False, "2"),
        ("3", False, "3"),
        ("4", True, ""),
    ]
    ready = {"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "1"}}
    older = {"subsets": [{"addresses": [ready], "notReadyAddresses": [{"ip": "10.0.0.2"}]}]}
    assert endpoints.of_endpoints(older) == [Endpoint("10.0.0.1", True, "1"), Endpoint("10.0.0.2", False, "")]
    assert endpoints.of_endpoints(None) == []


@pytest.mark.parametrize(
    "said",
    [
        "1a2b3c4d5e6f",
        "1A2B3C4\n",
        '"1a2b3c4"',
        '{"version": "1.2.0", "commit": "1a2b3c4d5e6f000"}',
        '{"app": {"build": {"GIT_SHA": "1a2b3c4"}}}',
        "submitter v1.2-3-g1a2b3c4 (main)",
        RELEASE.commit,
    ],
)
def test_a_version_that_agrees(said: str) -> None:
    assert versions.agrees(said, RELEASE.version, RELEASE.commit)


@pytest.mark.parametrize(
    "said",
    [
        "", "{}", "null", "1a2b3c", "2a2b3c4d5e6f", "1a2b3c4d5e6f-dirty", "[1]", "<html>" + "1a2b3c4 " * 40,
        '{"status": "1a2b3c4d5e6f"}', '{"version": null}', '{"version": 7}',
    ],
)  # fmt: skip
def test_a_version_that_does_not(said: str) -> None:
    assert not versions.agrees(said, RELEASE.version, RELEASE.commit)


def test_a_dirty_version_agrees_with_itself_and_with_an_app_that_tells_its_commit() -> None:
    for said in ("1a2b3c4d5e6f-dirty", "1a2b3c4d5e6f", RELEASE.commit, f"{RELEASE.commit}-dirty"):
        assert versions.agrees(said, "1a2b3c4d5e6f-dirty", RELEASE.commit), said
    assert not versions.agrees("2a2b3c4d5e6f", "1a2b3c4d5e6f-dirty", RELEASE.commit)
    assert not versions.agrees("2a2b3c4d5e6f-dirty", "1a2b3c4d5e6f-dirty", RELEASE.commit)
    assert not versions.agrees("1a2b3c4d5e6f-dirty", "1a2b3c4d5e6f", RELEASE.commit)
    assert versions.agrees("uncommitted", "uncommitted", "")


def test_latencies_are_nearest_rank_quantiles_in_milliseconds() -> None:
    heard = {"x": Answers([n / 1000 for n in range(1, 101)]), "y": Answers([1.0]), "silent": Answers()}
    row = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0, "count": 100}
    assert answers.latencies(heard) == {"x": row, "y": {**dict.fromkeys(row, 1000.0), "count": 1}}
    assert answers.overall(heard) == {"p50": 51.0, "p95": 96.0, "p99": 100.0, "max": 1000.0, "count": 101}
    assert answers.overall({}) == {}


def test_a_slow_pod_among_fast_ones_is_told_and_all_slow_ones_are_not() -> None:
    def heard(*seconds: float) -> dict[tuple[str, str], Answers]:
        return {(f"p{n}", "/health"): Answers([each] * 3) for n, each in enumerate(seconds)}

    assert answers.slow_ones(heard(0.01, 0.02, 0.5)) == [
        "Pod/p2 is slow: /health takes 500 ms there, 15 ms elsewhere"
    ]
    assert answers.slow_ones(heard(0.5, 0.5, 0.6)) == []
    assert answers.slow_ones(heard(0.001, 0.02)) == []
    assert answers.slow_ones(heard(3.0)) == []


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("\n no database \nTraceback", "no database"),
        ("<!DOCTYPE html><title>Bad\nGateway</title>x", "Bad"),
        ("token=abcdef123", "token=***"),
        ("", ""),
        ("x" * 500, "x" * 159 + "…"),
    ],
)
def test_the_first_line_of_an_answer_fits_in_a_sentence(said: str, line: str) -> None:
    assert answers.first_line(said) == line


def test_the_trouble_that_explains_others_leads_and_its_remedy_names_where() -> None:
    app = App("x", "X", 1, Path(), "ns-{space}", "x-{space}")
    found = troubles.ordered(
        [
            Trouble(Ill.NOT_READY, "Pod/a is not ready", "a"),
            Trouble(Ill.SILENT, "Pod/a / does not answer", "a"),
            Trouble(Ill.NOT_READY, "Pod/a is not ready", "a"),
        ]
    )
    assert troubles.reason(found) == "Pod/a / does not answer (and 1 more)"
    assert troubles.remedy(found, app, "live", 3000).splitlines() == [
        "it must listen on port 3000 of its pod's address, not on localhost only; "
        "ask it why: kubectl --namespace ns-live logs a",
        "to go back: make rollback APP=x ENV=live",
    ]
    down = [Trouble(Ill.DOWN, "Pod/a / does not answer: its container api does not run (exit code 3)", "a")]
    assert troubles.remedy(down, app, "live", 3000).splitlines()[0] == (
        "see why it does not run: kubectl --namespace ns-live describe pod a"
    )
    for ill in Ill:
        assert troubles.remedy([Trouble(ill, "x")], app, "live", 3000)


@pytest.mark.parametrize(
    ("ill", "says"),
    [
        (Ill.NO_PODS, "`replicas: 0` in its manifest means none: ask for 1 or more"),
        (Ill.CRASHING, "kubectl --namespace ns-live logs --previous a"),
    ],
)
def test_the_advice_is_about_what_was_seen(ill: Ill, says: str) -> None:
    """Who has exited, or is not there, is not told on which address to listen."""
    app = App("x", "X", 1, Path(), "ns-{space}", "x-{space}")
    found = troubles.ordered(
        [Trouble(Ill.SILENT, "Pod/a / does not answer", "a"), Trouble(ill, "it is gone", "a")]
    )
    assert troubles.reason(found).startswith("it is gone")
    advice = troubles.remedy(found, app, "live", 3000)
    assert says in advice and "listen" not in advice
