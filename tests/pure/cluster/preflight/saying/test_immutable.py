"""What cannot be changed: a remedy of its own for each kind, and none that is not known to work."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight.saying import immutable, refusals

Json = dict[str, Any]
GROUPS = {"StatefulSet": "apps/v1", "Deployment": "apps/v1", "RoleBinding": "rbac.authorization.k8s.io/v1"}


@pytest.mark.parametrize(
    ("kind", "field", "said", "remedy"),
    [
        ("Deployment", "spec.selector", "Invalid value: ...: field is immutable", "another name"),
        (
            "StatefulSet",
            "spec",
            "Forbidden: updates to statefulset spec for fields other than 'replicas' ...",
            "kubectl delete statefulset x -n ns --cascade=orphan",
        ),
        (
            "PersistentVolumeClaim",
            "spec",
            "Forbidden: spec is immutable after creation except ...",
            "move the data",
        ),
        (
            "Service",
            "spec.clusterIPs[0]",
            'Invalid value: ["None"]: may not change once set',
            "kubectl delete service x -n ns",
        ),
        ("RoleBinding", "roleRef", "Invalid value: ...: cannot change roleRef", "another name"),
        ("Secret", "type", "Invalid value: ...: field is immutable", "another name"),
        ("ConfigMap", "data", "Forbidden: field is immutable when `immutable` is set", "those that use it"),
        (
            "Pod",
            "spec",
            "Forbidden: pod updates may not change fields other than `image`",
            "kubectl delete pod x -n ns",
        ),
    ],
)
def test_the_real_ones_words_and_what_to_do(kind: str, field: str, said: str, remedy: str) -> None:
    body = {"message": "", "details": {"causes": [{"field": field, "message": said}]}}
    (found,) = refusals.problems(ApiError("", status=422, word="", body=body), f"{kind}/x")
    obj = {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": {"name": "x", "namespace": "ns"}}
    named = immutable.named(found, {**obj, "spec": {}}, {})
    assert named.sentence == f"{field}: cannot be changed once the object is there"
    assert remedy in named.remedy


def test_other_problems_stay_as_they_are() -> None:
    other = refusals.Problem("Deployment/x", "spec.replicas: must be positive", "correct the manifest")
    assert immutable.named(other, {"kind": "Deployment"}, {}) == other


def test_of_a_stateful_set_the_fields_that_differ_are_named_and_not_what_the_server_filled_in() -> None:
    found = refusals.Problem("StatefulSet/x", f"spec: {refusals.FIXED}", "")
    claim = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    live = {"serviceName": "a", "volumeClaimTemplates": [{**claim, "status": {"phase": "Pending"}}]}
    wanted: Json = {"serviceName": "b", "replicas": 3, "volumeClaimTemplates": [claim]}
    obj = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "x"}, "spec": wanted}
    assert immutable.named(found, obj, {"spec": live}).sentence.startswith("spec.serviceName: ")
