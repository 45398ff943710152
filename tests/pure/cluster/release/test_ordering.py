"""In which order kinds are applied, and who decides about replicas: pure."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.release import apply, ordering, scaling

Json = dict[str, Any]
GROUPS = {
    "ServiceMonitor": "monitoring.coreos.com/v1", "ExternalSecret": "external-secrets.io/v1beta1",
    "ScaledObject": "keda.sh/v1alpha1", "Deployment": "apps/v1", "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1", "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1", "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2", "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
}  # fmt: skip


def obj(kind: str, **spec: Any) -> Json:
    return {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def test_each_kind_comes_after_what_it_needs() -> None:
    kinds = [
        "Ingress", "HorizontalPodAutoscaler", "CronJob", "Deployment", "StatefulSet", "DaemonSet", "Job",
        "ServiceMonitor", "ExternalSecret", "Service", "RoleBinding", "ConfigMap", "Secret", "Role",
        "ServiceAccount", "PersistentVolumeClaim", "NetworkPolicy", "PodDisruptionBudget",
    ]  # fmt: skip
    found = [obj(kind) for kind in kinds] + [obj("ScaledObject", scaleTargetRef={"name": "x"})]
    early, jobs, rest = ordering.phases(found)
    assert [sorted(each["kind"] for each in row) for row in ordering.rows(early)] == [
        [
            "ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "PodDisruptionBudget", "Role", "Secret",
            "ServiceAccount",
        ],
        ["RoleBinding", "Service"],
        ["ExternalSecret", "ServiceMonitor"],
    ]  # fmt: skip
    assert [each["kind"] for each in jobs] == ["Job"]
    assert [sorted(each["kind"] for each in row) for row in ordering.rows(rest)] == [
        ["DaemonSet", "Deployment", "StatefulSet"],
        ["CronJob", "HorizontalPodAutoscaler", "Ingress", "ScaledObject"],
    ]


def test_a_custom_kind_with_a_built_in_name_is_custom() -> None:
    theirs = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "x"}}
    assert ordering.rank(theirs) > ordering.rank(obj("Service"))


def test_no_object_is_lost_or_doubled() -> None:
    found = [
        {"kind": kind, "metadata": {"name": str(place)}} for place, kind in enumerate(["X", "Job", "Pod"] * 3)
    ]
    assert sorted(each["metadata"]["name"] for phase in ordering.phases(found) for each in phase) == [
        str(place) for place in range(9)
    ]


def live(replicas: int, *managers: str) -> Json:
    entries = [{"manager": each, "fieldsV1": {"f:spec": {"f:replicas": {}}}} for each in managers]
    return {"spec": {"replicas": replicas}, "metadata": {"managedFields": entries}}


OURS = "form-builder-pipeline"


@pytest.mark.parametrize(
    ("there", "applied"),
    [
        (None, 2),
        (live(5, "kube-controller-manager"), None),
        (live(5, OURS, "kube-controller-manager"), None),
        (live(5, OURS), 5),  # to drop what only we own would reset it
        (live(5), None),
    ],
)
def test_what_is_said_of_replicas_that_an_autoscaler_owns(there: Json | None, applied: int | None) -> None:
    wanted = obj("Deployment", replicas=2)
    assert scaling.without_replicas(wanted, there)["spec"].get("replicas") == applied
    assert wanted["spec"]["replicas"] == 2


def test_replicas_that_the_templates_left_to_the_autoscaler_are_not_reset() -> None:
    assert scaling.without_replicas(obj("StatefulSet"), live(4, OURS))["spec"] == {"replicas": 4}


SCALER = (
    'conflict with "kube-controller-manager" with subresource "scale" using apps/v1 at 2026-11-20T10:00:00Z'
)


@pytest.mark.parametrize(
    ("causes", "left"),
    [
        ([(".spec.replicas", SCALER)], True),
        ([], False),
        ([(".spec.replicas", 'conflict with "kubectl" with subresource "scale" using apps/v1')], False),
        ([(".spec.replicas", SCALER), (".spec.paused", 'conflict with "kubectl-edit" using apps/v1')], False),
        ([(".spec.paused", SCALER)], False),
    ],
)
def test_only_what_an_autoscaler_left_behind_is_taken_over_unasked(
    causes: list[tuple[str, str]], left: bool
) -> None:
    assert scaling.left_behind([{"field": field, "message": said} for field, said in causes]) is left


@pytest.mark.parametrize(
    ("field", "said", "sentence"),
    [
        (
            '.spec.template.spec.containers[name="api"].image', 'conflict with "kubectl-edit" using apps/v1',
            'spec.template.spec.containers[name="api"].image belongs to "kubectl-edit"',
        ),
        (
            ".spec.replicas", 'conflict with "kubectl" with subresource "scale" using apps/v1 at 2026-11-20',
            'spec.replicas belongs to "kubectl"',
        ),
        (".data.a", "somebody", 'data.a belongs to "somebody"'),
    ],
)  # fmt: skip
def test_a_conflict_is_a_sentence(field: str, said: str, sentence: str) -> None:
    assert apply.conflict({"field": field, "message": said}) == sentence


def test_a_pod_that_ends_goes_with_the_jobs_and_one_that_stays_with_the_workloads() -> None:
    def pod(policy: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": policy},
            "spec": {"restartPolicy": policy},
        }

    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}}
    early, jobs, rest = ordering.phases([pod("Always"), pod("OnFailure"), job, pod("Never")])
    assert early == [] and {each["metadata"]["name"] for each in jobs} == {"OnFailure", "job", "Never"}
    assert [each["metadata"]["name"] for each in rest] == ["Always"]
    other = {"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "theirs"}}
    assert ordering.runs_once(job) and not ordering.runs_once(other)
