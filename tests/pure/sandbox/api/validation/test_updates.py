"""Validation of updates: what may change and what may not."""

from __future__ import annotations

import pytest

from tests.pure.sandbox.api.validation.validating import CLAIM, RBAC, TEMPLATE, WEB, Object, of_kind, problems
from tests.pure.sandbox.objects import DEPLOYMENT, JOB, POD, SERVICE, changed

IMMUTABLE: dict[str, tuple[Object, Object, str]] = {
    "selector": (
        DEPLOYMENT,
        changed(
            changed(DEPLOYMENT, "spec", "selector", value={"matchLabels": {"app": "x"}}),
            *("spec", "template", "metadata", "labels"),
            value={"app": "x"},
        ),
        'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
    ),
    "Job template": (
        JOB,
        changed(JOB, *TEMPLATE, "containers", 0, "image", value="m:2"),
        "spec.template: Invalid value",
    ),
    "completions": (JOB, changed(JOB, "spec", "completions", value=2), "spec.completions: Invalid value: 2"),
    "pod": (
        POD,
        changed(POD, "spec", "containers", 0, "args", value=["x"]),
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
    ),
    "node of a pod": (
        changed(POD, "spec", "nodeName", value="a"),
        changed(POD, "spec", "nodeName", value="b"),
        "spec: Forbidden: pod updates may not change fields",
    ),
    "cluster IP": (
        changed(SERVICE, "spec", "clusterIP", value="127.3.128.1"),
        changed(SERVICE, "spec", "clusterIP", value="127.3.128.2"),
        'spec.clusterIPs[0]: Invalid value: ["127.3.128.2"]: may not change once set',
    ),
    "immutable Secret": (
        of_kind("Secret", immutable=True, data={"a": "QQ=="}),
        of_kind("Secret", immutable=True, data={"a": "Qg=="}),
        "data: Forbidden: field is immutable when `immutable` is set",
    ),
    "immutable ConfigMap made mutable": (
        of_kind("ConfigMap", immutable=True),
        of_kind("ConfigMap"),
        "immutable: Forbidden: field is immutable when `immutable` is set",
    ),
    "type of a Secret": (
        of_kind("Secret"),
        of_kind("Secret", type="other"),
        'type: Invalid value: "other": field is immutable',
    ),
    "role of a binding": (
        of_kind("RoleBinding", RBAC, roleRef={"kind": "Role", "name": "a"}),
        of_kind("RoleBinding", RBAC, roleRef={"kind": "Role", "name": "b"}),
        "roleRef: Invalid value",
    ),
    "spec of a claim": (
        CLAIM,
        changed(CLAIM, "spec", "accessModes", value=["ReadOnlyMany"]),
        "spec: Forbidden: spec is immutable after creation",
    ),
    "finalizers of what is going away": (
        changed(POD, "metadata", "deletionTimestamp", value="2024-01-01T00:00:00Z"),
        changed(
            POD,
            "metadata",
            value={**POD["metadata"], "finalizers": ["a/b"], "deletionTimestamp": "2024-01-01T00:00:00Z"},
        ),
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted",
    ),
}


@pytest.mark.parametrize("case", IMMUTABLE)
def test_what_may_not_change(case: str) -> None:
    old, new, expected = IMMUTABLE[case]
    (problem,) = problems(new, old)
    assert problem.startswith(expected)


MUTABLE: dict[str, tuple[Object, Object]] = {
    "image of a pod": (POD, changed(POD, "spec", "containers", 0, "image", value="nginx:2")),
    "a pod gets its node": (POD, changed(POD, "spec", "nodeName", value="sandbox")),
    "replicas": (DEPLOYMENT, changed(DEPLOYMENT, "spec", "replicas", value=0)),
    "template of a Deployment": (DEPLOYMENT, changed(DEPLOYMENT, *WEB, "image", value="nginx:2")),
    "a claim gets its volume": (CLAIM, changed(CLAIM, "spec", "volumeName", value="v")),
    "labels of a suspended Job": (
        changed(JOB, "spec", "suspend", value=True),
        changed(
            changed(JOB, "spec", "suspend", value=True),
            "spec",
            "template",
            "spec",
            "nodeSelector",
            value={"a": "b"},
        ),
    ),
}


@pytest.mark.parametrize("case", MUTABLE)
def test_what_may_change(case: str) -> None:
    old, new = MUTABLE[case]
    assert problems(new, old) == []
