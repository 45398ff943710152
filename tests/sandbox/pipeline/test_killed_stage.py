"""A check that was only killed, as a machine without memory does it: going back is prudent, a hold is not."""

from __future__ import annotations

import os
import signal

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.pipeline.production import BAD, GOOD, apps_toml, pipeline, serving, source_of
from tests.sandbox.pipeline.stage_processes import stage_process
from tests.sandbox.platform_double import Platform


@pytest.mark.timeout(800)
def test_a_killed_watch_is_undone_and_its_version_is_not_held(platform: Platform, sandbox: Sandbox) -> None:
    text = apps_toml(platform, (platform.one, platform.two))
    (platform.folder / "apps.toml").write_text(text)
    platform.manifest(env={"VERSION": "good"})
    first = pipeline(platform, "a")
    assert first.code == 0, first.output

    (platform.folder / "apps.toml").write_text(text.replace('soak = "1s"', 'soak = "100s"'))
    platform.manifest(env={"VERSION": "bad"})
    engine = platform.start("pipeline", "--app", "tiny", **source_of("b"))
    os.kill(stage_process(engine.pid, "watch"), signal.SIGKILL)
    output, _ = engine.communicate(timeout=240)
    assert engine.returncode == 1, output
    assert "watch-production was killed by signal 9" in output
    assert f"nothing was found against {BAD}: it may be deployed again" in output
    assert serving(sandbox, platform) == ["good", "good"]
    shown = platform.run("status", "--env", "production").output
    assert f"back from {BAD}" in shown and GOOD in shown
    assert "held" not in shown

    (platform.folder / "apps.toml").write_text(text)
    again = pipeline(platform, "b")
    assert again.code == 0, again.output
    assert serving(sandbox, platform) == ["bad", "bad"]
