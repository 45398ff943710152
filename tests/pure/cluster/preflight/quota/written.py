"""Quotas and strategies as manifests write them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def rolling(**told: Any) -> Json:
    return {"type": "RollingUpdate", "rollingUpdate": told}


def quota(used: Json | None = None, hard: Json | None = None, **spec: Any) -> Json:
    return {
        "metadata": {"name": "small"},
        "spec": {"hard": hard or {}, **spec},
        "status": {"used": used or {}},
    }
