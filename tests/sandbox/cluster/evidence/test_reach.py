"""Evidence where something is in the way: no permission, no answer, no time, too much of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolkit.base.outcome import Kind, Outcome
from toolkit.cluster import evidence
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.diagnosis import scene
from toolkit.cluster.evidence import About

from tests.sandbox.local import ROOT, Sandbox, eventually
from tests.sandbox.node.pods import pod, ready
from tests.sandbox.unreachable import answering, kubeconfig, reach

ABOUT = About(
    "tiny", "test", "one", "", "2", "", "run-1", "Kim", "deploy",
    Outcome(Kind.FAILED, "crash loop: Pod/tiny: it ended"),
)  # fmt: skip
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"


@pytest.fixture
def running(sandbox: Sandbox, namespace: str, tiny_image: str) -> dict[str, Any]:
    """A pod of the app tiny, ready, with the Secret `own`."""
    home = f"/api/v1/namespaces/{namespace}"
    sandbox.api(
        "POST", f"{home}/secrets", {"metadata": {"name": "own"}, "stringData": {"word": "canary-word"}}
    )
    own = {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "own", "key": "word"}}}
    made = pod("tiny", tiny_image, more_env=[own])
    made["metadata"]["labels"]["appGroup"] = "fb-tiny"
    sandbox.api("POST", f"{home}/pods", made)
    return sandbox.wait(f"{home}/pods/tiny", ready)


def say(obj: dict[str, Any], text: str) -> None:
    url = f"http://{obj['status']['podIP']}:3000/say"
    urllib.request.urlopen(url, text.encode(), timeout=20).close()


def keep(folder: Path, connection: Connection, seen: scene.Scene, namespace: str) -> dict[str, str]:
    """Every file that was kept: name -> text."""
    file = evidence.keep(folder, connection, seen, ABOUT._replace(namespace=namespace))
    assert file == folder / "summary.md"
    return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}


def test_a_log_is_kept_to_its_end_and_no_further_than_its_bounds(
    sandbox: Sandbox, connection: Connection, running: dict[str, Any], namespace: str, tmp_path: Path
) -> None:
    lines = "\n".join(f"{n} {'some words ' * 140}" for n in range(700))
    say(running, f"{lines}\nthe word is canary-word\nthe very last line")
    path = f"/api/v1/namespaces/{namespace}/pods/tiny/log?container=app&tailLines=1"
    eventually(lambda: "very last" in sandbox.text(path))
    files = keep(tmp_path, connection, scene.look(connection, namespace, "app=tiny"), namespace)
    log = files["logs/tiny-app.log"]
    assert log.endswith("the word is ***\nthe very last line\n")
    assert 200_000 < len(log) <= 256 * 1024
    assert "the very last line" in files["summary.md"]
    assert not [name for name, text in files.items() if "canary-word" in text]


def test_what_may_not_be_read_is_said_and_the_rest_is_kept(
    sandbox: Sandbox, running: dict[str, Any], namespace: str, tmp_path: Path
) -> None:
    say(running, "password=hidden-by-its-name")
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    sandbox.api("POST", accounts, {"metadata": {"name": "robot"}})
    rules = [
        {
            "apiGroups": ["", "apps", "batch"],
            "resources": ["pods", "deployments", "replicasets"],
            "verbs": ["list"],
        }
    ]
    sandbox.api("POST", f"{RBAC}/{namespace}/roles", {"metadata": {"name": "robot"}, "rules": rules})
    binding = {
        "metadata": {"name": "robot"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "robot"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": namespace}],
    }
    sandbox.api("POST", f"{RBAC}/{namespace}/rolebindings", binding)
    token = sandbox.api("POST", f"{accounts}/robot/token", {"spec": {}})["status"]["token"]
    config = yaml.safe_load((sandbox.state / "kubeconfig").read_text())
    config["users"][0]["user"] = {"token": token}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    robot = reach(tmp_path / "kubeconfig")
    files = keep(tmp_path / "kept", robot, scene.look(robot, namespace, "app=tiny"), namespace)
    assert "tiny  " in files["rollout.txt"] and "objects/Pod-tiny.yaml" in files
    assert files["logs/tiny-app.log"].startswith("(no log: ") and "403" in files["logs/tiny-app.log"]
    page = files["summary.md"]
    assert "Secret/own could not be read, so its values are masked only where" in page
    assert "note: events: " in page and "note: Pod/tiny, container app: no log: " in page


def test_a_cluster_that_is_gone_costs_little_time_and_leaves_what_was_seen(
    connection: Connection, running: dict[str, Any], namespace: str, tmp_path: Path
) -> None:
    seen = scene.look(connection, namespace, "app=tiny")
    with answering(lambda handler: handler.connection.close()) as port:
        address = port
    away = reach(kubeconfig(tmp_path, address))
    started = time.monotonic()
    files = keep(tmp_path / "kept", away, seen, namespace)
    assert time.monotonic() - started < 15
    assert "does not accept connections" in files["logs/tiny-app.log"]
    assert "does not accept connections" in files["summary.md"]
    assert "objects/Pod-tiny.yaml" in files and "tiny" in files["rollout.txt"]
    assert "## Pods" in files["summary.md"]


def test_killed_in_the_middle_it_leaves_whole_files(tmp_path: Path) -> None:
    held = threading.Event()
    with answering(lambda _: held.wait(30)) as port:
        config = kubeconfig(tmp_path, port)
        program = (
            "import sys; from pathlib import Path; from toolkit.cluster import evidence;"
            "from toolkit.cluster.diagnosis.scene import Scene;"
            "from tests.sandbox.cluster.evidence.test_reach import ABOUT;"
            "from tests.sandbox.unreachable import reach;"
            "spec = {'volumes': [{'secret': {'secretName': 's'}}], 'containers': [{'name': 'c'}]};"
            "pod = {'kind': 'Pod', 'metadata': {'name': 'x', 'uid': 'x'}, 'spec': spec};"
            "evidence.keep(Path(sys.argv[2]), reach(Path(sys.argv[1])), Scene({'Pod': (pod,)}), ABOUT)"
        )
        folder = tmp_path / "kept"
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(config), str(folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"},
        )
        try:
            eventually((folder / "summary.md").exists, 60)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            held.set()
    page = (folder / "summary.md").read_text()
    assert "it ended" in page and "## Pods" in page and page.endswith("collected when this was written.\n")
