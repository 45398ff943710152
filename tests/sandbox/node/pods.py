"""Pods of the tiny image for tests of the node."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

from tests.sandbox.local import SECONDS, Sandbox

Object = dict[str, Any]


def pod(name: str, image: str, env: dict[str, str] | None = None, **container: Any) -> Object:
    """A pod with one container, "app"; ``container`` adds to its specification."""
    spec = container.pop("spec", {})
    variables = [{"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    variables += [{"name": key, "value": value} for key, value in (env or {}).items()]
    variables += container.pop("more_env", [])
    container.setdefault("readinessProbe", http("/readiness"))
    app = {"name": "app", "image": image, "env": variables, **container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 5, "containers": [app], **spec},
    }


def http(path: str, **numbers: int) -> Object:
    """An httpGet probe of port 3000, asked often; an answer that a busy machine delays is none that fails."""
    return {"httpGet": {"path": path, "port": 3000}, "periodSeconds": 1, "timeoutSeconds": 10, **numbers}


def app(obj: Object) -> Object:
    """The status of the container "app" ({} before there is one)."""
    statuses = (obj.get("status") or {}).get("containerStatuses") or []
    return next((one for one in statuses if one["name"] == "app"), {})


def waiting(obj: Object) -> str:
    """Its waiting reason."""
    return str(((app(obj).get("state") or {}).get("waiting") or {}).get("reason", ""))


def ended(obj: Object) -> Object:
    """How it ended, now or before."""
    return (
        (app(obj).get("state") or {}).get("terminated")
        or (app(obj).get("lastState") or {}).get("terminated")
        or {}
    )


def ready(obj: Object) -> bool:
    """The pod's Ready condition."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def get(url: str, data: bytes | None = None) -> str:
    """The body of an HTTP answer."""
    with urllib.request.urlopen(url, data, timeout=SECONDS) as answer:
        return str(answer.read().decode())


def start(sandbox: Sandbox, namespace: str, pod: Object) -> str:
    sandbox.api("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
    return f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}"


def event(sandbox: Sandbox, path: str, reason: str, text: str = "", count: int = 1) -> Object:
    """The event about a pod with this reason and text, once it is there."""
    _, _, name = path.rpartition("/")
    events = path.replace(f"/pods/{name}", "/events")

    def found(obj: Object) -> bool:
        return (
            obj["involvedObject"]["name"] == name
            and obj["reason"] == reason
            and text in obj["message"]
            and obj.get("count", 1) >= count
        )

    deadline = time.monotonic() + SECONDS
    listed = sandbox.api("GET", events)
    seen = listed["items"]
    for one in seen:
        if found(one):
            return dict(one)
    version = listed["metadata"]["resourceVersion"]
    query = f"?watch=true&resourceVersion={version}&timeoutSeconds={SECONDS:.0f}"
    with sandbox.open("GET", events + query, None, "", SECONDS + 10) as lines:
        for line in lines:
            one = json.loads(line)["object"]
            seen.append(one)
            if one.get("kind") == "Event" and found(one):
                return dict(one)
            assert time.monotonic() < deadline
    raise AssertionError(
        f"no event {reason} {text!r}; there were {[(e['reason'], e['message']) for e in seen]}"
    )
