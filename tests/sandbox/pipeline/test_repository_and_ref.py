"""An app that apps.toml names by repository and ref, all the way: it is checked out, and what serves is its
commit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.elsewhere import Elsewhere
from tests.sandbox.local import Sandbox
from tests.sandbox.pipeline.foreign import FILES, HOME, Spaces
from tests.ways import DEV, Ended, Foreign

ELSEWHERE = 'repository = "{url}"\nref = "{ref}"\npath = "svc"'
LINT = '[languages.toy]\nlint = [["{python}", "-m", "py_compile", "{path}/app.py"]]\n'


class Deployed(Spaces):
    """apps.toml in a repository of its own, the app's elsewhere."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        super().__init__(sandbox)
        self.app = Elsewhere(folder / "elsewhere", {f"svc/{name}": text for name, text in FILES.items()}, DEV)
        self.text = self.apps.replace("[apps.tiny]", f'{LINT}[apps.tiny]\nlanguage = "toy"')
        self.ops = Foreign(folder, "sibling checkout", self.text, {"unused": ""})

    def run(self, ref: str = "main") -> Ended:
        """A run on a ref."""
        where = ELSEWHERE.format(url=self.app.url, ref=ref)
        apps = self.text.replace('path = "PATH"', where)
        (self.ops.root / "apps.toml").write_text(apps, encoding="utf-8")
        return self.pipeline(self.ops)


@pytest.fixture
def deployed(sandbox: Sandbox, tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(sandbox, tmp_path)
    yield made
    made.remove()


@pytest.mark.timeout(900)
def test_what_serves_is_the_commit_of_the_ref(deployed: Deployed) -> None:
    app, ops = deployed.app, deployed.ops
    head = app.git("rev-parse", "HEAD")
    first = deployed.run()
    assert first.code == 0, first.output
    assert deployed.answers("live") == deployed.answers("test") == (head[:12], "one")
    assert (ops.record["commit"], ops.record["branch"], ops.record["author"]) == (head, "main", DEV)
    assert deployed.annotations("live")["form-builder/commit"] == head
    again = deployed.run()
    assert again.code == 0, again.output
    assert ops.stages["build"]["reused"], "the same commit, and nothing was changed"

    good = app.commit({"svc/word": "two"})
    second = deployed.run()
    assert second.code == 0, second.output
    assert deployed.answers("live") == (good[:12], "two"), "built anew, and named by its commit"
    assert ops.stages["build"].get("reused") is None

    app.git("checkout", "--quiet", "-b", "feature/x")
    branch = app.commit({"svc/word": "three"})
    third = deployed.run("feature/x")
    assert third.code == 0, third.output
    assert "deploy-production" not in ops.stages
    assert deployed.answers("test") == (branch[:12], "three")
    assert deployed.answers("live") == (good[:12], "two"), "a branch stops at test"

    app.git("checkout", "--quiet", "main")
    broken = app.commit({"svc/app.py": "this is no Python\n"})
    fourth = deployed.run()
    assert fourth.code == 1, fourth.output
    assert f"{broken[:12]} of main" in fourth.output
    assert ops.stages["lint"]["outcome"] == "failed"
    assert deployed.answers("live") == (good[:12], "two")
    assert ops.git(ops.root, "status", "--porcelain") == "M apps.toml"


OWN = 'extends = { repository = "URL", ref = "REF", file = "platform/common.toml" }\n'


@pytest.mark.timeout(400)
def test_what_an_app_needs_comes_from_where_the_common_file_is(deployed: Deployed, tmp_path: Path) -> None:
    sandbox = deployed.sandbox
    common = {"platform/common.toml": deployed.apps.replace('path = "PATH"', 'path = "../apps/tiny"')}
    common |= {f"apps/tiny/{name}": text for name, text in FILES.items()}
    platform = Elsewhere(tmp_path / "platform", common, "Petra Platform")
    commit = platform.git("rev-parse", "HEAD")
    own = OWN.replace("URL", platform.url).replace("REF", commit) + HOME.replace("PATH", ".")
    home = Elsewhere(tmp_path / "home", {**FILES, "pipeline.toml": own, "word": "home"}, DEV)
    argv = [sys.executable, str(ROOT / "scripts/deploy.py"), "--env", "test"]
    env = {**deployed.ops.env, "SANDBOX_STATE": str(sandbox.state), "SETTLE": "0"}
    ran = subprocess.run(
        argv, cwd=home.root, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert deployed.answers("test") == (commit[:12], "one")
    assert deployed.version("test", "home") == home.git("rev-parse", "HEAD")[:12]
    assert home.git("status", "--porcelain") == ""
