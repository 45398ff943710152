"""scripts/deploy.py with something wrong that can be known beforehand: all is said, nothing is changed."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.cluster.preflight.ahead import furnished, state
from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform


def add(platform: Platform, name: str, *objects: dict[str, Any]) -> None:
    """More templates."""
    text = "\n---\n".join(json.dumps(obj) for obj in objects)
    (platform.folder / "tiny" / "deploy" / f"{name}.yaml").write_text(text)


def settings(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, **fields}


def test_all_problems_of_all_spaces_are_printed_and_nothing_is_changed(
    platform: Platform, sandbox: Sandbox
) -> None:
    assert platform.deploy("test").code == 0
    nothing = "sandbox/none@sha256:" + "0" * 64
    platform.manifest(
        image=nothing,
        more_env="- { name: X, valueFrom: { secretKeyRef: { name: absent, key: k } } }",
        extra="imgae: typo",
    )
    add(
        platform,
        "more",
        settings(data={"no/key": "7"}),
        {**settings(), "apiVersion": "example.org/v1", "kind": "Wibble"},
    )
    before = {space: state(sandbox, f"ns-{space}") for space in (platform.one, platform.two)}
    ended = platform.deploy("test")
    assert ended.code == 1, ended.output
    assert {space: state(sandbox, f"ns-{space}") for space in before} == before
    for space in before:
        web = f"Deployment/fb-tiny-app-{space}"
        assert f"{space}: 5 problems found before anything was changed: " in ended.output
        for line in (
            f'{web}: spec.template.spec.containers[name="app"].imgae: there is no such field',
            "ConfigMap/settings: data[no/key]: ",
            "Wibble/settings: cluster sandbox does not serve the kind Wibble of example.org/v1",
            f"Secret/absent: there is no such Secret in ns-{space}; {web} (container app, env X) needs it",
            f"{web} (container app): image {nothing}: the sandbox has built no such image of none",
        ):
            assert f"    | {line}" in ended.output, (line, ended.output)
    assert ended.output.count("    |     fix: ") == 10
    assert "applying" not in ended.output
    stage = platform.recorded()["stages"][0]
    assert [row["object"] for row in stage["details"][platform.one]["preflight"]].count("Secret/absent") == 1
    assert stage["outcome"] == "failed"


def test_an_object_of_another_app_is_refused_by_name_with_its_own_exit_code(
    platform: Platform, sandbox: Sandbox
) -> None:
    assert platform.deploy().code == 0
    other = {"metadata": {"name": "settings", "labels": {"appGroup": "fb-runner"}}, "data": {"colour": "red"}}
    sandbox.api("POST", f"/api/v1/namespaces/ns-{platform.one}/configmaps", other)
    add(platform, "more", settings(data={"colour": "blue"}))
    before = state(sandbox, f"ns-{platform.one}")
    ended = platform.deploy()
    assert ended.code == 3, ended.output
    assert "ConfigMap/settings: belongs to another app (appGroup=fb-runner)" in ended.last
    assert "fix: give tiny's object another name" in ended.last
    assert state(sandbox, f"ns-{platform.one}") == before


def test_a_protected_namespace_is_refused(platform: Platform, sandbox: Sandbox) -> None:
    name = f"ns-{platform.one}"
    labels = {"form-builder/protected": "true"}
    sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    furnished(sandbox, name)
    before = state(sandbox, name)
    ended = platform.deploy()
    assert ended.code == 3, ended.output
    assert f"Namespace/{name}: is protected: its label form-builder/protected says so" in ended.last
    assert state(sandbox, f"ns-{platform.one}") == before


def test_a_quota_without_room_for_the_surge_stops_the_deployment(
    platform: Platform, sandbox: Sandbox
) -> None:
    assert platform.deploy().code == 0
    path = f"/api/v1/namespaces/ns-{platform.one}/resourcequotas"
    sandbox.api("POST", path, {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "1"}}})
    sandbox.wait(f"{path}/small", lambda obj: obj.get("status", {}).get("used", {}).get("pods") == "1")
    again = platform.deploy()
    assert again.code == 0, again.output
    platform.manifest(env={"VERSION": "2"})
    before = state(sandbox, f"ns-{platform.one}")
    ended = platform.deploy()
    assert ended.code == 1, ended.output
    assert (
        "ResourceQuota/small: no room for pods=1 more, used: pods=1, limited: pods=1; "
        f"this deployment adds 1 more pod of Deployment/fb-tiny-app-{platform.one}" in ended.last
    )
    assert state(sandbox, f"ns-{platform.one}") == before


def test_what_fixtures_will_bring_is_not_missing(platform: Platform) -> None:
    folder = platform.folder / "tiny" / "deploy" / "provision"
    folder.mkdir()
    (folder / "keys.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: { name: keys }\n"
        "stringData: { word: '{{ random_string(12) }}' }\n"
    )
    platform.manifest(more_env="- { name: X, valueFrom: { secretKeyRef: { name: keys, key: word } } }")
    assert platform.deploy().code == 0


def test_what_belongs_to_the_whole_cluster_is_refused_whether_the_preflight_runs_or_not(
    platform: Platform, sandbox: Sandbox
) -> None:
    assert platform.deploy().code == 0
    wide = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "mine"}}
    add(platform, "more", {**wide, "value": 5})
    before = state(sandbox, f"ns-{platform.one}")
    for env in ({}, {"PREFLIGHT": "0"}):
        ended = platform.deploy(**env)
        assert ended.code == 3, ended.output
        assert "more.yaml:1: PriorityClass/mine belongs to the whole cluster, not to an app" in ended.output
    assert state(sandbox, f"ns-{platform.one}") == before
    classes = sandbox.api("GET", "/apis/scheduling.k8s.io/v1/priorityclasses")["items"]
    assert "mine" not in [each["metadata"]["name"] for each in classes]


def test_what_is_only_likely_is_said_and_kept_and_the_deployment_goes_on(platform: Platform) -> None:
    nothing = {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "lonely"},
        "spec": {"selector": {"matchLabels": {"app": "none"}}, "maxUnavailable": 1},
    }  # fmt: skip
    add(platform, "more", nothing)
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    assert "warning: PodDisruptionBudget/lonely: chooses no pods: none has app=none" in ended.output
    details = platform.recorded()["stages"][0]["details"][platform.one]
    assert details["images"]
    rows = details["preflight"]
    assert {(row["object"], row["kind"]) for row in rows} == {("PodDisruptionBudget/lonely", "warning")}
    assert any(row["sentence"].startswith("chooses no pods: none has app=none") for row in rows)
