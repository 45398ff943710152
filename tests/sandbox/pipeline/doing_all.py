"""An app whose stages do all that stages do: suites that are told a secret, and an object of many kinds."""

from __future__ import annotations

from tests.sandbox.platform_double import Platform

SUITES = """
[apps.tiny.suites.smoke]
path = "tests/smoke"
workers = 1
deadline = "60s"
env.URL = "{url}"
env.INTERNAL = "{internal}"
env.WORD = { secret = "word-{space}", key = "word" }
[apps.tiny.suites.acceptance]
path = "tests/smoke"
workers = 1
deadline = "60s"
environments = ["test"]
env.URL = "{url}"
env.PROXY = "{proxy}"
env.HOST = "fb-tiny-{space}.ns-{space}"
env.INTERNAL = "{internal}"
env.WORD = { secret = "word-{space}", key = "word" }
"""
SUITE = """
import os, urllib.request
def test_it_answers_and_is_told():
    assert urllib.request.urlopen(os.environ["URL"] + "/health").read() == b"ok"
    urllib.request.urlopen(urllib.request.Request(os.environ["URL"] + "/say", b"hello", method="POST"))
    assert os.environ["WORD"] == "a-word-for-tests"
    if "PROXY" in os.environ:
        through = urllib.request.build_opener(urllib.request.ProxyHandler({"http": os.environ["PROXY"]}))
        assert through.open("http://" + os.environ["HOST"] + "/health").read() == b"ok"
        through.open(urllib.request.Request("http://" + os.environ["HOST"] + "/say", b"hello", method="POST"))
"""
MORE = """
---
apiVersion: v1
kind: ConfigMap
metadata: { name: "settings-{{ space }}" }
data: { A: "one" }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: "reader-{{ space }}" }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: "reader-{{ space }}" }
rules: [{ apiGroups: [""], resources: [endpoints], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: "reader-{{ space }}" }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: "reader-{{ space }}" }
subjects: [{ kind: ServiceAccount, name: "reader-{{ space }}", namespace: "{{ namespace }}" }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: "tiny-{{ space }}" }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: "{{ app }}" } } }
"""
PASSING = """
---
apiVersion: v1
kind: ConfigMap
metadata: { name: "passing-{{ space }}" }
data: { A: "one" }
"""


def equip(platform: Platform) -> None:
    """Give the tiny app suites and more objects."""
    platform.configure(suites=SUITES)
    template = platform.folder / "tiny" / "deploy" / "app.yaml"
    template.write_text(template.read_text() + MORE + PASSING)
    (platform.folder / "tiny" / "requirements-test.txt").write_text("pytest\n")
    suite = platform.folder / "tiny" / "tests" / "smoke"
    suite.mkdir(parents=True)
    (suite / "test_smoke.py").write_text(SUITE)


def without_passing(platform: Platform) -> None:
    """Take an object out of the templates."""
    template = platform.folder / "tiny" / "deploy" / "app.yaml"
    template.write_text(template.read_text().replace(PASSING, ""))


def secret(space: str) -> dict[str, object]:
    """What its suites are told."""
    return {"metadata": {"name": f"word-{space}"}, "stringData": {"word": "a-word-for-tests"}}
