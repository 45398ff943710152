"""A whole pipeline whose release fails in production: what serves, what is recorded, what people are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Ended, Platform

# One environment and no checks: what is tested here begins with the deployment.
ONE = """
default_cluster = "sandbox"
[environments.production]
spaces = ["{one}", "{two}"]
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
[apps.tiny.suites.smoke]
path = "tests/smoke"
deadline = "30s"
env.URL = "{{url}}"
"""
SMOKE = """import json
import os
import urllib.request


def test_version() -> None:
    with urllib.request.urlopen(os.environ["URL"] + "/") as answer:
        assert json.load(answer)["version"] != "bad"
"""
GOOD, BAD = "a" * 12, "b" * 12


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """One environment of two spaces, and a smoke suite."""
    text = ONE.format(one=platform.one, two=platform.two, kubeconfig=platform.state / "kubeconfig")
    (platform.folder / "apps.toml").write_text(text)
    smoke = platform.folder / "tiny" / "tests" / "smoke"
    smoke.mkdir(parents=True)
    (smoke / "test_smoke.py").write_text(SMOKE)
    (platform.folder / "tiny" / "requirements-test.txt").write_text("pytest\n")
    return platform


def pipeline(platform: Platform, digit: str) -> Ended:
    source = dict.fromkeys(("system", "author", "url"), "") | {
        "branch": "main",
        "commit": digit * 40,
        "dirty": False,
    }
    return platform.run("pipeline", "--app", "tiny", seconds=240, PIPELINE_SOURCE=json.dumps(source))


def stages(platform: Platform) -> dict[str, Any]:
    return {stage["id"]: stage for stage in platform.recorded()["stages"]}


def serving(sandbox: Sandbox, platform: Platform) -> list[str]:
    paths = [
        f"/api/v1/namespaces/ns-{s}/services/fb-tiny-{s}:80/proxy/" for s in (platform.one, platform.two)
    ]
    return [str(sandbox.api("GET", path)["version"]) for path in paths]


@pytest.mark.timeout(800)
def test_a_release_that_fails_its_smoke_test_is_undone_and_everybody_is_told(
    platform: Platform, sandbox: Sandbox
) -> None:
    platform.manifest(env={"VERSION": "good"})
    first = pipeline(platform, "a")
    assert first.code == 0, first.output
    assert "rollback-production" not in stages(platform)
    platform.manifest(env={"VERSION": "bad"})
    second = pipeline(platform, "b")
    assert second.code == 1, second.output
    assert serving(sandbox, platform) == ["good", "good"]

    found = stages(platform)
    assert [
        found[f"{name}-production"]["outcome"] for name in ("deploy", "healthcheck", "smoke", "watch")
    ] == [*("passed", "passed", "failed", "not run")]
    undone = found["rollback-production"]
    assert undone["outcome"] == "passed", undone
    run = platform.recorded()
    assert run["reason"].startswith("smoke-production: ")
    assert run["reason"].endswith(f"; rolled back to {GOOD} (verified)")
    for space in (platform.one, platform.two):
        assert undone["details"][space]["rollback"]["to"] == GOOD
        summary = undone["details"][space]["evidence"]
        assert (platform.folder / ".pipeline" / "runs" / run["run"] / summary).is_file()
        assert f".pipeline/runs/{run['run']}/{summary}" in second.output
    assert f"❌ tiny: smoke failed in production, rolled back to {GOOD}" in second.output
    assert f"production   serves {GOOD} again (rolled back, verified)" in second.output

    shown = platform.run("status", "--env", "production").output
    assert shown.count(f"back from {BAD}") == 2
    assert shown.count(f"held: {BAD} (") == 2
    third = pipeline(platform, "b")
    assert third.code == 3, "what was rolled back is held: " + third.output
    assert "rollback-production" not in stages(platform)
    assert serving(sandbox, platform) == ["good", "good"]
