"""A whole pipeline whose release fails in production: what serves, what is recorded, what people are told."""

from __future__ import annotations

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.pipeline.production import BAD, GOOD, SMOKE_SUITE, apps_toml, pipeline, serving, stages
from tests.sandbox.platform_double import Platform

SMOKE = """import json
import os
import urllib.request


def test_version() -> None:
    with urllib.request.urlopen(os.environ["URL"] + "/") as answer:
        assert json.load(answer)["version"] != "bad"
"""


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """One environment of two spaces, and a smoke suite."""
    text = apps_toml(platform, (platform.one, platform.two), SMOKE_SUITE)
    (platform.folder / "apps.toml").write_text(text)
    smoke = platform.folder / "tiny" / "tests" / "smoke"
    smoke.mkdir(parents=True)
    (smoke / "test_smoke.py").write_text(SMOKE)
    (platform.folder / "tiny" / "requirements-test.txt").write_text("pytest\n")
    return platform


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
