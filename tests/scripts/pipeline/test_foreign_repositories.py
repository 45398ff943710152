"""The app's own repository is asked, however apps.toml leads to it: pipeline, plan, record and alert."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ways import DEV, OPS, OPS_BRANCH, WAYS, Foreign

APPS = """
default_cluster = "none"
[environments.test]
spaces = ["test-dev"]
[environments.production]
spaces = ["live-dev"]
branches = ["main"]
approval = "manual"
[clusters.none]
kubeconfig = "no-such-kubeconfig"
[clusters.docker]
builder = "docker"
registry = { env = "TINY_REGISTRY" }
kubeconfig = "no-such-kubeconfig"
[apps.tiny]
path = "PATH"
namespace = "tiny-{space}"
service = "tiny"
lint = [["sh", "lint.sh"]]
unit = [["sh", "unit.sh"]]
images = { app = "Dockerfile" }
"""
LOCAL = (
    APPS.replace('[environments.test]\nspaces = ["test-dev"]\n', "")
    .replace(
        '[environments.production]\nspaces = ["live-dev"]\nbranches = ["main"]\napproval = "manual"\n', ""
    )
    .replace('images = { app = "Dockerfile" }\n', "")
)
FILES = {"lint.sh": "true\n", "unit.sh": "true\n", "Dockerfile": "FROM scratch\nCOPY lint.sh /\n"}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_broken_commit_fails_and_its_correction_passes(tmp_path: Path, way: str) -> None:
    app = Foreign(tmp_path, way, LOCAL, FILES)
    first = app.run("pipeline")
    assert first.code == 0, first.output
    assert (app.record["commit"], app.record["branch"], app.record["author"]) == (app.head, "main", DEV)
    assert app.record["version"] == app.head[:12]
    again = app.run("pipeline")
    assert again.code == 0, again.output
    assert app.stages["unit"].get("reused"), "nothing changed"

    app.write("unit.sh", "echo broken; exit 1\n")
    broken = app.commit()
    failed = app.run("pipeline")
    assert failed.code == 1, failed.output
    assert (app.record["outcome"], app.stages["unit"]["outcome"]) == ("failed", "failed")
    assert not app.stages["unit"].get("reused")
    alert = failed_alert(app)
    assert (alert["commit"], alert["branch"], alert["who"]) == (broken[:12], "main", DEV)

    app.write("unit.sh", "true # mended\n")
    mended = app.commit()
    passed = app.run("pipeline")
    assert passed.code == 0, passed.output
    assert f"tiny {mended[:12]} of main" in passed.output


def failed_alert(app: Foreign) -> dict[str, str]:
    """The facts that the newest run's alert tells, as it was printed."""
    run = app.root / ".pipeline/runs" / app.record["run"]
    log = (run / "alert.log").read_text(encoding="utf-8")
    assert OPS not in log and OPS_BRANCH not in log
    words = [line.strip().split(None, 1) for line in log.splitlines() if line.startswith("  ")]
    return {each[0]: each[1] for each in words if len(each) == 2}


def test_what_is_not_committed_makes_the_app_dirty_and_what_is_not_the_apps_does_not(
    tmp_path: Path, way: str
) -> None:
    app = Foreign(tmp_path, way, LOCAL, FILES)
    (app.root / "operations.txt").write_text("a change of the other repository")
    assert app.run("lint").code == 0
    assert app.record["version"] == app.head[:12]
    app.write("unit.sh", "exit 1\n")
    assert app.run("lint").code == 0
    assert app.record["version"] == f"{app.head[:12]}-dirty"
    assert app.run("pipeline").code == 1, "a change that is not committed is not reused either"


def test_a_feature_branch_stops_before_production_whatever_the_toolkit_is_on(
    tmp_path: Path, way: str
) -> None:
    app = Foreign(tmp_path, way, APPS, FILES)

    def planned() -> tuple[str, bool]:
        ended = app.run("plan", "--json")
        assert ended.code == 0, ended.output
        made = json.loads(ended.output)
        return made["branch"], "deploy-production" in [stage["id"] for stage in made["stages"]]

    assert planned() == ("main", True), "the toolkit's own branch is no business of the app's"
    app.git(app.code, "checkout", "--quiet", "-b", "feature/x")
    app.git(app.root, "checkout", "--quiet", "main")
    assert planned() == ("feature/x", False)
    refused = app.run("approve", "--env", "production", "--check")
    assert refused.code == 3 and 'branch "feature/x" may not go to production' in refused.output


def test_an_approval_is_of_the_apps_commit(tmp_path: Path, way: str) -> None:
    app = Foreign(tmp_path, way, APPS, FILES)
    approved = app.run("approve", "--env", "production")
    assert approved.code == 0, approved.output
    details = app.record["stages"][0]["details"]
    assert (details["commit"], details["version"]) == (app.head, app.head[:12])
    assert app.run("approve", "--env", "production", "--check").code == 0
    app.git(app.root, "commit", "--quiet", "--allow-empty", "--message=ops")
    assert app.run("approve", "--env", "production", "--check").code == 0, "it is not of the toolkit's"
    app.commit()
    waits = app.run("approve", "--env", "production", "--check")
    assert waits.code == 3 and f"waits for an approval of {app.head[:12]}" in waits.output
    app.write("lint.sh", "exit 1\n")
    dirty = app.run("approve", "--env", "production")
    assert dirty.code == 3 and f"files here differ from commit {app.head[:12]}" in dirty.output
    assert f"git -C {app.code} status" in dirty.output, "git status there would show none of them"


@pytest.mark.parametrize("way", ["submodule"])
def test_a_submodule_at_a_commit_has_no_branch_until_somebody_says_it(tmp_path: Path, way: str) -> None:
    app = Foreign(tmp_path, way, APPS, FILES)
    app.git(app.code, "checkout", "--quiet", "--detach")
    refused = app.run("approve", "--env", "production", "--check")
    assert refused.code == 3 and f"git -C {app.code} switch" in refused.output
    assert (
        "waits for an approval" in app.run("approve", "--env", "production", "--check", BRANCH="main").output
    )
