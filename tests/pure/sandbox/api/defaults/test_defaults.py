"""Defaults as pkg/apis/*/v1/defaults.go of Kubernetes has them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given

from sandbox.api.defaults.objects import default
from sandbox.api.defaults.pods import pull_policy
from sandbox.api.types.canonical import quantity
from tests.pure.sandbox.objects import DEPLOYMENT, JOB, POD, SAMPLES, SERVICE, changed, mutilated, unhurried

Object = dict[str, Any]


def made(kind: str, spec: Object | None = None, version: str = "v1", **rest: Any) -> Object:
    obj = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **rest}
    return default(obj if spec is None else {**obj, "spec": spec})


def test_a_deployment() -> None:
    spec = default(DEPLOYMENT)["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"},
    }
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"], spec["replicas"]) == (10, 600, 3)
    assert default({**DEPLOYMENT, "spec": {}})["spec"]["replicas"] == 1


def test_a_recreated_deployment_has_no_rolling_update() -> None:
    strategy = default(changed(DEPLOYMENT, "spec", "strategy", value={"type": "Recreate"}))["spec"][
        "strategy"
    ]
    assert strategy == {"type": "Recreate"}


def test_a_pod_template() -> None:
    spec = default(DEPLOYMENT)["spec"]["template"]["spec"]
    rest = {key: value for key, value in spec.items() if key not in ("containers", "volumes")}
    assert rest == {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "terminationGracePeriodSeconds": 30,
        "schedulerName": "default-scheduler",
        "securityContext": {},
    }
    assert spec["containers"][1] == {
        "name": "helper",
        "image": "busybox:1",
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    web = spec["containers"][0]
    assert web["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert web["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert "requests" not in web["resources"]


def test_only_a_pod_gets_requests_from_limits() -> None:
    pod = default(POD)["spec"]
    assert pod["containers"][0]["resources"]["requests"] == {"cpu": "500m", "memory": "128Mi"}
    assert pod["enableServiceLinks"] is True


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("sandbox/web@sha256:" + "0" * 64, "IfNotPresent"),
        ("nginx:latest@sha256:" + "0" * 64, "Always"),
        (None, "IfNotPresent"),
    ],
)
def test_the_pull_policy_comes_from_the_tag(image: Any, policy: str) -> None:
    assert pull_policy(image) == policy


VOLUMES: list[tuple[Object, Object]] = [
    ({}, {"emptyDir": {}}),
    ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
    ({"configMap": {"name": "c", "defaultMode": 0}}, {"configMap": {"name": "c", "defaultMode": 0}}),
    ({"hostPath": {"path": "/x"}}, {"hostPath": {"path": "/x", "type": ""}}),
    (
        {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        {
            "projected": {
                "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                "defaultMode": 420,
            }
        },
    ),
]


@pytest.mark.parametrize(("given_", "expected"), VOLUMES)
def test_volumes(given_: Object, expected: Object) -> None:
    spec = changed(POD, "spec", "volumes", value=[{"name": "v", **given_}])
    assert default(spec)["spec"]["volumes"] == [{"name": "v", **expected}]


def test_a_job() -> None:
    spec = default(JOB)["spec"]
    assert {
        key: spec[key] for key in ("completions", "parallelism", "backoffLimit", "completionMode", "suspend")
    } == {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
    }
    queue = default(changed(JOB, "spec", "parallelism", value=3))["spec"]
    assert queue["parallelism"] == 3
    assert "completions" not in queue


def test_a_service() -> None:
    spec = default(SERVICE)["spec"]
    assert spec["ports"] == [{"port": 80, "targetPort": 3000, "protocol": "TCP"}]
    assert (spec["type"], spec["sessionAffinity"], spec["internalTrafficPolicy"]) == (
        "ClusterIP",
        "None",
        "Cluster",
    )
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    plain = default(changed(SERVICE, "spec", "ports", value=[{"port": 8080}]))
    assert plain["spec"]["ports"][0]["targetPort"] == 8080
    outside = made("Service", {"type": "ExternalName", "externalName": "example.com"})["spec"]
    assert "ipFamilies" not in outside


def test_the_others() -> None:
    assert made("Namespace")["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert made("Secret")["type"] == "Opaque"
    assert made("PersistentVolumeClaim", {})["spec"] == {"volumeMode": "Filesystem"}
    cron_job = made("CronJob", {"schedule": "@daily"}, "batch/v1")["spec"]
    assert cron_job.pop("jobTemplate")["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
    assert cron_job == {
        "schedule": "@daily",
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    assert made("StatefulSet", {}, "apps/v1")["spec"]["updateStrategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"partition": 0},
    }
    assert made("NetworkPolicy", {"podSelector": {}}, "networking.k8s.io/v1")["spec"]["policyTypes"] == [
        "Ingress"
    ]
    binding = made(
        "RoleBinding",
        version="rbac.authorization.k8s.io/v1",
        roleRef={"kind": "Role", "name": "r"},
        subjects=[{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}],
    )
    assert binding["roleRef"]["apiGroup"] == binding["subjects"][0]["apiGroup"] == "rbac.authorization.k8s.io"
    assert "apiGroup" not in binding["subjects"][1]


def test_nulls_and_empty_lists_are_not_kept_but_empty_objects_are() -> None:
    messy = copy.deepcopy(POD)
    messy["metadata"] |= {"creationTimestamp": None, "annotations": {}}
    messy["spec"]["containers"][0] |= {"env": [], "args": None}
    tidy = default(messy)
    assert tidy["metadata"] == POD["metadata"]
    assert tidy["spec"]["containers"][0].keys().isdisjoint(("env", "args"))
    assert tidy["spec"]["volumes"][0]["emptyDir"] == {}


def test_a_null_in_a_map_is_an_empty_value() -> None:
    """As Go's decoder has it: `FOO:` in a ConfigMap's YAML is "FOO": ""."""
    assert made("ConfigMap", data={"FOO": None})["data"] == {"FOO": ""}


def test_a_custom_resource_keeps_what_it_was_sent() -> None:
    spec: Object = {"endpoints": [], "selector": None, "deep": {"a": [None, {}]}}
    assert made("ServiceMonitor", spec, "monitoring.coreos.com/v1")["spec"] == spec


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        (0.5, "500m"),
        ("0.5", "500m"),
        ("1000m", "1"),
        (2, "2"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("100M", "100M"),
        ("1e3", "1e3"),
        ("0", "0"),
        ("lots", "lots"),
        (True, True),
    ],
)
def test_quantities_have_one_spelling(spelled: Any, canonical: Any) -> None:
    assert quantity(spelled) == canonical


@pytest.mark.parametrize("obj", SAMPLES, ids=lambda obj: obj["kind"])
def test_defaults_have_nothing_to_add_to_themselves(obj: Object) -> None:
    before = copy.deepcopy(obj)
    once = default(obj)
    assert default(once) == once
    assert obj == before


@unhurried
@given(mutilated(keep=()))
def test_defaults_take_whatever_comes(obj: Object) -> None:
    before = copy.deepcopy(obj)
    once = default(obj)
    assert default(once) == once
    assert obj == before
