"""What is there of a deployed app."""

from __future__ import annotations

from typing import Any

from tests.sandbox.local import Sandbox

STARTUP = "startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 60 }"


def deployment(sandbox: Sandbox, space: str) -> dict[str, Any]:
    return sandbox.api("GET", f"/apis/apps/v1/namespaces/ns-{space}/deployments/fb-tiny-app-{space}")


def locks(sandbox: Sandbox, space: str) -> list[dict[str, Any]]:
    return list(sandbox.api("GET", f"/apis/coordination.k8s.io/v1/namespaces/ns-{space}/leases")["items"])
