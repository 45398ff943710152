"""Container logs through the API: current, previous, bounded, followed."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable

from tests.sandbox.local import Sandbox
from tests.sandbox.node import pods
from tests.sandbox.node.pods import start

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def test_bounds(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    code = "import sys\nfor n in range(100): print('line', n)\nprint('x' * 40000)"
    pod = pods.pod("once", tiny_image, command=["python", "-c", code], spec={"restartPolicy": "Never"})
    path = start(sandbox, namespace, pod)
    sandbox.wait(path, lambda obj: obj["status"].get("phase") == "Succeeded")
    whole = sandbox.text(f"{path}/log")
    assert whole == "".join(f"line {n}\n" for n in range(100)) + "x" * 40000 + "\n"
    assert sandbox.text(f"{path}/log?limitBytes=10") == "line 0\nlin"
    assert sandbox.text(f"{path}/log?sinceSeconds=3600") == whole
    first = sandbox.text(f"{path}/log?timestamps=true").splitlines()[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 0", first)
    assert "line 98\nline 99\n" in sandbox.text(f"{path}/log?tailLines=6")


def test_previous(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    pod = pods.pod("web", tiny_image, {"SAY": "attempt", "EXIT_CODE": "1"})
    path = start(sandbox, namespace, pod)
    sandbox.wait(path, lambda obj: pods.app(obj).get("restartCount", 0) >= 1 and pods.ended(obj))
    assert sandbox.text(f"{path}/log?previous=true") == "attempt\non stderr\n"


def test_follow_until_the_end(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    path = start(
        sandbox, namespace, pods.pod("web", tiny_image, {"SAY": "begin"}, spec={"restartPolicy": "Never"})
    )
    ip = sandbox.wait(path, pods.ready)["status"]["podIP"]
    lines: list[str] = []
    begun = threading.Event()

    def follow() -> None:
        with sandbox.open("GET", f"{path}/log?follow=true", None, "", 60) as stream:
            for line in stream:
                lines.append(line.decode())
                begun.set()

    reader = threading.Thread(target=follow)
    reader.start()
    assert begun.wait(60)
    pods.get(f"http://{ip}:3000/say", b"one more")
    sandbox.api("DELETE", path)
    reader.join(60)
    assert not reader.is_alive()
    assert lines == ["begin\n", "on stderr\n", "one more\n", "stopping\n"] or sorted(lines) == sorted(
        ["begin\n", "on stderr\n", "one more\n", "stopping\n"]
    )


def test_a_container_that_has_not_started(sandbox: Sandbox, namespace: str) -> None:
    path = start(sandbox, namespace, pods.pod("web", "sandbox/nowhere:1"))
    sandbox.wait(path, lambda obj: pods.waiting(obj) == "ErrImagePull")
    try:
        sandbox.text(f"{path}/log")
    except Exception as error:
        assert "is waiting to start: trying and failing to pull image" in str(error)
    else:
        raise AssertionError("there is no log")


def test_kubectl_logs(tiny_image: str, kubectl: Kubectl) -> None:
    pod = pods.pod("web", tiny_image, {"SAY": "hi"})
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": pod["metadata"], "spec": pod["spec"]},
        },
    }  # fmt: skip
    kubectl("apply", "-f", "-", input=json.dumps(deployment))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert kubectl("logs", "deployment/web").stdout == "hi\non stderr\n"
    assert kubectl("logs", "-l", "app=web", "--tail=1").stdout == "on stderr\n"
