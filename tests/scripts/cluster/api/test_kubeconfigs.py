"""The same kubeconfig leads to the same cluster, user and namespace as with kubectl, which is asked too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolkit.base.outcome import Failed, Misused
from toolkit.cluster.api import credentials
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.contexts import kubeconfigs
from toolkit.settings.model import Cluster, Ref, Where

from tests.scripts import api_double
from tests.scripts.api_double import Double

KUBECTL = shutil.which("kubectl")
CLUSTER = Cluster("kubeconfig", "docker", kubeconfig=Ref("KUBECONFIG"), context=Ref("KUBE_CONTEXT"))
kubectl_is_here = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on this machine")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a current folder of its own, without this machine's kubeconfig."""
    where = tmp_path / "a home"
    where.mkdir()
    monkeypatch.chdir(where)
    monkeypatch.setenv("HOME", str(where))
    for name in ("KUBECONFIG", "KUBE_CONTEXT", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    return where


def entry(kind: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, {"clusters": "cluster", "users": "user", "contexts": "context"}[kind]: content}


def write(file: Path, *, current: str = "", **tables: dict[str, dict[str, Any]]) -> None:
    """A kubeconfig: tables are clusters, users and contexts by name."""
    document: dict[str, Any] = {"apiVersion": "v1", "kind": "Config"}
    document |= {kind: [entry(kind, *each) for each in table.items()] for kind, table in tables.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document | ({"current-context": current} if current else {})))


def two_files(home: Path, double: Double) -> None:
    """`one`, and `sub/two` with names of `one` again, paths beside itself, and the current context."""
    (home / "ca.pem").write_text(double.ca)
    (home / "sub").mkdir()
    (home / "sub" / "token").write_text("token-from-a-file\n")
    write(
        home / "one",
        clusters={"here": {"server": double.url, "certificate-authority": "ca.pem"}},
        users={"ada": {"token": "token-of-ada"}},
        contexts={"first": {"cluster": "here", "user": "ada"}},
    )
    write(
        home / "sub" / "two",
        current="second",
        clusters={"here": {"server": "https://elsewhere.example"}},
        users={
            "ada": {"token": "another-token"},
            "robot": {"tokenFile": "token", "token": "an-older-token"},
            "both": {
                "token": "token-of-both", "as": "deployer", "as-uid": "7", "as-groups": ["one", "two"],
                "as-user-extra": {"team/a": ["x y"]},
            },
            "basic": {"username": "grace", "password": "hopper-password"},
        },
        contexts={
            "first": {"cluster": "here", "user": "robot"},
            "second": {"cluster": "here", "user": "robot", "namespace": "team-b"},
            "third": {"cluster": "here", "user": "both", "namespace": "team-c"},
            "fourth": {"cluster": "here", "user": "basic"},
        },
    )  # fmt: skip
    (home / "empty").write_text("")


FILES = os.pathsep.join(("one", "not-there", "empty", "sub/two", "one"))


def sent(double: Double) -> dict[str, list[str]]:
    """The headers of the last request that say who asked; of a name each value, in their order."""
    found: dict[str, list[str]] = {}
    for key, value in double.requests[-1].pairs:
        if key.lower() == "authorization" or key.lower().startswith("impersonate-"):
            found.setdefault(key.lower(), []).append(value)
    return found


def by_kubectl(*words: str) -> str:
    """What kubectl says."""
    assert KUBECTL
    ran = subprocess.run([KUBECTL, *words], capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def reached() -> Connection:
    return connect(CLUSTER, "test-dev", Path.cwd())


@kubectl_is_here
@pytest.mark.parametrize("context", ["", "first", "second", "third", "fourth"])
def test_several_files_are_one_as_kubectl_has_it(
    home: Path, double: Double, monkeypatch: pytest.MonkeyPatch, context: str
) -> None:
    two_files(home, double)
    monkeypatch.setenv("KUBECONFIG", FILES)
    monkeypatch.setenv("KUBE_CONTEXT", context)
    flag = [f"--context={context}"] if context else []
    view = json.loads(by_kubectl("config", "view", "--minify", "--raw", "-o", "json", *flag))
    chosen, _ = credentials.chosen(CLUSTER, Where("test-dev"), home)
    theirs = view["contexts"][0]
    assert chosen.context == theirs["name"]
    assert chosen.namespace == theirs["context"].get("namespace", "default")
    assert chosen.document["clusters"][0]["cluster"]["server"] == view["clusters"][0]["cluster"]["server"]
    by_kubectl("get", "--raw", "/version", *flag)
    expected = sent(double)
    assert reached().get("/version") == {"major": "1"}
    assert sent(double) == expected
    assert expected["authorization"], "kubectl itself did not say who it is"


@kubectl_is_here
def test_without_a_variable_it_is_the_file_at_home(home: Path, double: Double) -> None:
    two_files(home, double)
    (home / ".kube").mkdir()
    (home / "one").rename(home / ".kube" / "config")
    (home / "ca.pem").rename(home / ".kube" / "ca.pem")
    by_kubectl("get", "--raw", "/version", "--context=first")
    expected = sent(double)
    os.environ["KUBE_CONTEXT"] = "first"
    try:
        reached()
    finally:
        del os.environ["KUBE_CONTEXT"]
    assert sent(double) == expected == {"authorization": ["Bearer token-of-ada"]}


def test_a_token_file_is_read_again_when_its_token_was_refused(
    home: Path, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_files(home, double)
    monkeypatch.setenv("KUBECONFIG", FILES)
    connection = reached()
    assert sent(double) == {"authorization": ["Bearer token-from-a-file"]}
    (home / "sub" / "token").write_text("the-next-token\n\n")
    double.answer = lambda request: (
        request.json({"major": "1"})
        if request.headers["authorization"] == "Bearer the-next-token"
        else request.status(401, "Unauthorized")
    )
    assert connection.get("/version") == {"major": "1"}


def test_no_token_goes_over_a_connection_that_anybody_reads(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api_double.running() as double:
        write(
            home / "plain",
            current="x",
            clusters={"c": {"server": double.url}},
            users={"u": {"token": "token-of-ada"}},
            contexts={"x": {"cluster": "c", "user": "u"}},
        )
        monkeypatch.setenv("KUBECONFIG", "plain")
        reached()
        assert sent(double) == {}
        if KUBECTL:
            by_kubectl("get", "--raw", "/version")
            assert sent(double) == {}


@pytest.mark.parametrize(
    ("current", "contexts", "words"),
    [
        ("", {"a": {"cluster": "c", "user": "u"}}, "names no current-context"),
        ("gone", {"a": {"cluster": "c", "user": "u"}}, "has no context gone"),
        ("a", {"a": {"cluster": "gone", "user": "u"}}, "no cluster 'gone'"),
        ("a", {"a": {"cluster": "c", "user": "gone"}}, "no user 'gone'"),
        ("a", {"a": {"cluster": "c", "user": "lost"}}, "token file"),
    ],
)
def test_what_leads_nowhere_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, current: str, contexts: dict[str, Any], words: str
) -> None:
    users = {"u": {"token": "t" * 9}, "lost": {"tokenFile": "not-there"}}
    write(
        home / "k", current=current, clusters={"c": {"server": "https://x"}}, users=users, contexts=contexts
    )
    monkeypatch.setenv("KUBECONFIG", "k")
    with pytest.raises(Misused) as caught:
        credentials.load(CLUSTER, "s", home)
    assert words in caught.value.reason


def test_a_plugin_that_gives_nothing_is_a_failure_in_its_own_words(
    home: Path, double: Double, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin = home / "plugin"
    plugin.write_text("#!/bin/sh\necho 'the session has expired' >&2\nexit 3\n")
    plugin.chmod(0o755)
    api = "client.authentication.k8s.io/v1"
    two_files(home, double)
    write(
        home / "exec",
        current="x",
        users={"u": {"exec": {"apiVersion": api, "command": "./plugin", "interactiveMode": "Never"}}},
        contexts={"x": {"cluster": "here", "user": "u"}},
    )
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(("exec", "one")))
    with pytest.raises(Failed, match="the credential plugin plugin of the kubeconfig") as caught:
        reached()
    assert any("the session has expired" in line for line in caught.value.evidence)
    assert "expired" not in "".join(capfd.readouterr())


def test_in_a_pod_without_a_kubeconfig_it_is_the_pods_own(
    home: Path, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = home / "account"
    account.mkdir()
    for name, content in (("token", "token-of-the-pod\n"), ("ca.crt", double.ca), ("namespace", "ci")):
        (account / name).write_text(content)
    monkeypatch.setattr(kubeconfigs, "SERVICE_ACCOUNT", account)
    host, _, port = double.url.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    assert "namespace ci" in reached().holder
    assert sent(double) == {"authorization": ["Bearer token-of-the-pod"]}


@pytest.mark.parametrize("builder", ["docker", "sandbox"])
def test_nothing_is_started_for_a_kubeconfig_of_somebody_else(
    home: Path, monkeypatch: pytest.MonkeyPatch, builder: str
) -> None:
    write(
        home / "kubeconfig",
        current="x",
        clusters={"c": {"server": "https://127.0.0.1:9"}},
        users={"u": {"token": "token-of-ada"}},
        contexts={"x": {"cluster": "c", "user": "u"}},
    )
    monkeypatch.setenv("KUBECONFIG", str(home / "kubeconfig"))
    with pytest.raises(Failed, match="does not accept connections"):
        connect(CLUSTER._replace(builder=builder), "s", home)
    assert [each.name for each in home.iterdir()] == ["kubeconfig"]
