"""Applying in the real sandbox: kinds, conflicts, accounts, restarts, and what is said half-way."""

from __future__ import annotations

import copy

import pytest
from toolkit.base.outcome import Failed, Misused
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.release import ordering
from toolkit.cluster.release.apply import apply, restart

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform
from tests.sandbox.templates import MERGE, Json, config, path_of, settled, workload


def test_conflicts_are_told_for_all_objects_and_after_the_first_nothing_more_is_written(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    found = [
        config(namespace, "a", word="1"),
        config(namespace, "b", word="1"),
        workload("Deployment", namespace),
    ]
    apply(connection, found)
    other = "?fieldManager=somebody"
    sandbox.api(
        "PATCH", f"/api/v1/namespaces/{namespace}/configmaps/a{other}", {"data": {"word": "2"}}, MERGE
    )
    theirs = [{"name": "app", "image": "y"}]
    spec = {"template": {"spec": {"containers": theirs}}}
    sandbox.api("PATCH", f"{path_of('Deployment', namespace)}{other}", {"spec": spec}, MERGE)
    changed = copy.deepcopy(found)
    changed[1]["data"]["word"] = "3"
    changed[2]["spec"]["replicas"] = 3
    with pytest.raises(Failed) as refused:
        apply(connection, changed)
    assert refused.value.evidence[:2] == (
        'ConfigMap/a: data.word belongs to "somebody"',
        'Deployment/app: spec.template.spec.containers[name="app"].image belongs to "somebody"',
    )
    assert "2 field(s) belong to another manager" in refused.value.reason
    assert refused.value.evidence[2] == "1 object(s) were applied before: ConfigMap/b"
    assert "make deploy APP=tiny ENV=one TAKE_OVER=1" in refused.value.remedy
    assert sandbox.api("GET", path_of("Deployment", namespace))["spec"]["replicas"] == 1
    apply(connection, changed, force=True)
    live = sandbox.api("GET", path_of("Deployment", namespace))["spec"]
    assert (live["replicas"], live["template"]["spec"]["containers"][0]["image"]) == (3, "x")


def test_a_failure_half_way_says_what_was_applied_already(namespace: str, connection: Connection) -> None:
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": namespace},
        "spec": {"ports": [{"port": 99999}]},
    }  # fmt: skip
    found = [config(namespace, "a"), config(namespace, "b"), service, workload("Deployment", namespace)]
    with pytest.raises(ApiError) as refused:
        apply(connection, found, before=[config(namespace, "earlier")])
    assert "99999" in refused.value.reason and "Service/s" in refused.value.reason
    before = "3 object(s) were applied before: ConfigMap/earlier, ConfigMap/a, ConfigMap/b"
    assert refused.value.evidence == (before,)
    assert connection.find(path_of("Deployment", namespace)) is None


def test_kinds_that_are_not_served_are_named_before_anything_is_applied(
    namespace: str, connection: Connection
) -> None:
    def custom(version: str, kind: str) -> Json:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": namespace}}

    served = [config(namespace, "a"), custom("monitoring.coreos.com/v1", "ServiceMonitor")]
    ordering.check_kinds(connection, served)
    unknown = [custom("example.com/v1", "Widget"), custom("batch/v1beta1", "CronJob"), custom("v1", "Gadget")]
    with pytest.raises(Misused) as refused:
        ordering.check_kinds(connection, [*served, *unknown])
    assert refused.value.evidence == (
        "Widget/x: the kind Widget of example.com/v1 is not served",
        "CronJob/x: the kind CronJob of batch/v1beta1 is not served",
        "Gadget/x: the kind Gadget of v1 is not served",
    )


def test_an_unknown_kind_is_misused_and_nothing_was_applied(platform: Platform, sandbox: Sandbox) -> None:
    extra = "---\napiVersion: example.com/v1\nkind: Widget\nmetadata: { name: x }\n"
    template = platform.folder / "tiny" / "deploy" / "app.yaml"
    template.write_text(platform.template() + extra)
    ended = platform.run("deploy", "--app", "tiny", "--env", platform.one, "--no-preflight")
    assert ended.code != 0 and "the kind Widget of example.com/v1 is not served" in ended.last
    assert sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/services")["items"] == []


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_a_service_account_that_left_the_templates_is_given_up(
    kind: str, sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    plain = workload(kind, namespace, replicas=0)
    with_account = copy.deepcopy(plain)
    with_account["spec"]["template"]["spec"]["serviceAccountName"] = "special"
    apply(connection, [with_account])
    [made] = apply(connection, [plain])
    assert made["spec"]["template"]["spec"]["serviceAccountName"] == "default"
    [again] = apply(connection, [plain])
    assert again["spec"] == made["spec"]
    before = settled(sandbox, kind, namespace)  # its controller writes what it saw: that is no change of ours
    assert apply(connection, [plain]) == [before]
    assert sandbox.api("GET", path_of(kind, namespace)) == before
    spec = {"template": {"spec": {"serviceAccountName": "by-hand", "serviceAccount": "by-hand"}}}
    sandbox.api("PATCH", f"{path_of(kind, namespace)}?fieldManager=kubectl", {"spec": spec}, MERGE)
    [theirs] = apply(connection, [plain])
    assert theirs["spec"]["template"]["spec"]["serviceAccountName"] == "by-hand", "not ours to say"


def pods(sandbox: Sandbox, space: str) -> set[str]:
    found = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/pods")["items"]
    return {each["metadata"]["uid"] for each in found if "deletionTimestamp" not in each["metadata"]}


def test_a_restart_makes_the_pods_anew_and_the_next_deployment_leaves_them_alone(
    platform: Platform, sandbox: Sandbox
) -> None:
    platform.manifest(replicas=2)
    assert platform.deploy().code == 0
    first = pods(sandbox, platform.one)
    again = platform.deploy(RESTART="1")
    assert again.code == 0, again.output
    assert "is rolled out" in again.last
    second = pods(sandbox, platform.one)
    assert len(second) == 2 and not first & second
    path = f"/apis/apps/v1/namespaces/ns-{platform.one}/deployments/fb-tiny-app-{platform.one}"
    live = sandbox.api("GET", path)
    at = live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"]
    assert at.startswith("20") and at.endswith("+00:00")
    assert "form-builder-pipeline-restart" in {each["manager"] for each in live["metadata"]["managedFields"]}
    third = platform.deploy()
    assert third.code == 0, third.output
    assert "already runs" in third.last
    assert pods(sandbox, platform.one) == second
    annotations = sandbox.api("GET", path)["spec"]["template"]["metadata"]["annotations"]
    assert annotations["kubectl.kubernetes.io/restartedAt"] == at


def test_only_what_has_pods_is_restarted_and_only_the_object_that_was_applied(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    [created] = apply(connection, [workload("StatefulSet", namespace)])
    settings = apply(connection, [config(namespace, "a")])
    assert restart(connection, [created, *settings]) == [created, *settings], "there are no pods yet"
    [changed] = apply(connection, [workload("StatefulSet", namespace, replicas=2)])
    once, again = (restart(connection, [changed])[0] for _ in range(2))
    assert once["metadata"]["generation"] == changed["metadata"]["generation"] + 1
    assert again["metadata"]["generation"] == once["metadata"]["generation"] + 1, "twice in one second"
    sandbox.api("DELETE", path_of("StatefulSet", namespace))
    apply(connection, [workload("StatefulSet", namespace)])
    with pytest.raises(ApiError):
        restart(connection, [changed])
    template = sandbox.api("GET", path_of("StatefulSet", namespace))["spec"]["template"]
    assert "annotations" not in template["metadata"]


CONTROLLER = """
apiVersion: v1
kind: ReplicationController
metadata: { name: "{{ service }}" }
spec:
  replicas: 1
  selector: { app: tiny }
  template:
    metadata: { labels: { app: tiny } }
    spec: { containers: [{ name: app, image: "{{ images.app }}" }] }
"""


def test_a_kind_whose_controller_is_away_times_out_and_says_so(platform: Platform) -> None:
    platform.configure(deadline="3s")
    (platform.folder / "tiny" / "deploy" / "app.yaml").write_text(CONTROLLER)
    ended = platform.deploy(PREFLIGHT="0")  # which would refuse it: the sandbox has no such controller
    assert ended.code == 4, ended.output
    assert "waits for the ReplicationController controller" in ended.last


MIGRATION = """
apiVersion: batch/v1
kind: Job
metadata: { name: migrate }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: "{{ images.app }}"
          env:
            - { name: EXIT_CODE, valueFrom: { configMapKeyRef: { name: weather, key: code } } }
"""


def test_a_migration_that_failed_is_tried_again_by_the_same_deployment(
    platform: Platform, sandbox: Sandbox
) -> None:
    space = f"ns-{platform.one}"
    sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    maps = f"/api/v1/namespaces/{space}/configmaps"
    sandbox.api("POST", maps, {"metadata": {"name": "weather"}, "data": {"code": "7"}})
    (platform.folder / "tiny" / "deploy" / "migrate.yaml").write_text(MIGRATION)
    assert platform.deploy().code == 1
    sandbox.api("PATCH", f"{maps}/weather", {"data": {"code": "0"}}, MERGE)
    mended = platform.deploy()
    assert mended.code == 0, mended.output
