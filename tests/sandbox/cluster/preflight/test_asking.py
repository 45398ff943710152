"""The preflight against the real API: what it finds, what it lets pass, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Kind

from tests.sandbox.cluster.preflight.ahead import Ahead, state
from tests.sandbox.local import Sandbox


@pytest.fixture
def ahead(sandbox: Sandbox, namespace: str, tmp_path: Path) -> Ahead:
    return Ahead(sandbox, namespace, tmp_path)


def secret_env(name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": name, "key": key, **more}}}]}


def test_a_good_deployment_has_no_problem_first_and_again(ahead: Ahead) -> None:
    found = [
        ahead.obj("ServiceAccount", "runner"),
        ahead.obj("Secret", "keys", stringData={"private": "x"}),
        ahead.obj("ConfigMap", "settings", data={"colour": "blue"}),
        ahead.obj("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
        ahead.deployment(container=secret_env("keys", "private"), serviceAccountName="runner"),
    ]
    assert ahead.check(*found) == []
    ahead.apply(*found)
    assert ahead.check(*found) == []
    assert ahead.said == []


def test_that_nothing_was_changed_is_told_by_what_somebody_wrote_and_not_by_what_controllers_did(
    ahead: Ahead,
) -> None:
    """That the comparison behind all these tests can fail, and does not without a reason."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    ahead.post("persistentvolumeclaims", "disk", spec=spec)
    ahead.apply(ahead.deployment(), ahead.obj("ConfigMap", "settings", data={"colour": "blue"}))
    before = state(ahead.sandbox, ahead.namespace)
    home = f"namespaces/{ahead.namespace}"
    ahead.sandbox.wait(
        f"/api/v1/{home}/persistentvolumeclaims/disk", lambda live: live["status"].get("phase") == "Bound"
    )
    web = f"/apis/apps/v1/{home}/deployments/web"
    ahead.sandbox.wait(web, lambda live: live.get("status", {}).get("replicas"))
    assert state(ahead.sandbox, ahead.namespace) == before
    settings = f"/api/v1/{home}/configmaps/settings"
    for path, patch in ((settings, {"data": {"colour": "red"}}), (web, {"spec": {"replicas": 2}})):
        ahead.sandbox.api("PATCH", path, patch, "application/merge-patch+json")
        changed = state(ahead.sandbox, ahead.namespace)
        assert [name for name in changed if changed[name] != before[name]] == [path.partition(f"{home}/")[2]]
        before = changed


def test_few_requests_are_enough(ahead: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    send = ahead.connection.request

    def counted(method: str, path: str, **options: Any) -> Any:
        asked.append(f"{method} {path}")
        return send(method, path, **options)

    monkeypatch.setattr(ahead.connection, "request", counted)
    service = ahead.obj("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    assert ahead.check(ahead.deployment(), service) == []
    # namespace, permissions, autoscalers, quotas, limit ranges; each object twice; a pod of the Deployment
    assert len(asked) == 5 + 2 * 2 + 1, asked


def test_all_problems_come_at_once_each_with_a_remedy(ahead: Ahead) -> None:
    wrong = ahead.deployment("wrong")
    wrong["spec"]["replicaz"] = 2
    web = ahead.deployment(
        container={
            "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "k"}}},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "shade"}}},
                {"name": "C", "valueFrom": {"secretKeyRef": {"name": "other", "key": "k", "optional": True}}},
            ]
        },
        serviceAccountName="nobody",
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "disk"}}],
    )
    ahead.post("configmaps", "settings", data={"colour": "blue"})
    unknown = ahead.obj("Wibble", "w", "example.org/v1")
    problems = ahead.check(
        wrong, web, unknown, images=lambda refs: dict.fromkeys(refs, "does not exist (manifest unknown)")
    )
    assert all(problem.remedy for problem in problems)
    lines = [problem.line for problem in problems]
    assert len(lines) == len(set(lines)) == 7, lines
    assert "Deployment/wrong: spec.replicaz: there is no such field" in lines
    assert "Wibble/w: cluster sandbox does not serve the kind Wibble of example.org/v1" in lines
    assert any(
        line.startswith(f"Secret/absent: there is no such Secret in {ahead.namespace}") for line in lines
    )
    assert any('ConfigMap/settings: has no key "shade"' in line for line in lines)
    assert any("ServiceAccount/nobody: there is no such" in line for line in lines)
    assert any("PersistentVolumeClaim/disk: there is no such" in line for line in lines)
    assert any("image sandbox/none:v1: does not exist (manifest unknown)" in line for line in lines)


def test_what_is_among_the_fixtures_or_the_manifests_is_not_missing(ahead: Ahead) -> None:
    web = ahead.deployment(container=secret_env("keys", "private"), serviceAccountName="runner")
    keys = ahead.obj("Secret", "keys", stringData={"private": "-"})
    assert ahead.check(web, ahead.obj("ServiceAccount", "runner"), coming=[keys]) == []
    # a fixture that is there stays as it is, so its keys are those that it has
    ahead.post("secrets", "keys", stringData={"public": "x"})
    (line,) = ahead.lines(web, ahead.obj("ServiceAccount", "runner"), coming=[keys])
    assert line.startswith('Secret/keys: has no key "private"')


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"replicas": "two"}, ".spec.replicas: expected numeric (int or float), got string"),
        ({"replicas": -1}, "spec.replicas: Invalid value"),
        ({"selector": {"matchLabels": {"app": "else"}}}, "spec.template.metadata.labels: Invalid value"),
    ],
)
def test_a_field_of_the_wrong_type_or_value_is_named(
    ahead: Ahead, change: dict[str, Any], words: str
) -> None:
    web = ahead.deployment()
    web["spec"] |= change
    lines = ahead.lines(web)
    assert len(lines) == 1 and lines[0].startswith("Deployment/web: ") and words in lines[0], lines


def test_a_field_that_cannot_be_changed_is_named_by_object_and_field(ahead: Ahead) -> None:
    ahead.apply(ahead.deployment())
    other = ahead.deployment()
    other["spec"]["selector"]["matchLabels"]["tier"] = "front"
    other["spec"]["template"]["metadata"]["labels"]["tier"] = "front"
    (problem,) = ahead.check(other)
    assert problem.line == "Deployment/web: spec.selector: cannot be changed once the object is there"
    assert "another name" in problem.remedy


def job(ahead: Ahead, image: str, *command: str) -> dict[str, Any]:
    container = {"name": "job", "image": image, "command": list(command)}
    template = {
        "metadata": {"labels": {"app": "job"}},
        "spec": {"restartPolicy": "Never", "containers": [container], "terminationGracePeriodSeconds": 1},
    }
    return ahead.obj("Job", "migrate", "batch/v1", spec={"backoffLimit": 0, "template": template})


def test_a_job_that_ended_may_change(ahead: Ahead, tiny_image: str) -> None:
    ahead.apply(job(ahead, tiny_image, "false"))
    path = f"/apis/batch/v1/namespaces/{ahead.namespace}/jobs/migrate"
    ahead.sandbox.wait(path, lambda live: live.get("status", {}).get("failed"))
    assert ahead.check(job(ahead, tiny_image, "true")) == []
    wrong = job(ahead, tiny_image, "true")
    wrong["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    assert any("restartPolicy" in line for line in ahead.lines(wrong))


def test_a_job_that_runs_may_not_change(ahead: Ahead, tiny_image: str) -> None:
    ahead.apply(job(ahead, tiny_image, "sleep", "600"))
    path = f"/apis/batch/v1/namespaces/{ahead.namespace}/jobs/migrate"
    ahead.sandbox.wait(path, lambda live: live.get("status", {}).get("active"))
    assert ahead.check(job(ahead, tiny_image, "sleep", "600")) == []
    (line,) = ahead.lines(job(ahead, tiny_image, "true"))
    assert line == "Job/migrate: of an earlier deployment still runs and cannot be changed"


def test_fields_of_another_manager_are_shown_one_by_one_unless_taken_over(ahead: Ahead) -> None:
    ahead.apply(ahead.deployment())
    path = f"/apis/apps/v1/namespaces/{ahead.namespace}/deployments/web?fieldManager=somebody"
    change = {"spec": {"replicas": 3, "minReadySeconds": 5}}
    ahead.sandbox.api("PATCH", path, change, "application/merge-patch+json")
    web = ahead.deployment()
    web["spec"]["minReadySeconds"] = 1
    assert sorted(ahead.lines(web)) == [
        'Deployment/web: spec.minReadySeconds belongs to "somebody"',
        'Deployment/web: spec.replicas belongs to "somebody"',
    ]
    assert ahead.check(web, force=True) == []


def test_replicas_that_an_autoscaler_owns_are_no_conflict(ahead: Ahead) -> None:
    ahead.apply(ahead.deployment())
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3}
    ahead.post("horizontalpodautoscalers", "web", "apis/autoscaling/v2", spec=spec)
    path = f"/apis/apps/v1/namespaces/{ahead.namespace}/deployments/web?fieldManager=scaler"
    ahead.sandbox.api("PATCH", path, {"spec": {"replicas": 3}}, "application/merge-patch+json")
    assert ahead.check(ahead.deployment()) == []


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"labels": {"appGroup": "fb-runner"}}, "belongs to another app (appGroup=fb-runner)"),
        (
            {"labels": {"appGroup": "fb-tiny", "app.kubernetes.io/managed-by": "Helm"}},
            "is managed by Helm",
        ),
        ({"annotations": {"meta.helm.sh/release-name": "old"}}, "belongs to the Helm release old"),
    ],
)
def test_what_belongs_to_somebody_else_is_refused_by_name_even_by_force(
    ahead: Ahead, metadata: dict[str, Any], words: str
) -> None:
    ahead.post("configmaps", "settings", metadata=metadata, data={"colour": "red"})
    settings = ahead.obj("ConfigMap", "settings", data={"colour": "blue"})
    for force in (False, True):
        (problem,) = ahead.check(settings, force=force)
        assert (problem.line, problem.kind) == (f"ConfigMap/settings: {words}", Kind.REFUSED)


def test_an_object_without_an_owner_is_adopted_only_when_told_to(ahead: Ahead) -> None:
    ahead.post("configmaps", "settings", data={"colour": "red"})
    settings = ahead.obj("ConfigMap", "settings", data={"colour": "blue"})
    (problem,) = ahead.check(settings)
    assert problem.kind is Kind.REFUSED and "was not made by the pipeline" in problem.sentence
    assert "--take-over" in problem.remedy
    assert ahead.check(settings, force=True) == []


def test_a_pod_and_a_cron_job_are_tried_too(ahead: Ahead, tiny_image: str) -> None:
    resources = {"limits": {"memory": "1Gi"}}
    container = {"name": "app", "image": tiny_image, "command": ["sleep", "600"], "resources": resources}
    pod = ahead.obj("Pod", "alone", spec={"containers": [container], "terminationGracePeriodSeconds": 1})
    template = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}
    tick = ahead.obj("CronJob", "tick", "batch/v1", spec={"schedule": "* * * * *", "jobTemplate": template})
    assert ahead.check(pod, tick) == []
    ahead.post("limitranges", "limits", spec={"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]})
    lines = ahead.lines(pod, tick)
    assert [line.split(":")[0] for line in lines] == ["Pod/alone", "CronJob/tick"], lines
    assert all("maximum memory usage per Container is 64Mi" in line for line in lines)


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"password": "hunter2-is-no-base64!"}},
        {"data": {"password": ["hunter2-is-no-text"]}},
        {"stringData": {"password": {"hunter2-is": "no-text"}}},
        {"stringData": {"hunter2/no key": "hunter2-value"}, "typ": "x"},
    ],
)
def test_what_is_wrong_with_a_secret_is_said_without_its_value(ahead: Ahead, fields: dict[str, Any]) -> None:
    problems = ahead.check(ahead.obj("Secret", "keys", **fields))
    assert problems and all(problem.object == "Secret/keys" for problem in problems)
    assert all("hunter2-" not in problem.line for problem in problems), problems


def test_what_is_on_its_way_out_is_not_applied_to(ahead: Ahead) -> None:
    held = {"finalizers": ["example.org/hold"], "labels": {"appGroup": "fb-tiny"}}
    ahead.post("configmaps", "settings", metadata=held, data={"colour": "red"})
    path = f"/api/v1/namespaces/{ahead.namespace}/configmaps/settings"
    ahead.sandbox.api("DELETE", path)
    try:
        assert ahead.lines(ahead.obj("ConfigMap", "settings")) == ["ConfigMap/settings: is being deleted"]
    finally:
        free = {"metadata": {"finalizers": None}}
        ahead.sandbox.api("PATCH", path, free, "application/merge-patch+json")
