"""What a real API server refuses by a webhook, and what a real kubelet holds back, is no false alarm."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kubernetes.cluster import eventually
from tests.kubernetes.tiny import Tiny
from tests.sandbox.platform_double import commit

pytestmark = [pytest.mark.timeout(900)]
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


@pytest.fixture
def app(shared: Tiny) -> Tiny:
    """A verified release of it runs in production, which goes back by itself."""
    shared.configure(rollback="auto")
    shared.manifest(env={"VERSION": "good"})
    for stage, *words in (["deploy", "--force"], ["healthcheck"], ["watch", "--for", "3s"]):
        ended = shared.run(stage, "--app", "tiny", "--env", shared.three, *words, **commit("a"))
        assert ended.code == 0, ended.output
    return shared


@contextlib.contextmanager
def webhook(app: Tiny, group: str, kinds: list[str]) -> Iterator[None]:
    """A webhook on some kinds in the app's production, whose Service is not there."""
    name = f"{app.three}-hook"
    hook: dict[str, Any] = {
        "name": "policy.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "clientConfig": {"service": {"name": "policy", "namespace": f"ns-{app.three}", "path": "/"}},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": f"ns-{app.three}"}},
        "rules": [
            {
                "apiGroups": [group],
                "apiVersions": ["v1"],
                "resources": kinds,
                "operations": ["CREATE", "UPDATE"],
            }
        ],
    }
    app.cluster.apply(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [hook],
        }
    )
    try:
        yield
    finally:
        app.cluster.api.ask("DELETE", f"{HOOKS}/{name}")


def refused(app: Tiny, group: str, kinds: list[str], path: str) -> None:
    """Wait until the API server has taken notice of the webhook."""
    obj = {"metadata": {"annotations": {"tried": "yes"}}}

    def is_refused() -> bool:
        try:
            app.cluster.api.ask("PATCH", f"{path}?dryRun=All", obj, kind="application/merge-patch+json")
        except Exception as error:
            return "webhook" in str(error)
        return False

    eventually(is_refused, 60)


def test_a_webhook_that_denies_everything_leaves_what_is_there_and_is_no_alarm(app: Tiny) -> None:
    path = app.path(app.three, "apis/apps/v1", "deployments", f"fb-tiny-app-{app.three}")
    app.manifest(env={"VERSION": "newer"})
    text = app.template()
    only = [each for each in text.split("---\n") if "kind: Deployment" in each]
    (app.folder / "tiny" / "deploy" / "app.yaml").write_text("---\n".join(only))
    deploy = ("deploy", "--app", "tiny", "--env", app.three)
    with webhook(app, "apps", ["deployments"]):
        refused(app, "apps", ["deployments"], path)
        ended = app.run(*deploy, "--no-preflight", **commit("b"))
    assert ended.code == 1, ended.output
    assert 'service "policy" not found' in ended.last
    assert f"nothing was changed: {'a' * 12} is still there (verified)" in ended.last
    assert "NOT ROLLED BACK" not in ended.output and "ROLLBACK FAILED" not in ended.output
    status = app.status("--env", app.three)[0]
    assert status["version"] == "a" * 12 and status["verified"], status
    assert app.answers(app.three)["version"] == "good"
    (app.folder / "tiny" / "deploy" / "app.yaml").write_text(text)
    again = app.run(*deploy, **commit("b"))
    assert again.code == 0, "nothing was found against it: it is not held\n" + again.output


def test_a_webhook_without_its_service_is_the_word_of_a_rollout_that_it_keeps_from_pods(app: Tiny) -> None:
    app.manifest(env={"VERSION": "newest"})
    pods = app.cluster.api.ask("GET", app.path(app.three, "api/v1", "pods"))["items"]
    path = app.path(app.three, "api/v1", "pods", pods[0]["metadata"]["name"])
    with webhook(app, "", ["pods"]):
        refused(app, "", ["pods"], path)
        ended = app.run("deploy", "--app", "tiny", "--env", app.three, "--no-preflight", **commit("c"))
    assert ended.code == 1, ended.output
    assert "admission: " in ended.last and 'service "policy" not found' in ended.last
    assert app.answers(app.three)["version"] == "good"


def test_pods_in_back_off_since_before_are_made_anew(app: Tiny) -> None:
    # What it needs is there in a while; a pod that met the fault never gets well, so that the second
    # deployment finds it in back-off.
    mended = int(time.time()) + 90
    start = f"test $(date +%s) -ge {mended} -a ! -e /state/met || {{ touch /state/met; exit 3; }}"
    start += "; exec python app.py"
    app.manifest(env={"VERSION": "mended"}, extra=f"command: [sh, -c, '{start}']")
    file = app.folder / "tiny" / "deploy" / "app.yaml"
    volume = "volumes: [{ name: state, emptyDir: {} }]"
    mount = "volumeMounts: [{ name: state, mountPath: /state }]"
    text = file.read_text().replace("      containers:\n", f"      {volume}\n      containers:\n", 1)
    file.write_text(text.replace("          command: [sh", f"          {mount}\n          command: [sh", 1))
    deploy = ("deploy", "--app", "tiny", "--env", app.one)
    broken = app.run(*deploy, **commit("d"))
    assert broken.code == 1 and "crash loop" in broken.last, broken.output

    def held_back() -> bool:
        pods = app.cluster.api.ask("GET", app.path(app.one, "api/v1", "pods"))["items"]
        found = [
            each["status"].get("containerStatuses") or [{"state": {}, "restartCount": 0}] for each in pods
        ]
        return any(
            status[0]["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
            and status[0]["restartCount"] >= 3
            for status in found
        )

    eventually(lambda: time.time() >= mended and held_back(), 240)
    again = app.run(*deploy, **commit("d"))
    assert again.code == 0, again.output
    assert "in back-off since before this deployment" in again.output
