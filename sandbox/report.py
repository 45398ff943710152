"""`status`: what runs, what is only kept, and what the sandbox does not do."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from typing import Any

from sandbox.state import State

LIMITS = (
    "one node; containers are processes of this user, without isolation of files, users or network",
    "images are built from a subset of Dockerfile on this machine's Python; no registry is asked for any",
    "memory limits are enforced by looking at processes, CPU limits and disk limits are not enforced",
    "no DNS for Services: use <SERVICE>_SERVICE_HOST and _PORT",
    "Service proxy: TCP only, no session affinity; NetworkPolicy is not enforced",
    "no exec, attach or port-forward",
    "StatefulSets: persistentVolumeClaimRetentionPolicy and maxUnavailable are not acted on",
    "custom kinds: served in their storage version; x-kubernetes-validations are not evaluated",
    "volumes: emptyDir, configMap, secret, projected, downwardAPI, persistentVolumeClaim; size and "
    "mode of access are not enforced",
    "USER, securityContext, capabilities and read-only root file systems are not enforced",
)


def report(state: State) -> dict[str, Any]:
    """Everything `status` tells, as JSON."""
    from sandbox.base.kinds import KINDS
    from sandbox.images.keeping.store import Store

    running = state.daemon()
    told: dict[str, Any] = {
        "running": running is not None,
        "state": str(state.root),
        "images": Store(state.root).listed(),
        "kept_only": sorted({kind.kind for kind in KINDS if not kind.controller}),
        "limits": list(LIMITS),
    }
    if running is not None:
        told |= {key: running.details[key] for key in ("pid", "server", "kubeconfig", "since")}
        told |= _cluster(state, running.details["plain"])
    return told


def _cluster(state: State, plain: str) -> dict[str, Any]:
    try:
        token = state.token.read_text().strip()
        pods = _get(plain, token, "/api/v1/pods")["items"]
        nodes = _get(plain, token, "/api/v1/nodes")["items"]
    except (OSError, ValueError, KeyError) as error:
        return {"answers": False, "why": str(error)}
    ready = [one for node in nodes for one in node["status"].get("conditions", ()) if one["type"] == "Ready"]
    return {
        "answers": True,
        "node_ready": any(one["status"] == "True" for one in ready),
        "pods": dict(Counter(pod.get("status", {}).get("phase", "Unknown") for pod in pods)),
    }


def _get(plain: str, token: str, path: str) -> Any:
    request = urllib.request.Request(plain + path, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def text(told: dict[str, Any]) -> str:
    """The same for a person."""
    if not told["running"]:
        lines = [f"The sandbox in {told['state']} is not running: `python -m sandbox up` starts it."]
    else:
        minutes = int((time.time() - told["since"]) // 60)
        lines = [f"The sandbox is running: {told['server']} (process {told['pid']}, since {minutes} min)."]
        if not told["answers"]:
            lines.append(f"It does not answer: {told['why']}; `python -m sandbox down` ends it.")
        else:
            pods = ", ".join(f"{count} {phase}" for phase, count in sorted(told["pods"].items())) or "none"
            lines.append(f"Pods: {pods}. Node ready: {'yes' if told['node_ready'] else 'no'}.")
        lines.append(f"export KUBECONFIG='{told['kubeconfig']}'")
    lines.append(f"Images: {len(told['images'])}.")
    lines.append(f"Kept, but nothing acts on them: {', '.join(told['kept_only'])}.")
    lines += ["Limits:", *(f"- {limit}" for limit in told["limits"])]
    return "\n".join(lines)
