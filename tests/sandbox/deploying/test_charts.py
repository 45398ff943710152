"""An app that is a Helm chart with a value from elsewhere: verified, changed by that alone, and gone back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.renderers.found import on_path
from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform, commit

WORD = "a-Word-that-only-few-know"
HOOK = """apiVersion: batch/v1
kind: Job
metadata:
  name: fb-tiny-migrate
  annotations:
    "helm.sh/hook": pre-install,pre-upgrade
    "helm.sh/hook-delete-policy": before-hook-creation
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - { name: migrate, image: "{{ .Values.image }}", command: [python3, -c, "print('migrated')"] }
"""
SECRET = """apiVersion: v1
kind: Secret
metadata: { name: fb-tiny-secrets, annotations: { "helm.sh/resource-policy": keep } }
data: { word: {{ .Values.word | b64enc }} }
"""
KEYS = """
chart = "chart"
values = ["values.yaml", "{secrets}/{space}.yaml"]
set = { image = "{image.app}", app = "{app}", space = "{space}", service = "{service}" }
secrets = "deploy"
"""


class Values:
    """The repository of values; nothing of it may be where the pipeline works."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")

    def say(self, space: str, greeting: str) -> None:
        """What the values of a space are, committed."""
        self.write(space, f"greeting: {greeting}\nword: {WORD}\n")

    def write(self, space: str, text: str) -> None:
        """The file of a space, committed."""
        (self.folder / f"{space}.yaml").write_text(text)
        self._git("add", "--all")
        self._git("-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", space)

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture
def values(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Values:
    """The tiny app as a chart of the same objects."""
    on_path(monkeypatch, "helm")
    platform.manifest(image="{{ images.app }}", env={"VERSION": "GREETING"})
    template = platform.template()
    for name in ("app", "space", "service"):
        template = template.replace("{{ " + name + " }}", "{{ .Values." + name + " }}")
    template = template.replace("{{ images.app }}", "{{ .Values.image }}").replace(
        "GREETING", "{{ .Values.greeting }}"
    )
    chart = platform.folder / "tiny" / "chart"
    for file, text in {
        "Chart.yaml": "apiVersion: v2\nname: fb-tiny-chart\nversion: 0.1.0\n",
        "values.yaml": "greeting: nobody\n",
        "templates/app.yaml": template,
        "templates/migrate.yaml": HOOK,
        "templates/secret.yaml": SECRET,
    }.items():
        (chart / file).parent.mkdir(parents=True, exist_ok=True)
        (chart / file).write_text(text)
    kept = Values(tmp_path / "kept elsewhere")
    config = platform.folder / "apps.toml"
    table = f'[secrets.deploy]\nrepository = "{kept.folder}"\nref = "main"\n[languages.python]'
    text = config.read_text().replace("[languages.python]", table)
    config.write_text(text.replace('health = "/health"', 'health = "/health"' + KEYS))
    return kept


def answering(sandbox: Sandbox, space: str) -> str:
    path = f"/api/v1/namespaces/ns-{space}/services/fb-tiny-{space}:80/proxy/"
    return str(sandbox.api("GET", path)["version"])


def verified(platform: Platform, space: str, digit: str) -> str:
    """Deploy and check; what was printed."""
    said = ""
    for stage in ("deploy", "healthcheck"):
        ended = platform.run(stage, "--app", "tiny", "--env", space, **commit(digit))
        assert ended.code == 0, ended.output
        said += ended.output
    return said


def test_a_chart_is_verified_changed_by_a_value_alone_and_gone_back(
    platform: Platform, sandbox: Sandbox, values: Values
) -> None:
    space = platform.one
    values.say(space, "first")
    said = verified(platform, space, "a")
    assert "Job/fb-tiny-migrate (hook pre-install, pre-upgrade): a Job of the deployment" in said
    assert answering(sandbox, space) == "first"
    values.say(space, "second")
    said += verified(platform, space, "b")
    assert answering(sandbox, space) == "second"
    back = platform.run("rollback", "--app", "tiny", "--env", space, **commit("b"))
    assert back.code == 0, back.output
    assert answering(sandbox, space) == "first"
    assert WORD not in said + back.output
    kept = [
        file for file in platform.folder.rglob("*") if file.is_file() and WORD.encode() in file.read_bytes()
    ]
    assert kept == []
    live: dict[str, Any] = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/secrets/fb-tiny-secrets")
    assert live["metadata"]["labels"]["appGroup"] == "fb-tiny"

    (platform.folder / "tiny" / "chart" / "templates" / "secret.yaml").unlink()
    said = verified(platform, space, "c")
    assert "Secret/fb-tiny-secrets is not in the templates any more and stays: it says so itself" in said


def test_a_values_file_that_is_missing_or_locked_starts_nothing(
    platform: Platform, sandbox: Sandbox, values: Values
) -> None:
    space = platform.two
    values.say("another", "x")
    ended = platform.deploy(space)
    assert ended.code == 2, ended.output
    assert f"{{secrets}}/{space}.yaml" in ended.last and "there is no such file" in ended.last
    (values.folder / f"{space}.yaml").write_bytes(b"\0GITCRYPT\0" + b"\1" * 40)
    values.say("another", "y")
    ended = platform.deploy(space)
    assert ended.code == 2, ended.output
    assert "is encrypted by git-crypt, and locked" in ended.last
    names = [each["metadata"]["name"] for each in sandbox.api("GET", "/api/v1/namespaces")["items"]]
    assert f"ns-{space}" not in names


def test_the_deployment_has_the_key_that_unlocks_values(
    platform: Platform, sandbox: Sandbox, values: Values, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a stand-in for sops, which knows one key."""
    space = platform.three
    program = tmp_path / "unlocking" / "sops"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$SOPS_AGE_KEY" = the-one-key-that-fits ] || exit 128\n'
        f"printf 'greeting: unlocked\\nword: {WORD}\\n'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    config = platform.folder / "apps.toml"
    config.write_text(
        config.read_text().replace('ref = "main"', 'ref = "main"\nunlock = "sops"\nkey = { env = "OPENER" }')
    )
    values.write(space, 'greeting: "ENC[x]"\nsops: { mac: "ENC[y]", version: 3.9.0 }\n')
    without = platform.deploy(space, **commit("a"))
    assert without.code == 2, without.output
    assert "locked: OPENER, which holds its key, is not set" in without.last
    ended = platform.deploy(space, OPENER="the-one-key-that-fits", **commit("a"))
    assert ended.code == 0, ended.output
    assert answering(sandbox, space) == "unlocked"
    assert "the-one-key-that-fits" not in ended.output and WORD not in ended.output
