"""Stock kubectl and the official Python client, unchanged, over TLS."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.api.running import Running
from tests.sandbox.api.served import ROOT_CA, Api, config_map, deployment, pod

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def kubectl(api: Api, namespace: str, tmp_path: Path) -> Kubectl:
    """Runs kubectl in the test's namespace; `code` is the exit code to expect, None for any."""
    config = api.kubeconfig()

    def run(*argv: str, stdin: Any = None, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        text = stdin if isinstance(stdin, str | None) else yaml.safe_dump_all(stdin)
        command = ["kubectl", f"--kubeconfig={config}", f"--namespace={namespace}", *argv]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        ran = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, env=environment)
        assert code is None or ran.returncode == code, (argv, ran.stdout, ran.stderr)
        return ran

    return run


def manifest(**spec: Any) -> dict[str, Any]:
    made = deployment("web")
    made["spec"].update(spec)
    return {"apiVersion": "apps/v1", "kind": "Deployment", **made}


@needs_kubectl
def test_get_shows_tables(api: Api, namespace: str, kubectl: Kubectl) -> None:
    api.create(f"/api/v1/namespaces/{namespace}/pods", pod("a", app="web"))
    lines = kubectl("get", "pods", "--show-labels").stdout.splitlines()
    assert lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "LABELS"]
    assert lines[1].split()[:3] == ["a", "0/1", "Pending"] and lines[1].endswith("app=web")
    assert kubectl("get", "pods", "-o", "name", "-l", "app in (web)").stdout == "pod/a\n"
    assert kubectl("get", "po", "-A", "-o", "wide").stdout.startswith("NAMESPACE")
    assert "No resources found" in kubectl("get", "jobs").stderr
    assert 'pods "b" not found' in kubectl("get", "pod", "b", code=1).stderr
    assert "the server doesn't have a resource type" in kubectl("get", "unicorns", code=1).stderr


@needs_kubectl
def test_apply_and_diff_client_side(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", stdin=[manifest()]).stdout == "deployment.apps/web created\n"
    assert kubectl("apply", "-f", "-", stdin=[manifest()]).stdout == "deployment.apps/web unchanged\n"
    assert kubectl("diff", "-f", "-", stdin=[manifest()]).stdout == ""
    changed = kubectl("diff", "-f", "-", stdin=[manifest(replicas=3)], code=1).stdout
    assert "+  replicas: 3" in changed and "-  replicas: 1" in changed
    dry = kubectl("apply", "-f", "-", "--dry-run=server", stdin=[manifest(replicas=3)]).stdout
    assert dry == "deployment.apps/web configured (server dry run)\n"
    assert (
        kubectl("apply", "-f", "-", stdin=[manifest(replicas=3)]).stdout == "deployment.apps/web configured\n"
    )
    assert (
        kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}/{.metadata.generation}").stdout
        == "3/2"
    )
    without = manifest(replicas=3)
    without["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "sandbox/side"})
    kubectl("apply", "-f", "-", stdin=[without])
    kubectl("apply", "-f", "-", stdin=[manifest(replicas=3)])
    names = kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[*].name}").stdout
    assert names == "main"


@needs_kubectl
def test_apply_server_side(kubectl: Kubectl) -> None:
    apply = ("apply", "--server-side", "-f", "-")
    assert kubectl(*apply, stdin=[manifest()]).stdout == "deployment.apps/web serverside-applied\n"
    kubectl("scale", "deploy/web", "--replicas=4")
    refused = kubectl(*apply, stdin=[manifest()], code=1).stderr
    assert 'conflict with "kubectl" with subresource "scale"' in refused and ".spec.replicas" in refused
    kubectl(*apply, "--force-conflicts", stdin=[manifest()])
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").stdout == "1"
    other = kubectl(*apply, "--field-manager=other", stdin=[manifest(replicas=7)], code=1).stderr
    assert "conflict with" in other and ".spec.replicas" in other
    assert kubectl("diff", "--server-side", "-f", "-", stdin=[manifest()]).stdout == ""


@needs_kubectl
def test_a_service_keeps_its_address(kubectl: Kubectl) -> None:
    spec = {"ports": [{"port": 80}], "selector": {"app": "web"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
    kubectl("apply", "-f", "-", stdin=[service])
    address = kubectl("get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}").stdout
    kubectl("apply", "--server-side", "-f", "-", stdin=[service])
    kubectl("replace", "-f", "-", stdin=[service])
    assert address and kubectl("get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}").stdout == address
    managed = kubectl("get", "svc", "web", "-o", "yaml", "--show-managed-fields").stdout
    assert "f:ports" in managed and "f:clusterIP" not in managed


@needs_kubectl
def test_mistakes_are_named_by_the_server(kubectl: Kubectl) -> None:
    wrong = manifest()
    wrong["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    strict = kubectl("apply", "-f", "-", stdin=[wrong], code=1).stderr
    assert 'strict decoding error: unknown field "spec.template.spec.containers[0].imagee"' in strict
    assert "Warning: unknown field" in kubectl("apply", "--validate=warn", "-f", "-", stdin=[wrong]).stderr
    mismatch = manifest(selector={"matchLabels": {"app": "other"}})
    mismatch["metadata"]["name"] = "mismatch"
    assert (
        'The Deployment "mismatch" is invalid' in kubectl("apply", "-f", "-", stdin=[mismatch], code=1).stderr
    )
    elsewhere = {**manifest(), "apiVersion": "apps/v9"}
    assert "no matches for kind" in kubectl("apply", "-f", "-", stdin=[elsewhere], code=1).stderr


@needs_kubectl
@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("strategic", {"spec": {"replicas": 5}}),
        ("merge", {"spec": {"replicas": 5}}),
        ("json", [{"op": "replace", "path": "/spec/replicas", "value": 5}]),
    ],
)
def test_patch(kubectl: Kubectl, kind: str, patch: Any) -> None:
    kubectl("create", "-f", "-", stdin=[manifest()])
    kubectl("patch", "deploy", "web", f"--type={kind}", "-p", json.dumps(patch))
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").stdout == "5"


@needs_kubectl
def test_everyday_commands(api: Api, namespace: str, kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=[manifest()])
    kubectl("label", "deploy", "web", "team=forms")
    kubectl("annotate", "deploy", "web", "note=x")
    kubectl("set", "image", "deploy/web", "main=sandbox/other")
    kubectl("set", "env", "deploy/web", "A=b")
    kubectl("rollout", "restart", "deploy/web")
    described = kubectl("describe", "deploy", "web").stdout
    assert "team=forms" in described and "sandbox/other" in described
    assert "Server Version: v1." in kubectl("version").stdout
    assert "deployments" in kubectl("api-resources").stdout
    kubectl("replace", "-f", "-", stdin=[manifest(replicas=2)])
    api.create(f"/api/v1/namespaces/{namespace}/pods", pod("a"))
    assert re.search(r"^QoS Class: +BestEffort$", kubectl("describe", "pod", "a").stdout, re.MULTILINE)
    assert kubectl("wait", "--for=jsonpath={.spec.replicas}=2", "deploy/web", "--timeout=60s").returncode == 0
    if isinstance(api, Running):
        assert "the sandbox does not support exec" in kubectl("exec", "a", "--", "ls", code=1).stderr
    assert 'deployment.apps "web" deleted' in kubectl("delete", "deploy", "web").stdout
    assert 'pod "a" deleted' in kubectl("delete", "pod", "a", "--timeout=60s").stdout
    kubectl("delete", "deploy", "web", "--ignore-not-found")


@needs_kubectl
def test_imperative_commands_send_protobuf(kubectl: Kubectl, namespace: str) -> None:
    other = f"{namespace}-other"
    assert kubectl("create", "namespace", other).stdout == f"namespace/{other} created\n"
    kubectl("create", "configmap", "a", "--from-literal=x=y")
    assert kubectl("get", "cm", "a", "-o", "jsonpath={.data}").stdout == '{"x":"y"}'
    kubectl("create", "secret", "generic", "s", "--from-literal=p=q")
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.p}").stdout == "cQ=="
    kubectl("create", "deployment", "web", "--image=sandbox/example", "--replicas=3", "--port=80")
    spec = json.loads(kubectl("get", "deploy", "web", "-o", "json").stdout)["spec"]
    assert (
        spec["replicas"] == 3 and spec["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] == 80
    )
    kubectl("create", "quota", "q", "--hard=pods=3,requests.cpu=1")
    assert kubectl("get", "quota", "q", "-o", "jsonpath={.spec.hard.pods}").stdout == "3"
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "role", "reader", "--verb=get", "--resource=pods")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:robot")
    robot = f"--as=system:serviceaccount:{namespace}:robot"
    assert kubectl("auth", "can-i", "get", "pods", robot).stdout == "yes\n"
    assert kubectl("auth", "can-i", "list", "pods", robot, code=1).stdout == "no\n"
    assert "system:masters" in kubectl("auth", "whoami").stdout
    assert kubectl("create", "token", "robot").stdout.count(".") == 2
    kubectl("delete", "namespace", other, "--wait=false")


@needs_kubectl
def test_watching_with_kubectl(api: Api, namespace: str, kubectl: Kubectl) -> None:
    argv = ["kubectl", f"--kubeconfig={api.kubeconfig()}", f"-n{namespace}", "get", "cm", "-w", "-o", "name"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            api.create(f"/api/v1/namespaces/{namespace}/configmaps", config_map("a"))
            assert process.stdout is not None and process.stdout.readline() == "configmap/a\n"
        finally:
            process.terminate()


def test_official_python_client(api: Api, namespace: str) -> None:
    from kubernetes import client, config, watch

    connection = config.new_client_from_config(str(api.kubeconfig()))
    core: Any = client.CoreV1Api(connection)
    apps: Any = client.AppsV1Api(connection)
    made = apps.create_namespaced_deployment(namespace, manifest())
    assert made.metadata.uid and made.spec.replicas == 1 and made.status.replicas is None
    with pytest.raises(client.ApiException) as error:
        apps.create_namespaced_deployment(namespace, manifest())
    assert error.value.status == 409
    patched = apps.patch_namespaced_deployment("web", namespace, {"spec": {"replicas": 2}})
    assert patched.spec.replicas == 2 and patched.metadata.generation == 2
    assert apps.read_namespaced_deployment_scale("web", namespace).spec.replicas == 2
    for number in range(5):
        core.create_namespaced_config_map(namespace, {"metadata": {"name": f"c{number}"}})
    page = core.list_namespaced_config_map(namespace, limit=2)
    rest = core.list_namespaced_config_map(namespace, _continue=page.metadata._continue)
    found = [one.metadata.name for one in page.items + rest.items if one.metadata.name != ROOT_CA]
    assert found == [f"c{number}" for number in range(5)]
    stream = watch.Watch().stream(core.list_namespaced_config_map, namespace, timeout_seconds=5)
    names = (event["object"].metadata.name for event in stream)
    seen = itertools.islice((name for name in names if name != ROOT_CA), 5)
    assert sorted(seen) == [f"c{number}" for number in range(5)]
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Background")
    with pytest.raises(client.ApiException) as gone:
        apps.read_namespaced_deployment("web", namespace)
    assert gone.value.status == 404
    assert int(client.VersionApi(connection).get_code().minor) >= 32
    connection.close()


def test_official_dynamic_client(api: Api, namespace: str, tmp_path: Path) -> None:
    from kubernetes import config, dynamic

    connection = config.new_client_from_config(str(api.kubeconfig()))
    dynamic_client = dynamic.DynamicClient(connection, cache_file=str(tmp_path / "cache.json"))
    if isinstance(api, Running):  # elsewhere nobody has defined them
        monitors = dynamic_client.resources.get(api_version="monitoring.coreos.com/v1", kind="ServiceMonitor")
        monitors.create(body={"metadata": {"name": "a"}, "spec": {"endpoints": []}}, namespace=namespace)
        assert monitors.get(name="a", namespace=namespace).kind == "ServiceMonitor"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"x": "1"}}
    maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")
    applied = maps.server_side_apply(body=body, name="b", namespace=namespace, field_manager="test")
    assert applied.data.x == "1" and applied.metadata.managedFields[0].operation == "Apply"
    connection.close()
