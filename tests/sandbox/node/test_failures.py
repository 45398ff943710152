"""What a pod's status and events say when something is wrong, in the words of a kubelet."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.node import pods
from tests.sandbox.node.pods import event, start

Object = dict[str, Any]


def test_an_image_that_does_not_exist(sandbox: Sandbox, namespace: str) -> None:
    path = start(sandbox, namespace, pods.pod("web", "sandbox/nowhere:1"))
    first = sandbox.wait(path, lambda obj: pods.waiting(obj) == "ErrImagePull")
    assert "not found" in pods.app(first)["state"]["waiting"]["message"]
    later = sandbox.wait(path, lambda obj: pods.waiting(obj) == "ImagePullBackOff")
    assert pods.app(later)["state"]["waiting"]["message"].startswith(
        'Back-off pulling image "sandbox/nowhere:1"'
    )
    assert later["status"]["phase"] == "Pending"
    event(sandbox, path, "Failed", "Error: ImagePullBackOff")
    event(sandbox, path, "BackOff", 'Back-off pulling image "sandbox/nowhere:1"')


def test_a_registry_is_never_asked(sandbox: Sandbox, namespace: str) -> None:
    path = start(sandbox, namespace, pods.pod("web", "nginx:1.27"))
    event(sandbox, path, "Failed", "the sandbox has no registry to pull from")


def test_an_image_name_that_is_none(sandbox: Sandbox, namespace: str) -> None:
    path = start(sandbox, namespace, pods.pod("web", "sandbox/WEB:1"))
    obj = sandbox.wait(path, lambda obj: pods.waiting(obj) == "InvalidImageName")
    assert "must be lowercase" in pods.app(obj)["state"]["waiting"]["message"]
    event(sandbox, path, "InspectFailed", "invalid reference format")


def test_never_pull(sandbox: Sandbox, namespace: str) -> None:
    path = start(sandbox, namespace, pods.pod("web", "sandbox/nowhere:1", imagePullPolicy="Never"))
    obj = sandbox.wait(path, lambda obj: pods.waiting(obj) == "ErrImageNeverPull")
    assert "is not present with pull policy of Never" in pods.app(obj)["state"]["waiting"]["message"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"secretKeyRef": {"name": "absent", "key": "k"}}, 'secret "absent" not found'),
        ({"configMapKeyRef": {"name": "absent", "key": "k"}}, 'configmap "absent" not found'),
        ({"secretKeyRef": {"name": "there", "key": "k"}}, "couldn't find key k in Secret {namespace}/there"),
    ],
)
def test_missing_configuration_until_it_comes(
    sandbox: Sandbox, namespace: str, tiny_image: str, source: Object, message: str
) -> None:
    there = {"metadata": {"name": "there"}, "stringData": {"other": "x"}}
    sandbox.api("POST", f"/api/v1/namespaces/{namespace}/secrets", there)
    pod = pods.pod("web", tiny_image, more_env=[{"name": "WANTED", "valueFrom": source}])
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, lambda obj: pods.waiting(obj) == "CreateContainerConfigError")
    assert pods.app(obj)["state"]["waiting"]["message"] == message.format(namespace=namespace)
    event(sandbox, path, "Failed", f"Error: {message.format(namespace=namespace)}")
    kind, reference = next(iter(source.items()))
    plural = "secrets" if kind == "secretKeyRef" else "configmaps"
    data = {"data": {"k": "aGk="}} if plural == "secrets" else {"data": {"k": "hi"}}
    if reference["name"] == "there":
        where = f"/api/v1/namespaces/{namespace}/secrets/there"
        sandbox.api("PATCH", where, data, "application/merge-patch+json")
    else:
        sandbox.api(
            "POST", f"/api/v1/namespaces/{namespace}/{plural}", {"metadata": {"name": "absent"}, **data}
        )
    sandbox.wait(path, pods.ready)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nope"], 'exec: "/nope": stat /nope: no such file or directory'),
        (["nope"], 'exec: "nope": executable file not found in $PATH'),
        (["./app.py"], 'exec: "./app.py": permission denied'),
    ],
)
def test_a_program_that_does_not_start(
    sandbox: Sandbox, namespace: str, tiny_image: str, command: list[str], said: str
) -> None:
    path = start(sandbox, namespace, pods.pod("web", tiny_image, command=command))
    obj = sandbox.wait(path, lambda obj: pods.ended(obj) and pods.waiting(obj))
    assert pods.ended(obj)["exitCode"] == 128
    assert pods.ended(obj)["reason"] == "StartError"
    assert said in pods.ended(obj)["message"]
    event(sandbox, path, "Failed", said)
    loop = sandbox.wait(path, lambda obj: pods.waiting(obj) == "CrashLoopBackOff")
    assert pods.app(loop)["restartCount"] >= 1


def test_a_crash_loop(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    path = start(sandbox, namespace, pods.pod("web", tiny_image, {"EXIT_CODE": "3", "SAY": "last words"}))
    obj = sandbox.wait(path, lambda obj: pods.waiting(obj) == "CrashLoopBackOff")
    uid = obj["metadata"]["uid"]
    message = pods.app(obj)["state"]["waiting"]["message"]
    assert re.fullmatch(
        rf"back-off 200ms restarting failed container=app pod=web_{namespace}\({uid}\)", message
    ), message
    assert pods.ended(obj)["exitCode"] == 3
    assert pods.ended(obj)["reason"] == "Error"
    assert obj["status"]["phase"] == "Running"
    assert not pods.ready(obj)
    again = sandbox.wait(path, lambda obj: pods.app(obj)["restartCount"] >= 3)
    assert pods.app(again)["imageID"] == tiny_image
    event(
        sandbox, path, "BackOff", f"Back-off restarting failed container app in pod web_{namespace}({uid})", 2
    )


def test_out_of_memory(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    limits = {"limits": {"memory": "48Mi"}}
    pod = pods.pod("web", tiny_image, {"ALLOCATE": "200"}, resources=limits)
    path = start(sandbox, namespace, pod)
    obj = sandbox.wait(path, lambda obj: pods.ended(obj))
    assert pods.ended(obj)["reason"] == "OOMKilled"
    assert pods.ended(obj)["exitCode"] == 137


def test_a_volume_that_cannot_be_had(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    volumes = {"volumes": [{"name": "v", "configMap": {"name": "absent"}}]}
    path = start(sandbox, namespace, pods.pod("web", tiny_image, spec=volumes))
    event(
        sandbox, path, "FailedMount", 'MountVolume.SetUp failed for volume "v" : configmap "absent" not found'
    )
    assert pods.waiting(sandbox.api("GET", path)) == "ContainerCreating"
    made = {"metadata": {"name": "absent"}, "data": {"a": "1"}}
    sandbox.api("POST", f"/api/v1/namespaces/{namespace}/configmaps", made)
    sandbox.wait(path, pods.ready)


def test_what_is_not_supported_is_refused_by_name(sandbox: Sandbox, namespace: str, tiny_image: str) -> None:
    volumes = {"volumes": [{"name": "v", "hostPath": {"path": "/etc"}}]}
    path = start(sandbox, namespace, pods.pod("disk", tiny_image, spec=volumes))
    event(sandbox, path, "FailedMount", "hostPath volumes are not supported by the sandbox")
    path = start(sandbox, namespace, pods.pod("net", tiny_image, spec={"hostNetwork": True}))
    obj = sandbox.wait(path, lambda obj: obj["status"].get("phase") == "Failed")
    assert obj["status"]["reason"] == "UnsupportedPod"
    assert "hostNetwork" in obj["status"]["message"]
