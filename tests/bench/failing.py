"""Deployments that fail at a known moment: they are placed on a node that is not there, and a recorded case's
status is written into their pods. So nothing happens but what is written, and that is when the API shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from toolkit.objects.resources import built_in

from tests import ROOT
from tests.bench import pods
from tests.sandbox.local import Sandbox, eventually

Json = dict[str, Any]
CASES = ROOT / "tests" / "pure" / "cases" / "diagnosis"
NAMESPACE = "formbuilder-platform-live-production"
GROUP = "fb-submitter"
NODE = "a-node-that-is-not-there"
# The least that kubectl waits; the default is 600 s.
DEADLINE_SECONDS = 10
MERGE = "application/merge-patch+json"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
EVENTS = f"/api/v1/namespaces/{NAMESPACE}/events"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
# What the rules of the namespace forbid.
TOO_MUCH = {"limit-range": {"limits": {"cpu": "2"}}, "quota": {"requests": {"memory": "100Ti"}}}


class Failing(NamedTuple):
    """What is about to fail: the API's answer to its creation, the write that dooms it, and the cause."""

    applied: Json
    shows: Callable[[], object]
    cause: str


def case(name: str) -> tuple[dict[str, list[Json]], str]:
    """A recorded case: its objects by kind, and the cause that leads its findings, if it has any."""
    read = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    kinds: dict[str, list[Json]] = {}
    for obj in read["objects"]:
        kinds.setdefault(obj["kind"], []).append(obj)
    return kinds, next((found["cause"] for found in read["findings"]), "")


def crowd(sandbox: Sandbox, size: int) -> None:
    """A namespace with so many pods of the app that run and are ready, and an event about each."""
    sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    kinds, _ = case("healthy")
    spec, status = kinds["Pod"][0]["spec"], kinds["Pod"][0]["status"]
    for index in range(size):
        name = pods.name_of(index)
        metadata = {"name": name, "labels": {"appGroup": GROUP}}
        pod = sandbox.api("POST", PODS, {"metadata": metadata, "spec": {**spec, "nodeName": NODE}})
        sandbox.api("PATCH", f"{PODS}/{name}/status", {"status": status}, MERGE)
        sandbox.api("POST", EVENTS, event(pod, "Started", "Started container api", f"crowd-{index}"))


def event(pod: Json, reason: str, message: str, name: str) -> Json:
    """A kubelet's event about a pod."""
    about = {"apiVersion": "v1", "kind": "Pod", "namespace": NAMESPACE}
    about |= {key: pod["metadata"][key] for key in ("name", "uid")}
    stamp = pod["metadata"]["creationTimestamp"]
    return {
        "metadata": {"name": name}, "involvedObject": about, "reason": reason, "message": message,
        "type": "Normal", "firstTimestamp": stamp, "lastTimestamp": stamp, "count": 1,
        "source": {"component": "kubelet", "host": NODE},
    }  # fmt: skip


def template(kinds: dict[str, list[Json]], name: str) -> Json:
    """The case's pod template, for the node that is not there."""
    spec = (kinds.get("Pod") or kinds.get("Deployment") or kinds["Job"])[0]["spec"]
    spec = spec.get("template", {}).get("spec", spec)
    return {
        "metadata": {"labels": {"app": name, "appGroup": GROUP}},
        "spec": {**spec, "nodeName": NODE},
    }


def broken_pods(sandbox: Sandbox, recorded: str, name: str) -> Failing:
    """A Deployment whose pods get the recorded ones' states; the last, a failing one's, by `shows`."""
    kinds, cause = case(recorded)
    states = sorted(kinds["Pod"], key=is_ready, reverse=True)
    spec = {
        "replicas": len(states),
        "progressDeadlineSeconds": DEADLINE_SECONDS,
        "selector": {"matchLabels": {"app": name}},
        "template": template(kinds, name),
    }
    applied = sandbox.api("POST", DEPLOYMENTS, {"metadata": labelled(name), "spec": spec})
    made = eventually(lambda: pods_of(sandbox, name, len(states)))
    for index, (pod, state) in enumerate(zip(made, states, strict=True)):
        uid = state["metadata"]["uid"]
        said = [each for each in kinds.get("Event", []) if each["involvedObject"].get("uid") == uid]
        for number, each in enumerate(said):
            about = {**each["involvedObject"], "namespace": NAMESPACE}
            about |= {key: pod["metadata"][key] for key in ("name", "uid")}
            fresh = {**each, "metadata": {"name": f"{name}-{index}-{number}"}, "involvedObject": about}
            sandbox.api("POST", EVENTS, fresh)
        if index < len(states) - 1:
            set_status(sandbox, f"{PODS}/{pod['metadata']['name']}", state["status"])
    path, status = f"{PODS}/{made[-1]['metadata']['name']}", states[-1]["status"]
    return Failing(applied, lambda: set_status(sandbox, path, status), cause)


def forbidden_pods(sandbox: Sandbox, recorded: str, name: str) -> Failing:
    """A paused Deployment whose pods the LimitRange or the quota forbids as soon as it is resumed."""
    kinds, cause = case(recorded)
    made = template(kinds, name)
    for container in made["spec"]["containers"]:
        container["resources"] = TOO_MUCH[recorded]
    spec = {
        "replicas": 2,
        "paused": True,
        "progressDeadlineSeconds": DEADLINE_SECONDS,
        "selector": {"matchLabels": {"app": name}},
        "template": made,
    }
    applied = sandbox.api("POST", DEPLOYMENTS, {"metadata": labelled(name), "spec": spec})
    path = f"{DEPLOYMENTS}/{name}"
    return Failing(applied, lambda: sandbox.api("PATCH", path, {"spec": {"paused": False}}, MERGE), cause)


def broken_job(sandbox: Sandbox, recorded: str, name: str) -> Failing:
    """A Job that gets the recorded one's status."""
    kinds, cause = case(recorded)
    made = template(kinds, name)
    made["spec"]["restartPolicy"] = "Never"
    applied = sandbox.api("POST", JOBS, {"metadata": labelled(name), "spec": {"template": made}})
    eventually(lambda: pods_of(sandbox, name, 1))
    status = kinds["Job"][0]["status"]
    return Failing(applied, lambda: set_status(sandbox, f"{JOBS}/{name}", status), cause)


def rules(sandbox: Sandbox) -> None:
    """What forbids the pods of forbidden_pods and lets all others through."""
    limits = [{"type": "Container", "max": {"cpu": "1"}, "defaultRequest": {"memory": "1Mi"}}]
    body: Json = {"metadata": {"name": "sizes"}, "spec": {"limits": limits}}
    sandbox.api("POST", f"/api/v1/namespaces/{NAMESPACE}/limitranges", body)
    body = {"metadata": {"name": "memory"}, "spec": {"hard": {"requests.memory": "10Ti"}}}
    path = f"/api/v1/namespaces/{NAMESPACE}/resourcequotas"
    sandbox.api("POST", path, body)
    sandbox.wait(f"{path}/memory", lambda quota: quota.get("status", {}).get("used"))


def beside(sandbox: Sandbox) -> list[Json]:
    """One object of every other kind that is judged, as the API took it: all of them are watched, too."""
    template = {
        "metadata": {"labels": {"app": "beside"}},
        "spec": {
            "nodeSelector": {"no": "such"}, "restartPolicy": "Always",
            "containers": [{"name": "app", "image": "sandbox/none:1"}],
        },
    }  # fmt: skip
    once = {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}
    chosen: Json = {"selector": {"matchLabels": {"app": "beside"}}}
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "beside"}
    backend = {"service": {"name": "beside", "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    specs: dict[tuple[str, str], Json] = {
        ("apps/v1", "StatefulSet"): {"replicas": 0, "serviceName": "beside", "template": template, **chosen},
        ("apps/v1", "DaemonSet"): {"template": template, **chosen},
        ("apps/v1", "ReplicaSet"): {"replicas": 0, "template": template, **chosen},
        ("v1", "PersistentVolumeClaim"): {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}},
        },
        ("v1", "Service"): {"selector": {"app": "beside"}, "ports": [{"name": "http", "port": 80}]},
        ("networking.k8s.io/v1", "Ingress"): {"rules": [{"http": {"paths": paths}}]},
        ("autoscaling/v2", "HorizontalPodAutoscaler"): {"maxReplicas": 2, "scaleTargetRef": target},
        ("policy/v1", "PodDisruptionBudget"): {"minAvailable": 1, **chosen},
        ("batch/v1", "CronJob"): {
            "schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": once}},
        },
    }  # fmt: skip
    made = []
    for (version, kind), spec in specs.items():
        path = built_in(kind, version).path(NAMESPACE)
        answer = sandbox.api("POST", path, {"metadata": labelled("beside"), "spec": spec})
        made.append({"apiVersion": version, "kind": kind, **answer})
    return made


def leave(sandbox: Sandbox, applied: Json) -> None:
    """Make what has failed no part of the app any more; it stays for who still watches it by its name."""
    name = applied["metadata"]["name"]
    sets = DEPLOYMENTS.replace("deployments", "replicasets")
    own = JOBS if applied["kind"] == "Job" else DEPLOYMENTS
    found = [f"{own}/{name}"]
    for path in (sets, PODS):
        items = sandbox.api("GET", f"{path}?labelSelector=app%3D{name}")["items"]
        found += [f"{path}/{each['metadata']['name']}" for each in items]
    for path in found:
        sandbox.api("PATCH", path, {"metadata": {"labels": {"appGroup": None}}}, MERGE)


def labelled(name: str) -> Json:
    return {"name": name, "labels": {"appGroup": GROUP}}


def set_status(sandbox: Sandbox, path: str, status: Json) -> Json:
    return sandbox.api("PATCH", f"{path}/status", {"status": status}, MERGE)


def pods_of(sandbox: Sandbox, name: str, count: int) -> list[Json]:
    """The pods with that label, [] while there are not so many of them."""
    found: list[Json] = sandbox.api("GET", f"{PODS}?labelSelector=app%3D{name}")["items"]
    return found if len(found) == count else []


def is_ready(pod: Json) -> bool:
    rows = pod["status"].get("conditions", [])
    return any(row["type"] == "Ready" and row["status"] == "True" for row in rows)
