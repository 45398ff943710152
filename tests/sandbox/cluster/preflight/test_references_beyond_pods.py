"""References beyond pods against the real API: met by the manifests, met by what is there, met by nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.cluster.preflight.ahead import Ahead
from tests.sandbox.local import Sandbox

Json = dict[str, Any]


@pytest.fixture
def ahead(sandbox: Sandbox, namespace: str, tmp_path: Path) -> Ahead:
    return Ahead(sandbox, namespace, tmp_path)


def service(ahead: Ahead, name: str = "web", port: int = 80, **selector: str) -> Json:
    selector = selector or {"app": "web"}
    return ahead.obj("Service", name, spec={"selector": selector, "ports": [{"port": port}]})


def ingress(ahead: Ahead, port: int = 80) -> Json:
    backend = {"service": {"name": "web", "port": {"number": port}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return ahead.obj("Ingress", "way", "networking.k8s.io/v1", spec={"rules": [{"http": {"paths": paths}}]})


def scaler(ahead: Ahead) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3}
    return ahead.obj("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec=spec)


def claim(ahead: Ahead, **spec: Any) -> Json:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    return ahead.obj("PersistentVolumeClaim", "disk", spec={**asked, **spec})


def certain(ahead: Ahead, *found: Json) -> list[str]:
    return [problem.line for problem in ahead.check(*found) if problem.is_certain]


def test_an_ingress_leads_to_a_service_and_its_port(ahead: Ahead) -> None:
    web = ahead.deployment()
    assert certain(ahead, ingress(ahead), service(ahead), web) == []
    (line,) = certain(ahead, ingress(ahead), web)
    assert line.startswith("Service/web: there is no such Service in ") and "Ingress/way (/) needs it" in line
    (line,) = certain(ahead, ingress(ahead, 8080), service(ahead), web)
    assert line.startswith('Service/web: has no port "8080" in ')
    ahead.post("services", "web", spec={"ports": [{"port": 8080}]})
    assert certain(ahead, ingress(ahead, 8080), web) == []


def test_an_autoscaler_scales_something(ahead: Ahead) -> None:
    assert certain(ahead, scaler(ahead), ahead.deployment()) == []
    (line,) = certain(ahead, scaler(ahead), ahead.deployment("other"))
    assert line.startswith("Deployment/web: there is no such Deployment in ")
    ahead.apply(ahead.deployment(replicas=0))
    assert certain(ahead, scaler(ahead), ahead.deployment("other")) == []


def test_a_claim_has_a_class_or_volumes_that_carry_its_name(ahead: Ahead) -> None:
    name = f"by-hand-{ahead.namespace}"
    assert certain(ahead, claim(ahead), claim(ahead, storageClassName="")) == []
    (line,) = certain(ahead, claim(ahead, storageClassName=name))
    assert line.startswith(f"StorageClass/{name}: there is no such StorageClass in the cluster; ")
    volume = {
        "metadata": {"name": name},
        "spec": {
            "storageClassName": name, "capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/volumes/x"},
        },
    }  # fmt: skip
    ahead.sandbox.api("POST", "/api/v1/persistentvolumes", volume)
    try:
        assert certain(ahead, claim(ahead, storageClassName=name)) == []
    finally:
        ahead.sandbox.api("DELETE", f"/api/v1/persistentvolumes/{name}")


def test_a_service_that_chooses_nothing_is_a_warning_with_the_nearest(ahead: Ahead) -> None:
    (problem,) = ahead.check(service(ahead, app="wbe"), ahead.deployment())
    assert not problem.is_certain
    assert (
        problem.line == "Service/web: chooses no pods: none has app=wbe; those of Deployment/web have app=web"
    )
    # the one by which the app itself is reached: nothing would answer
    (problem,) = ahead.check(service(ahead, ahead.app.service_in("test"), app="wbe"), ahead.deployment())
    assert problem.is_certain


def test_pods_that_somebody_else_runs_are_chosen(ahead: Ahead, tiny_image: str) -> None:
    theirs = ahead.deployment("theirs", container={"image": tiny_image, "command": ["sleep", "600"]})
    theirs["metadata"]["labels"] = {}
    theirs["spec"]["template"]["metadata"]["labels"] = {"app": "theirs"}
    ahead.apply(theirs)
    path = f"/apis/apps/v1/namespaces/{ahead.namespace}/deployments/theirs"
    ahead.sandbox.wait(path, lambda live: live.get("status", {}).get("replicas") == 1)
    assert ahead.check(service(ahead, "svc", app="theirs"), ahead.deployment()) == []
