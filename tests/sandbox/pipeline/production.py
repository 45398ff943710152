"""A production of two spaces and nothing before it, and runs of its pipeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Ended, Platform

# One environment and no checks: what is tested begins with the deployment.
APP = """
default_cluster = "sandbox"
[environments.production]
spaces = [{spaces}]
soak = "1s"
rollback = "auto"
[clusters.sandbox]
builder = "sandbox"
provision = true
kubeconfig = "{kubeconfig}"
[apps.tiny]
title = "Tiny"
path = "tiny"
images = {{ app = "Dockerfile" }}
namespace = "ns-{{space}}"
service = "fb-tiny-{{space}}"
health = "/health"
readiness = "/readiness"
deadline = "60s"
"""
SMOKE_SUITE = """[apps.tiny.suites.smoke]
path = "tests/smoke"
deadline = "30s"
env.URL = "{url}"
"""


def apps_toml(platform: Platform, spaces: Sequence[str], more: str = "") -> str:
    """The tiny app in a production of these spaces; more is what its table has besides."""
    named = ", ".join(f'"{space}"' for space in spaces)
    return APP.format(spaces=named, kubeconfig=platform.state / "kubeconfig") + more


GOOD, BAD = "a" * 12, "b" * 12


def source_of(digit: str) -> dict[str, str]:
    source = dict.fromkeys(("system", "author", "url"), "") | {
        "branch": "main",
        "commit": digit * 40,
        "dirty": False,
    }
    return {"PIPELINE_SOURCE": json.dumps(source)}


def pipeline(platform: Platform, digit: str) -> Ended:
    return platform.run("pipeline", "--app", "tiny", seconds=240, **source_of(digit))


def stages(platform: Platform) -> dict[str, Any]:
    return {stage["id"]: stage for stage in platform.recorded()["stages"]}


def serving(sandbox: Sandbox, platform: Platform) -> list[str]:
    paths = [
        f"/api/v1/namespaces/ns-{s}/services/fb-tiny-{s}:80/proxy/" for s in (platform.one, platform.two)
    ]
    return [str(sandbox.api("GET", path)["version"]) for path in paths]
