"""A change of nothing but configuration reaches every pod, wherever it lives; status tells who lags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.cluster.standing.jobs import job
from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform
from tests.sandbox.watch import watched

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: { name: words, annotations: { NOTE } }
data: { WORD: "VALUE" }
"""
WORD = "- { name: WORD, valueFrom: { configMapKeyRef: { name: words, key: WORD } } }"
KEYS = "envFrom: [{ secretRef: { name: keys, optional: true } }]"


@pytest.fixture
def platform(platform: Platform) -> Platform:
    platform.manifest(more_env=WORD, extra=KEYS)
    return platform


def words(platform: Platform, value: str, note: str = "") -> None:
    """What the manifests' ConfigMap says."""
    text = CONFIG.replace("VALUE", value).replace("NOTE", note)
    (platform.folder / "tiny" / "deploy" / "words.yaml").write_text(text)


def deploy(platform: Platform, digit: str) -> str:
    ended = platform.deploy(**job(digit))
    assert ended.code == 0, ended.output
    return ended.output


def secret(sandbox: Sandbox, platform: Platform, value: str) -> None:
    """Somebody else's Secret, made or changed."""
    path = f"/api/v1/namespaces/ns-{platform.one}/secrets"
    body = {"metadata": {"name": "keys"}, "stringData": {"KEY": value}}
    there = [each["metadata"]["name"] for each in sandbox.api("GET", path)["items"]]
    if "keys" in there:
        sandbox.api("PATCH", f"{path}/keys", body, "application/merge-patch+json")
    else:
        sandbox.api("POST", path, body)


def seen(sandbox: Sandbox, platform: Platform) -> tuple[str, dict[str, str]]:
    """The one pod, and its environment."""
    (pod,) = watched.pods(sandbox, platform.one)
    path = f"/api/v1/namespaces/ns-{platform.one}/pods/{watched.name(pod)}:3000/proxy/env"
    return str(pod["metadata"]["uid"]), dict(sandbox.api("GET", path))


def notes(platform: Platform) -> list[str]:
    return list(platform.status("--env", platform.one)[0]["notes"])


def test_a_commit_that_changes_only_a_config_map_reaches_the_pods(
    platform: Platform, sandbox: Sandbox
) -> None:
    words(platform, "one")
    assert "made anew" not in deploy(platform, "a")
    before, environment = seen(sandbox, platform)
    assert environment["WORD"] == "one"
    deploy(platform, "b")  # another commit, and nothing that the pods use has changed
    assert seen(sandbox, platform)[0] == before
    words(platform, "two")
    said = deploy(platform, "c")
    assert (
        f"ConfigMap/words has changed: the pods of Deployment/fb-tiny-app-{platform.one} are made anew"
        in said
    )
    after, environment = seen(sandbox, platform)
    assert after != before and environment["WORD"] == "two"
    assert notes(platform) == []
    back = platform.run("healthcheck", "--app", "tiny", "--env", platform.one, **job("c"))
    assert back.code == 0, back.output


def test_a_secret_of_somebody_else_is_followed_by_the_next_deployment(
    platform: Platform, sandbox: Sandbox
) -> None:
    words(platform, "one")
    deploy(platform, "a")
    secret(sandbox, platform, "first")
    note = f"1 pod of 1 run with an older Secret/keys: make deploy APP=tiny ENV={platform.one}"
    assert notes(platform) == [note]
    deploy(platform, "a")
    before, environment = seen(sandbox, platform)
    assert environment["KEY"] == "first" and notes(platform) == []
    secret(sandbox, platform, "second")
    assert notes(platform) == [note]
    output = deploy(platform, "a")
    after, environment = seen(sandbox, platform)
    assert after != before and environment["KEY"] == "second"
    (pod,) = watched.pods(sandbox, platform.one)
    for told in (output, json.dumps(pod["metadata"])):
        assert "second" not in told and "c2Vjb25k" not in told
    deploy(platform, "a")
    assert seen(sandbox, platform)[0] == after


def test_an_app_that_reads_changes_by_itself_is_left_alone(platform: Platform, sandbox: Sandbox) -> None:
    opt_out = '"form-builder/restart-on-change": "false"'
    words(platform, "one", opt_out)
    deploy(platform, "a")
    before, _ = seen(sandbox, platform)
    words(platform, "two", opt_out)
    deploy(platform, "b")
    assert seen(sandbox, platform)[0] == before and notes(platform) == []


def test_a_release_of_before_is_made_anew_once_and_it_is_said(platform: Platform, sandbox: Sandbox) -> None:
    words(platform, "one")
    deploy(platform, "a")
    path = f"/apis/apps/v1/namespaces/ns-{platform.one}/deployments/fb-tiny-app-{platform.one}"
    none: dict[str, Any] = {"metadata": {"annotations": {"form-builder/configuration": None}}}
    sandbox.api("PATCH", path, {"spec": {"template": none}}, "application/merge-patch+json")
    assert "its pods follow their configuration from now on, and are made anew once" in deploy(platform, "b")
    assert "made anew" not in deploy(platform, "c")


def test_going_back_gives_the_pods_the_configuration_of_before(platform: Platform, sandbox: Sandbox) -> None:
    words(platform, "one")
    deploy(platform, "a")
    secret(sandbox, platform, "key")
    deploy(platform, "a")
    assert platform.run("healthcheck", "--app", "tiny", "--env", platform.one, **job("a")).code == 0
    words(platform, "two")
    deploy(platform, "b")
    secret(sandbox, platform, "another")
    back = platform.run("rollback", "--app", "tiny", "--env", platform.one, **job("b"))
    assert back.code == 0, back.output
    _, environment = seen(sandbox, platform)
    assert (environment["WORD"], environment["KEY"]) == ("one", "another")
    assert not [note for note in notes(platform) if "older" in note or "drift" in note]
