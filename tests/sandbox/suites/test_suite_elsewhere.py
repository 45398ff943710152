"""Smoke and acceptance suites that are shell scripts in another repository, against a deployed app."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.elsewhere import Elsewhere
from tests.sandbox.platform_double import Platform

CURL = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed on this machine")
RUN = """#!/bin/sh
said=$(curl --silent --show-error --fail "$URL/health") || said="no answer: $said"
echo "$SPACE says $said"
if [ "$said" = "$(cat "$2/wanted")" ]; then result=""; else result="<failure message='it says $said'/>"; fi
printf '<testsuite><testcase classname="health" name="answers">%s</testcase></testsuite>' "$result" > "$1"
"""
SUITES = """
[apps.tiny.suites.smoke]
repository = "{url}"
ref = "main"
path = "smoke"
command = ["sh", "run", "{{report}}", "{{path}}"]
env.URL = "{{url}}"
env.SPACE = "{{space}}"
[apps.tiny.suites.acceptance]
repository = "{url}"
ref = "main"
path = "acceptance"
command = ["sh", "run", "{{report}}", "{{path}}"]
env.URL = "{{url}}"
env.SPACE = "{{space}}"
environments = ["test"]
"""


@CURL
@pytest.mark.timeout(300)
def test_suites_of_another_repository_judge_what_is_deployed(platform: Platform, tmp_path: Path) -> None:
    suite = Elsewhere(tmp_path / "suite", {"run": RUN, "smoke/wanted": "ok", "acceptance/wanted": "ok"})
    platform.configure(suites=SUITES.format(url=suite.url))
    deployed = platform.deploy()
    assert deployed.code == 0, deployed.output
    where = ("--app", "tiny", "--env", platform.one)
    assert platform.run("healthcheck", *where).code == 0
    for kind in ("smoke", "acceptance"):
        assert not platform.status("--env", platform.one)[0]["verified"]
        ended = platform.run(kind, *where)
        assert ended.code == 0, ended.output
        commit = suite.git("rev-parse", "HEAD")
        assert f"1 {kind} tests passed ({kind} suite of {suite.url} at {commit[:12]})" in ended.output
    assert platform.status("--env", platform.one)[0]["verified"]

    suite.commit({"acceptance/wanted": "well"})
    failed = platform.run("acceptance", *where)
    assert failed.code == 1, failed.output
    assert "1 of 1 acceptance tests failed: health::answers: it says ok" in failed.last
    assert not (platform.folder / ".pipeline" / "venvs").exists(), "nobody asked for a Python"


@CURL
@pytest.mark.timeout(400)
def test_a_run_stays_with_one_commit_and_the_next_one_takes_what_is_new(
    platform: Platform, tmp_path: Path
) -> None:
    suite = Elsewhere(tmp_path / "suite", {"run": RUN, "smoke/wanted": "ok", "acceptance/wanted": "ok"})
    platform.configure(suites=SUITES.format(url=suite.url))
    run = {"BRANCH": "feature/x", "PIPELINE_SOURCE": ""}
    for script in ("lint", "security", "unit"):
        text = (platform.folder / "apps.toml").read_text()
        text = "\n".join(line for line in text.splitlines() if not line.startswith(f"{script} = "))
        (platform.folder / "apps.toml").write_text(text + "\n")

    def stages() -> dict[str, dict[str, object]]:
        return {stage["id"]: stage for stage in platform.recorded()["stages"]}

    first = platform.run("pipeline", "--app", "tiny", seconds=200, **run)
    assert first.code == 0, first.output
    assert not stages()["acceptance-test"].get("reused")
    again = platform.run("pipeline", "--app", "tiny", seconds=200, **run)
    assert again.code == 0, again.output
    assert stages()["acceptance-test"]["reused"], "neither the app nor the suite has changed"

    suite.commit({"acceptance/wanted": "well"})
    changed = platform.run("pipeline", "--app", "tiny", seconds=200, **run)
    assert changed.code == 1, changed.output
    assert stages()["deploy-test"]["reused"]
    assert stages()["acceptance-test"]["outcome"] == "failed"
    suite.root.rename(tmp_path / "away")
    gone = platform.run("pipeline", "--app", "tiny", seconds=60, **run)
    assert gone.code == 2, gone.output
    assert "apps.tiny.suites.smoke.repository: there is no repository at" in gone.output
