"""Validation: the problems that the real API server finds, in its words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given

from sandbox.api.defaults.objects import default
from sandbox.api.types import schema
from sandbox.api.validation.objects import type_error, unknown_fields, validate
from tests.pure.sandbox.api.validation.validating import CLAIM, RBAC, TEMPLATE, WEB, Object, of_kind, problems
from tests.pure.sandbox.objects import DEPLOYMENT, JOB, POD, SAMPLES, SERVICE, changed, mutilated, unhurried


def without(obj: Object, *path: Any) -> Object:
    result = copy.deepcopy(obj)
    parent: Any = result
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return result


@pytest.mark.parametrize("obj", SAMPLES, ids=lambda obj: obj["kind"])
def test_a_valid_object_has_no_problems(obj: Object) -> None:
    assert problems(obj) == []
    assert problems(obj, obj) == []


SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


DNS_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character (e.g. "
    "'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character "
    "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


MISMATCH = (
    'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not '
    "match template `labels`"
)


# Name of the case: object, what the server says.
INVALID: dict[str, tuple[Object, list[str]]] = {
    "no name": (
        changed(POD, "metadata", value={}),
        ["metadata.name: Required value: name or generateName is required"],
    ),
    "name": (
        changed(POD, "metadata", "name", value="Web_1"),
        [f'metadata.name: Invalid value: "Web_1": {SUBDOMAIN}'],
    ),
    "name of a Service": (
        changed(SERVICE, "metadata", "name", value="1web"),
        [f'metadata.name: Invalid value: "1web": {DNS_1035}'],
    ),
    "label": (
        changed(POD, "metadata", "labels", value={"app": "-x"}),
        [f'metadata.labels: Invalid value: "-x": {LABEL_VALUE}'],
    ),
    "owner": (
        changed(POD, "metadata", "ownerReferences", value=[{"apiVersion": "v1", "kind": "Pod", "name": "x"}]),
        ['metadata.ownerReferences[0].uid: Invalid value: "": must not be empty'],
    ),
    "annotations beyond 256 KiB": (
        changed(POD, "metadata", "annotations", value={"a": "x" * 262_144}),
        ["metadata.annotations: Too long: may not be more than 262144 bytes"],
    ),
    "no containers": (changed(POD, "spec", "containers", value=[]), ["spec.containers: Required value"]),
    "no image": (
        without(DEPLOYMENT, *WEB, "image"),
        ["spec.template.spec.containers[0].image: Required value"],
    ),
    "two containers of one name": (
        changed(DEPLOYMENT, *TEMPLATE, "containers", 1, "name", value="web"),
        ['spec.template.spec.containers[1].name: Duplicate value: "web"'],
    ),
    "port": (
        changed(DEPLOYMENT, *WEB, "ports", value=[{"containerPort": 70000}]),
        [
            "spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: "
            "must be between 1 and 65535, inclusive"
        ],
    ),
    "volume that is not there": (
        without(DEPLOYMENT, *TEMPLATE, "volumes"),
        ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ),
    "two sources of a variable": (
        changed(
            DEPLOYMENT,
            *WEB,
            "env",
            value=[{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
        ),
        [
            'spec.template.spec.containers[0].env[0].valueFrom: Invalid value: "": '
            "may not be specified when `value` is not empty"
        ],
    ),
    "request above the limit": (
        changed(DEPLOYMENT, *WEB, "resources", "requests", value={"cpu": "1"}),
        [
            'spec.template.spec.containers[0].resources.requests: Invalid value: "1": '
            "must be less than or equal to cpu limit of 500m"
        ],
    ),
    "probe without a handler": (
        changed(DEPLOYMENT, *WEB, "livenessProbe", value={"periodSeconds": 5}),
        ["spec.template.spec.containers[0].livenessProbe: Required value: must specify a handler type"],
    ),
    "probe with two handlers": (
        changed(
            DEPLOYMENT, *WEB, "livenessProbe", value={"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}}
        ),
        [
            "spec.template.spec.containers[0].livenessProbe.tcpSocket: Forbidden: "
            "may not specify more than 1 handler type"
        ],
    ),
    "liveness needs one success": (
        changed(DEPLOYMENT, *WEB, "livenessProbe", value={"tcpSocket": {"port": 1}, "successThreshold": 2}),
        ["spec.template.spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ),
    "restart policy of a Deployment": (
        changed(DEPLOYMENT, *TEMPLATE, "restartPolicy", value="Never"),
        ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ),
    "restart policy of a Job": (
        changed(JOB, *TEMPLATE, "restartPolicy", value="Always"),
        [
            'spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: '
            '"OnFailure", "Never"'
        ],
    ),
    "no selector": (without(DEPLOYMENT, "spec", "selector"), ["spec.selector: Required value"]),
    "empty selector": (
        changed(DEPLOYMENT, "spec", "selector", value={}),
        ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    ),
    "selector that misses": (
        changed(DEPLOYMENT, "spec", "template", "metadata", "labels", value={"app": "other"}),
        [MISMATCH],
    ),
    "replicas": (
        changed(DEPLOYMENT, "spec", "replicas", value=-1),
        ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
    ),
    "no room to roll": (
        changed(
            DEPLOYMENT, "spec", "strategy", "rollingUpdate", value={"maxSurge": 0, "maxUnavailable": "0%"}
        ),
        [
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": '
            "may not be 0 when `maxSurge` is 0"
        ],
    ),
    "recreate with a rolling update": (
        changed(DEPLOYMENT, "spec", "strategy", "type", value="Recreate"),
        ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ),
    "progress deadline": (
        changed(DEPLOYMENT, "spec", "minReadySeconds", value=600),
        ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
    ),
    "Service without ports": (changed(SERVICE, "spec", "ports", value=[]), ["spec.ports: Required value"]),
    "ports without names": (
        changed(SERVICE, "spec", "ports", value=[{"port": 1}, {"port": 2}]),
        ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
    ),
    "the same port twice": (
        changed(SERVICE, "spec", "ports", value=[{"name": "a", "port": 1}, {"name": "b", "port": 1}]),
        ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":1}'],
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_object(case: str) -> None:
    obj, expected = INVALID[case]
    assert problems(obj) == expected


OTHERS: dict[str, tuple[Object, list[str]]] = {
    "claim without a size": (
        changed(CLAIM, "spec", "resources", value={}),
        ["spec.resources[storage]: Required value"],
    ),
    "key of a ConfigMap": (
        of_kind("ConfigMap", data={"a/b": "x"}),
        [
            'data[a/b]: Invalid value: "a/b": a valid config key must consist of alphanumeric '
            "characters, '-', '_' or '.' "
            "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
            "'[-._a-zA-Z0-9]+')"
        ],
    ),
    "Secret beyond 1 MiB": (
        of_kind("Secret", data={"a": "QUFB" * 400_000}),
        ["data: Too long: may not be more than 1048576 bytes"],
    ),
    "TLS Secret without its key": (
        of_kind("Secret", type="kubernetes.io/tls", data={"tls.crt": ""}),
        ["data[tls.key]: Required value"],
    ),
    "role without verbs": (
        of_kind("Role", RBAC, rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": []}]),
        ["rules[0].verbs: Required value: verbs must contain at least one value"],
    ),
    "binding to no role": (
        of_kind("RoleBinding", RBAC, roleRef={"kind": "Role", "name": ""}, subjects=[]),
        ["roleRef.name: Required value"],
    ),
    "autoscaler": (
        of_kind(
            "HorizontalPodAutoscaler",
            "autoscaling/v2",
            spec={"minReplicas": 3, "maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "x"}},
        ),
        ["spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"],
    ),
    "schedule": (
        of_kind("CronJob", "batch/v1", spec={"schedule": "* *", "jobTemplate": {"spec": JOB["spec"]}}),
        ['spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]'],
    ),
    "disruption budget": (
        of_kind("PodDisruptionBudget", "policy/v1", spec={"minAvailable": 1, "maxUnavailable": 1}),
        ["spec: Invalid value: {}: minAvailable and maxUnavailable cannot be both set"],
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_an_invalid_object_of_another_kind(case: str) -> None:
    obj, expected = OTHERS[case]
    assert problems(obj) == expected


@unhurried
@given(mutilated(keep=()))
def test_validation_never_fails_itself(obj: Object) -> None:
    tidy = default(obj)
    for cause in [*validate(tidy), *validate(tidy, default(DEPLOYMENT)), *validate(default(JOB), tidy)]:
        assert cause.reason.startswith("FieldValue")
        assert cause.message
    unknown_fields(obj, schema.of(obj))
    type_error(obj)
