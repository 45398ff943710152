"""An app in a repository of its own, all the way: what serves is its commit, and answers with its version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.pipeline.foreign import FILES, HOME, Spaces
from tests.ways import DEV, Foreign


class Deployed(Spaces):
    """The app of one way."""

    def __init__(self, sandbox: Sandbox, folder: Path, way: str) -> None:
        super().__init__(sandbox)
        self.app = Foreign(folder, way, self.apps, FILES)


@pytest.fixture(params=["sibling checkout", "submodule", "nested clone"])
def deployed(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(sandbox, tmp_path, str(request.param))
    yield made
    made.remove()


@pytest.mark.timeout(900)
def test_what_serves_is_the_apps_own_commit(deployed: Deployed) -> None:
    app = deployed.app
    first = deployed.pipeline(app)
    assert first.code == 0, first.output
    assert deployed.answers("live") == deployed.answers("test") == (app.head[:12], "one")
    assert deployed.annotations("live")["form-builder/commit"] == app.head
    assert (app.record["commit"], app.record["branch"], app.record["author"]) == (app.head, "main", DEV)

    app.write("word", "two")
    good = app.commit()
    second = deployed.pipeline(app)
    assert second.code == 0, second.output
    assert deployed.answers("live") == (good[:12], "two"), "built anew, and named by the app's commit"
    assert app.stages["build"].get("reused") is None

    app.git(app.code, "checkout", "--quiet", "-b", "feature/x")
    app.write("word", "three")
    branch = app.commit()
    third = deployed.pipeline(app)
    assert third.code == 0, third.output
    assert "deploy-production" not in app.stages
    assert deployed.answers("test") == (branch[:12], "three")
    assert deployed.answers("live") == (good[:12], "two"), "a branch stops at test"

    app.git(app.code, "checkout", "--quiet", "main")
    app.write("app.py", "raise SystemExit('broken on purpose')\n")
    broken = app.commit()
    fourth = deployed.pipeline(app)
    assert fourth.code == 1, fourth.output
    assert f"{broken[:12]} of main" in fourth.output and "broken on purpose" in fourth.output
    assert app.stages["deploy-test"]["outcome"] == "failed"
    assert deployed.answers("live") == (good[:12], "two")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("deployed", ["nested clone"], indirect=True)
def test_what_is_brought_along_is_named_by_its_own_commit(deployed: Deployed, sandbox: Sandbox) -> None:
    app = deployed.app
    for name, text in FILES.items():
        file = app.root / "home" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    with (app.root / "apps.toml").open("a", encoding="utf-8") as apps:
        apps.write(HOME.replace("PATH", "home"))
    app.git(app.root, "add", "home", "apps.toml")
    app.git(app.root, "commit", "--quiet", "--message=home")
    ops = app.git(app.root, "rev-parse", "HEAD")
    env = {"SANDBOX_STATE": str(sandbox.state), "SETTLE": "0"}
    ended = app.run("deploy", "--env", "test", app="home", seconds=240, **env)
    assert ended.code == 0, ended.output
    assert deployed.answers("test") == (app.head[:12], "one")
    assert deployed.annotations("test")["form-builder/commit"] == app.head
    assert deployed.version("test", "home") == ops[:12], "clean, though a clone of tiny lies in it"
    status = app.run("status", "--env", "test", app="", seconds=90, **env)
    assert app.head[:12] in status.output and ops[:12] in status.output
