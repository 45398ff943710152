"""Another release comes during a pipeline's watch: it is superseded, and neither verified nor undone."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.cluster.standing.jobs import job, turn_comes
from tests.sandbox.local import Sandbox
from tests.sandbox.pipeline.production import apps_toml, pipeline, serving, source_of, stages
from tests.sandbox.pipeline.stage_processes import stage_process
from tests.sandbox.platform_double import Platform

GOOD, OURS, THEIRS = (digit * 12 for digit in "abc")


@pytest.mark.timeout(800)
def test_a_release_that_comes_during_the_watch_supersedes_the_one_that_is_watched(
    platform: Platform, sandbox: Sandbox
) -> None:
    spaces = (platform.one, platform.two)
    text = apps_toml(platform, spaces)
    (platform.folder / "apps.toml").write_text(text)
    platform.manifest(env={"VERSION": "good"})
    first = pipeline(platform, "a")
    assert first.code == 0, first.output

    (platform.folder / "apps.toml").write_text(text.replace('soak = "1s"', 'soak = "300s"'))
    platform.manifest(env={"VERSION": "ours"})
    engine = platform.start("pipeline", "--app", "tiny", **source_of("b"))
    stage_process(engine.pid, "watch")
    run = platform.recorded()["run"]
    leases = [turn_comes(sandbox, space, "GitHub Actions 7") for space in spaces]
    platform.manifest(env={"VERSION": "theirs"})
    words = ("--app", "tiny", "--env", "production")
    theirs = platform.run("deploy", *words, seconds=240, **job("c", GITHUB_RUN_ID="7"))
    assert theirs.code == 0, theirs.output
    output, _ = engine.communicate(timeout=240)
    for lease in leases:
        sandbox.api("DELETE", lease)

    assert engine.returncode == 3, output
    assert f"tiny: {OURS} is superseded by {THEIRS} in production, not verified" in output
    record = json.loads((platform.folder / ".pipeline" / "runs" / run / "run.json").read_text())
    ours = {stage["id"]: stage for stage in record["stages"]}
    assert ours["watch-production"]["outcome"] == "refused"
    assert "rollback-production" not in ours or ours["rollback-production"]["outcome"] == "not run"
    kept = platform.folder / ".pipeline" / "alerts" / "waiting" / f"{run}.json"
    said = json.loads(kept.read_text())["message"]["plain"]
    assert f"{OURS} is superseded by {THEIRS} in production, not verified" in said
    assert "is verified" not in said

    assert serving(sandbox, platform) == ["theirs", "theirs"]
    for row in platform.status("--app", "tiny", "--env", "production"):
        found = {each["version"]: each for each in row["releases"]}
        assert row["version"] == THEIRS and not row["verified"]
        assert not found[OURS]["verified"] and found[GOOD]["verified"], found

    (platform.folder / "apps.toml").write_text(text)
    after = pipeline(platform, "c")
    assert after.code == 0, after.output
    assert stages(platform)["watch-production"]["outcome"] == "passed"
    assert all(row["verified"] for row in platform.status("--app", "tiny", "--env", "production"))
