"""Pods that work: probes, restarts, termination, Jobs' kind of pods, init containers, volumes,
environment."""

from __future__ import annotations

import json
import time
import urllib.error

import pytest

from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.node import pods
from tests.sandbox.node.pods import event, start


def test_environment_and_status_of_a_running_pod(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    for name, kind, data in (
        ("s", "secrets", {"password": "cGFzcw=="}),
        ("c", "configmaps", {"LEVEL": "debug"}),
    ):
        sandbox.api(
            "POST", f"/api/v1/namespaces/{namespace}/{kind}", {"metadata": {"name": name}, "data": data}
        )
    service = {"metadata": {"name": "fb-x"}, "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]}}
    address = sandbox.api("POST", f"/api/v1/namespaces/{namespace}/services", service)["spec"]["clusterIP"]
    more = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
        {"name": "URL", "value": "http://$(FB_X_SERVICE_HOST):$(FB_X_SERVICE_PORT)/$(PASSWORD)/$$(PASSWORD)"},
        {
            "name": "MEMORY",
            "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
        },
    ]
    pod = pods.pod(
        "web", tiny_image, more_env=more, envFrom=[{"configMapRef": {"name": "c"}, "prefix": "APP_"}],
        resources={"limits": {"memory": "256Mi", "cpu": "1"}}, readinessProbe=pods.http("/readiness"),
    )  # fmt: skip
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, pods.ready)
    status, app = obj["status"], pods.app(obj)
    assert (status["phase"], status["qosClass"], app["restartCount"]) == ("Running", "Guaranteed", 0)
    assert app["started"] and app["ready"] and app["imageID"] == tiny_image
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    assert conditions == dict.fromkeys(
        ("PodScheduled", "Initialized", "ContainersReady", "Ready", "PodReadyToStartContainers"), "True"
    )
    env = json.loads(pods.get(f"http://{status['podIP']}:3000/env"))
    assert env["URL"] == f"http://{address}:80/pass/$(PASSWORD)"
    assert env["APP_LEVEL"] == "debug" and env["MEMORY"] == "256" and env["HOST"] == status["podIP"]
    assert env["HOSTNAME"] == "web" and env["KUBERNETES_SERVICE_PORT"] == "6443"
    assert env["PATH"].startswith(env["CONTAINER_ROOT"] + "/usr/local/bin:")
    assert not {"SANDBOX_STATE", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV", "PYTHONPATH"} & env.keys()
    for reason in ("Pulled", "Created", "Started"):
        event(sandbox, path, reason)


def test_readiness_comes_and_goes(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    probe = pods.http("/readiness", failureThreshold=1)
    pod = pods.pod("web", tiny_image, {"UNREADY_FILE": "tmp/unready"}, readinessProbe=probe)
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, pods.ready)
    base = f"http://{obj['status']['podIP']}:3000"
    pods.get(f"{base}/file/tmp/unready", b"x")
    obj = sandbox.wait(path, lambda obj: not pods.ready(obj))
    condition = next(one for one in obj["status"]["conditions"] if one["type"] == "Ready")
    assert (condition["reason"], condition["message"]) == (
        "ContainersNotReady", "containers with unready status: [app]"
    )  # fmt: skip
    event(sandbox, path, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert pods.app(obj)["restartCount"] == 0


def test_liveness_kills_and_restarts(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    probe = pods.http("/health", failureThreshold=1)
    pod = pods.pod("web", tiny_image, {"UNHEALTHY_FILE": "tmp/bad"}, livenessProbe=probe)
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, pods.ready)
    pods.get(f"http://{obj['status']['podIP']}:3000/file/tmp/bad", b"x")
    obj = sandbox.wait(path, lambda obj: pods.app(obj).get("restartCount") == 1 and pods.ready(obj))
    event(sandbox, path, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503")
    event(sandbox, path, "Killing", "Container app failed liveness probe, will be restarted")
    assert pods.app(obj)["lastState"]["terminated"]["exitCode"] == 0  # it obeyed SIGTERM
    log = sandbox.text(f"{path}/log?previous=true")
    assert "stopping" in log


def test_startup_probe_holds_the_others_back(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    pod = pods.pod(
        "web", tiny_image, {"START_DELAY": "1.5"}, startupProbe=pods.http("/health", failureThreshold=10),
        livenessProbe=pods.http("/health", failureThreshold=1), readinessProbe=pods.http("/readiness"),
    )  # fmt: skip
    path = start(sandbox, namespace, pod)
    running = sandbox.wait(path, lambda obj: "running" in pods.app(obj).get("state", {}))
    assert not pods.app(running)["started"] and not pods.app(running)["ready"]
    obj = sandbox.wait(path, pods.ready)
    assert pods.app(obj)["started"] and pods.app(obj)["restartCount"] == 0
    event(sandbox, path, "Unhealthy", "Startup probe failed: Get")


def test_startup_probe_gives_up(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    probe = {"tcpSocket": {"port": 3000}, "periodSeconds": 1, "failureThreshold": 1}
    pod = pods.pod("web", tiny_image, {"START_DELAY": "60"}, startupProbe=probe)
    path = start(sandbox, namespace, pod)
    sandbox.wait(path, lambda obj: pods.app(obj).get("restartCount", 0) >= 1)
    event(sandbox, path, "Killing", "Container app failed startup probe, will be restarted")
    event(sandbox, path, "Unhealthy", "Startup probe failed: dial tcp")


def test_exec_probe_sees_the_container(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    script = (
        "import os, sys; print('not yet'); "
        "sys.exit(0 if os.environ['MARK'] == 'yes' and os.path.exists('app.py') else 1)"
    )
    probe = {"exec": {"command": ["python", "-c", script]}, "periodSeconds": 1, "timeoutSeconds": 5}
    path = start(sandbox, namespace, pods.pod("good", tiny_image, {"MARK": "yes"}, readinessProbe=probe))
    sandbox.wait(path, pods.ready)
    path = start(sandbox, namespace, pods.pod("bad", tiny_image, {"MARK": "no"}, readinessProbe=probe))
    event(sandbox, path, "Unhealthy", "Readiness probe failed: not yet")


def test_graceful_termination(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    hook = {"preStop": {"exec": {"command": ["python", "-c", "open('../hooked','w').write('x')"]}}}
    pod = pods.pod("web", tiny_image, {"STOP_DELAY": "0.3"}, lifecycle=hook)
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, pods.ready)
    sandbox.api("DELETE", path)
    gone = eventually(lambda: not answers(obj["status"]["podIP"]))
    sandbox.wait_gone(path)
    event(sandbox, path, "Killing", "Stopping container app")
    assert gone


def answers(ip: str) -> bool:
    try:
        return bool(pods.get(f"http://{ip}:3000/health"))
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def test_a_pod_that_ignores_sigterm_is_killed_after_its_grace(
    sandbox: Sandbox, namespace: str, tiny_image: str
) -> None:
    pod = pods.pod("web", tiny_image, {"IGNORE_SIGTERM": "1"}, spec={"terminationGracePeriodSeconds": 1})
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, pods.ready)
    began = time.monotonic()
    sandbox.api("DELETE", path)
    assert sandbox.api("GET", path)["metadata"]["deletionGracePeriodSeconds"] == 1
    sandbox.wait_gone(path)
    assert 0.9 < time.monotonic() - began < 15, "half of the 30 s that a pod has without a word of its own"
    assert not answers(obj["status"]["podIP"])


def test_a_forced_deletion_kills_at_once(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    pod = pods.pod("web", tiny_image, {"IGNORE_SIGTERM": "1"}, spec={"terminationGracePeriodSeconds": 60})
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, pods.ready)
    sandbox.api("DELETE", path)
    sandbox.api("DELETE", path + "?gracePeriodSeconds=0")
    eventually(lambda: not answers(obj["status"]["podIP"]), 30)  # half of its grace


@pytest.mark.parametrize(
    ("code", "phase", "reason"), [("0", "Succeeded", "Completed"), ("4", "Failed", "Error")]
)
def test_a_pod_that_runs_once(
    sandbox: Sandbox, namespace: str, tiny_image: str, code: str, phase: str, reason: str
) -> None:
    pod = pods.pod("once", tiny_image, {"EXIT_CODE": code, "SAY": "done"}, spec={"restartPolicy": "Never"})
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, lambda obj: obj["status"].get("phase") == phase)
    assert pods.app(obj)["state"]["terminated"]["reason"] == reason
    assert pods.app(obj)["state"]["terminated"]["exitCode"] == int(code)
    assert sandbox.text(f"{path}/log") == "done\non stderr\n"
    sandbox.api("DELETE", path)
    sandbox.wait_gone(path)


def test_restart_on_failure_only(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    """A container that fails until a file of its volume says otherwise."""
    script = (
        "import os, sys; path = os.environ['CONTAINER_ROOT'] + '/data/n'; "
        "there = os.path.exists(path); open(path, 'w'); sys.exit(0 if there else 1)"
    )
    spec = {"restartPolicy": "OnFailure", "volumes": [{"name": "data", "emptyDir": {}}]}
    pod = pods.pod(
        "once", tiny_image, command=["python", "-c", script], spec=spec,
        volumeMounts=[{"name": "data", "mountPath": "/data"}],
    )  # fmt: skip
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, lambda obj: obj["status"].get("phase") == "Succeeded")
    assert pods.app(obj)["restartCount"] == 1


def test_init_containers_come_first_and_in_order(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    def init(name: str, code: str) -> pods.Object:
        mounts = [{"name": "data", "mountPath": "/data"}]
        return {"name": name, "image": tiny_image, "command": ["python", "-c", code], "volumeMounts": mounts}

    write = "import os;open(os.environ['CONTAINER_ROOT']+'/data/x','a').write('{}')"
    spec = {
        "volumes": [{"name": "data", "emptyDir": {}}],
        "initContainers": [init("one", write.format(1)), init("two", write.format(2))],
    }
    pod = pods.pod("web", tiny_image, spec=spec, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, pods.ready)
    assert pods.get(f"http://{obj['status']['podIP']}:3000/file/data/x") == "12"
    assert [one["state"]["terminated"]["reason"] for one in obj["status"]["initContainerStatuses"]] == [
        "Completed", "Completed"
    ]  # fmt: skip


def test_an_init_container_that_fails(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    spec = {"initContainers": [{"name": "bad", "image": tiny_image, "command": ["sh", "-c", "exit 7"]}]}
    path = start(sandbox, namespace, pods.pod("web", tiny_image, spec=spec))
    obj = sandbox.wait(
        path, lambda obj: (obj["status"].get("initContainerStatuses") or [{}])[0].get("restartCount", 0) >= 2
    )
    assert obj["status"]["phase"] == "Pending"
    assert pods.waiting(obj) == "PodInitializing"


def test_volumes_follow_their_objects(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    where = f"/api/v1/namespaces/{namespace}/configmaps"
    sandbox.api("POST", where, {"metadata": {"name": "c"}, "data": {"a.txt": "1", "b.txt": "2"}})
    claim = {
        "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    sandbox.api("POST", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", claim)
    volumes = [
        {"name": "config", "configMap": {"name": "c", "items": [{"key": "a.txt", "path": "sub/a"}]}},
        {"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}},
        {
            "name": "down",
            "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]},
        },
    ]
    mounts = [
        {"name": "config", "mountPath": "/usr/share/config"},
        {"name": "disk", "mountPath": "/data"},
        {"name": "down", "mountPath": "/app/info"},
    ]
    path = start(
        sandbox, namespace, pods.pod("web", tiny_image, spec={"volumes": volumes}, volumeMounts=mounts)
    )
    obj = sandbox.wait(path, pods.ready)
    base = f"http://{obj['status']['podIP']}:3000/file"
    assert pods.get(f"{base}/usr/share/config/sub/a") == "1"
    assert pods.get(f"{base}/app/info/labels") == 'app="web"'
    token = pods.get(f"{base}/var/run/secrets/kubernetes.io/serviceaccount/token")
    assert token.count(".") == 2
    assert pods.get(f"{base}/var/run/secrets/kubernetes.io/serviceaccount/namespace") == namespace
    pods.get(f"{base}/data/kept", b"kept")
    sandbox.api("PATCH", f"{where}/c", {"data": {"a.txt": "new"}}, "application/merge-patch+json")
    eventually(lambda: pods.get(f"{base}/usr/share/config/sub/a") == "new")
    sandbox.api("DELETE", path)
    sandbox.wait_gone(path)
    path = start(
        sandbox, namespace, pods.pod("web2", tiny_image, spec={"volumes": volumes}, volumeMounts=mounts)
    )
    obj = sandbox.wait(path, pods.ready)
    assert pods.get(f"http://{obj['status']['podIP']}:3000/file/data/kept") == "kept"


def test_a_deadline_for_the_whole_pod(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    path = start(sandbox, namespace, pods.pod("web", tiny_image, spec={"activeDeadlineSeconds": 1}))
    obj = sandbox.wait(path, lambda obj: obj["status"].get("phase") == "Failed")
    assert obj["status"]["reason"] == "DeadlineExceeded"
