"""up, down, status and reset, and what happens when things go wrong around the daemon."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.local import ROOT, TINY, Object, Sandbox, eventually

POD = {
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "terminationGracePeriodSeconds": 2,
        "containers": [
            {
                "name": "app",
                "image": "",
                "env": [{"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                "readinessProbe": {
                    "httpGet": {"path": "/readiness", "port": 3000},
                    "periodSeconds": 1,
                    "timeoutSeconds": 9,
                },
            }
        ],
    },
}
WEB = "/api/v1/namespaces/default/pods/web"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of the test's own, not started."""
    sandbox = Sandbox(tmp_path / "my state")
    yield sandbox
    sandbox.run("down")


def pod_of(sandbox: Sandbox) -> Object:
    """A ready pod called web."""
    pod = json.loads(json.dumps(POD))
    pod["spec"]["containers"][0]["image"] = sandbox.build("tiny", TINY)
    sandbox.api("POST", "/api/v1/namespaces/default/pods", pod)
    return sandbox.wait(WEB, ready)


def ready(obj: Object) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def answers(ip: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{ip}:3000/health", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def container(sandbox: Sandbox) -> int:
    """The process id of the only container."""
    [state] = (sandbox.state / "pods").glob("*/containers/app/*/state.json")
    return int(json.loads(state.read_text())["pid"])


def test_up_says_where_it_is_and_again_that_it_runs(own: Sandbox) -> None:
    first, second = own.run("up").stdout, own.run("up").stdout
    server = own.details["server"]
    assert first == f"sandbox is ready: {server} (kubeconfig {own.state}/kubeconfig)\n"
    assert second == f"sandbox is already running: {server} (kubeconfig {own.state}/kubeconfig)\n"
    assert (own.state / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert (own.state / "token").stat().st_mode & 0o777 == 0o600
    told = json.loads(own.run("status", "--json").stdout)
    assert told["running"] and told["node_ready"] and "Ingress" in told["kept_only"] and told["limits"]
    assert "CronJob" not in told["kept_only"] and "is running" in own.run("status").stdout
    pid = own.details["pid"]
    assert own.run("down").stdout == "the sandbox is stopped\n"
    assert not alive(pid)
    assert own.run("down").stdout == "the sandbox is not running\n"
    assert own.run("status", check=False).returncode == 1


def test_two_ups_at_once_start_one_daemon(own: Sandbox) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(own.run("up").stdout)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(text.split(":")[0] for text in said) == ["sandbox is already running"] * 2 + [
        "sandbox is ready"
    ]


def test_two_sandboxes_side_by_side(own: Sandbox, tmp_path: Path) -> None:
    other = Sandbox(tmp_path / "other")
    try:
        own.run("up")
        other.run("up")
        assert own.details["block"] != other.details["block"]
        first = pod_of(own)
        assert own.api("GET", "/api/v1/pods")["items"] and not other.api("GET", "/api/v1/pods")["items"]
        assert answers(first["status"]["podIP"])
    finally:
        other.run("down")


def test_a_killed_daemon_finds_its_containers_again(own: Sandbox) -> None:
    own.run("up")
    before = pod_of(own)
    pid, ip = container(own), before["status"]["podIP"]
    os.kill(own.details["pid"], signal.SIGKILL)
    eventually(lambda: not alive(own.details["pid"]))
    assert answers(ip), "the pod serves while the daemon is gone"
    assert "is not running" in own.run("status", check=False).stdout
    assert own.run("up").stdout.startswith("sandbox is ready")
    after = own.wait(WEB, ready)
    assert container(own) == pid and answers(ip)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]
    # and it is still its own to restart and to end
    os.kill(pid, signal.SIGKILL)
    again = own.wait(
        WEB, lambda obj: obj["status"]["containerStatuses"][0]["restartCount"] == 1 and ready(obj)
    )
    assert again["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 137


def test_what_ended_or_was_deleted_while_the_daemon_was_gone(own: Sandbox) -> None:
    own.run("up")
    pod_of(own)
    pid = container(own)
    os.kill(own.details["pid"], signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid))
    own.run("up")
    status = own.wait(
        WEB, lambda obj: obj["status"]["containerStatuses"][0]["restartCount"] == 1 and ready(obj)
    )
    assert status["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 137


def test_pods_come_back_after_down_and_up(own: Sandbox) -> None:
    own.run("up")
    before = pod_of(own)
    pid = container(own)
    assert own.run("down").stdout == "the sandbox is stopped\n"
    assert not alive(pid)
    own.run("up")
    after = own.wait(
        WEB, lambda obj: obj["status"]["containerStatuses"][0]["restartCount"] == 1 and ready(obj)
    )
    assert after["status"]["podIP"] == before["status"]["podIP"]
    assert answers(after["status"]["podIP"])


def test_down_ends_what_a_killed_daemon_left(own: Sandbox) -> None:
    own.run("up")
    pod_of(own)
    pid = container(own)
    os.kill(own.details["pid"], signal.SIGKILL)
    eventually(lambda: not alive(own.details["pid"]))
    assert own.run("down").stdout == (
        "the sandbox was not running; 1 containers that a killed one had left were stopped\n"
    )
    assert not alive(pid)


def test_reset_forgets_the_cluster_and_keeps_images(own: Sandbox) -> None:
    own.run("up")
    pod_of(own)
    pid, daemon = container(own), own.details["pid"]
    assert own.run("reset").stdout == f"{own.state} is empty now, except for built images\n"
    assert not alive(pid) and not alive(daemon)
    assert sorted(path.name for path in own.state.iterdir()) == [
        ".gitignore",
        "change.lock",
        "images",
        "layers",
    ]
    own.run("up")
    assert not own.api("GET", "/api/v1/pods")["items"]
    assert json.loads(own.run("status", "--json").stdout)["images"]
    own.run("reset", "--images")
    assert sorted(path.name for path in own.state.iterdir()) == [".gitignore", "change.lock"]


def test_a_note_of_another_process_is_not_believed(own: Sandbox) -> None:
    """A killed daemon's id may belong to somebody else by now, who must not be touched."""
    own.state.mkdir()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        note = {"pid": bystander.pid, "started": 1, "server": "x", "kubeconfig": "y"}
        (own.state / "daemon.json").write_text(json.dumps(note))
        assert own.run("down").stdout == "the sandbox is not running\n"
        assert bystander.poll() is None
        (own.state / "daemon.json").write_text("{ not json")
        assert own.run("up").stdout.startswith("sandbox is ready")
    finally:
        bystander.kill()
        bystander.wait()


def test_a_taken_block_is_left_alone(own: Sandbox) -> None:
    own.run("up")
    block = own.details["block"]
    own.run("down")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((f"127.{block}.0.1", 6443))
        taken.listen()
        assert own.run("up").stdout.startswith("sandbox is ready")
        assert own.details["block"] != block
        pod = pod_of(own)
        assert pod["status"]["podIP"].startswith(f"127.{own.details['block']}.")


def test_a_damaged_database_is_named_and_reset_helps(own: Sandbox) -> None:
    own.run("up")
    own.run("down")
    (own.state / "cluster.db").write_bytes(b"this is no database" * 100)
    ran = own.run("up", check=False)
    assert ran.returncode == 1
    assert "cluster.db is damaged" in ran.stderr and "python -m sandbox reset" in ran.stderr
    assert "Traceback" not in ran.stderr and ran.stderr.count("\n") == 1
    own.run("reset")
    assert own.run("up").stdout.startswith("sandbox is ready")


def test_a_state_directory_that_goes_away_ends_the_daemon_and_its_pods(own: Sandbox) -> None:
    own.run("up")
    pod_of(own)
    pid, daemon = container(own), own.details["pid"]
    shutil.rmtree(own.state)
    eventually(lambda: not alive(daemon))
    eventually(lambda: not alive(pid))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["up", "--state", "{file}"], 2, "there is a file of this name"),
        (["up", "--state", "{file}/below"], 2, "cannot keep a sandbox here"),
        (["nonsense"], 2, "invalid choice"),
        ([], 2, "required"),
        (["status", "--state", "{empty}"], 1, ""),
        (["down", "--state", "{empty}"], 0, ""),
        (["reset", "--state", "{empty}"], 0, ""),
    ],
)
def test_misuse_is_a_sentence(own: Sandbox, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    (tmp_path / "file").write_text("x")
    places = {"file": tmp_path / "file", "empty": tmp_path / "empty"}
    ran = own.run(*(word.format(**places) for word in words), check=False)
    assert (ran.returncode, "Traceback" in ran.stderr) == (code, False)
    assert said in ran.stderr
    assert not (tmp_path / "empty").exists()


def test_an_interrupted_start_leaves_no_daemon(own: Sandbox) -> None:
    starting = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "up"], cwd=ROOT, env=own.env, stderr=subprocess.PIPE, text=True
    )
    eventually((own.state / "daemon.log").exists)
    starting.send_signal(signal.SIGTERM)
    _, said = starting.communicate(timeout=30)
    if starting.returncode == 0:  # it was ready before the signal came
        return
    assert (starting.returncode, said) == (130, "sandbox: interrupted\n")
    assert own.run("down").stdout == "the sandbox is not running\n"


def test_the_daemon_keeps_nothing_of_the_environment_it_was_started_from(own: Sandbox) -> None:
    own.env["SLACK_WEBHOOK"] = "canary-value"
    own.run("up")
    pod_of(own)
    for pid in (own.details["pid"], container(own)):
        assert b"canary-value" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert b"canary-value" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    token = (own.state / "token").read_text()
    assert token.encode() not in Path(f"/proc/{own.details['pid']}/cmdline").read_bytes()
    assert token not in (own.state / "daemon.log").read_text()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(own.details["node"] + "/containerLogs/default/web/app", timeout=20)
    assert refused.value.code == 401
