"""An app that apps.toml names by repository and ref, all the way: it is checked out, and what serves is its
commit."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.elsewhere import Elsewhere
from tests.sandbox.local import Refused, Sandbox
from tests.sandbox.pipeline.test_foreign_apps import APPS, FILES
from tests.ways import DEV, Ended, Foreign

ELSEWHERE = 'repository = "{url}"\nref = "{ref}"\npath = "svc"'
LINT = '[languages.toy]\nlint = [["{python}", "-m", "py_compile", "{path}/app.py"]]\n'


class Deployed:
    """apps.toml in a repository of its own, the app's elsewhere, and two spaces that only they know."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.mark = sandbox, f"t{uuid.uuid4().hex[:6]}"
        self.app = Elsewhere(folder / "elsewhere", {f"svc/{name}": text for name, text in FILES.items()}, DEV)
        text = APPS.format(mark=self.mark, kubeconfig=sandbox.state / "kubeconfig")
        self.text = text.replace("[apps.tiny]", f'{LINT}[apps.tiny]\nlanguage = "toy"')
        self.ops = Foreign(folder, "sibling checkout", self.text, {"unused": ""})

    def pipeline(self, ref: str = "main") -> Ended:
        """A run on a ref."""
        where = ELSEWHERE.format(url=self.app.url, ref=ref)
        apps = self.text.replace('path = "PATH"', where)
        (self.ops.root / "apps.toml").write_text(apps, encoding="utf-8")
        return self.ops.run(
            "pipeline", seconds=300, SANDBOX_STATE=str(self.sandbox.state), SANDBOX_BACKOFF_SCALE="0.02"
        )

    def answers(self, place: str) -> tuple[str, str]:
        """The version that serves there, and what its image was built of."""
        space = f"{self.mark}-{place}"
        service = f"/api/v1/namespaces/ns-{space}/services/fb-tiny-{space}:80/proxy"
        version = self.sandbox.api("GET", f"{service}/version")["version"]
        return str(version), self.sandbox.text(f"{service}/file/app/word")


@pytest.fixture
def deployed(sandbox: Sandbox, tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(sandbox, tmp_path)
    yield made
    for place in ("test", "live"):
        try:
            sandbox.api("DELETE", f"/api/v1/namespaces/ns-{made.mark}-{place}")
        except Refused as error:
            assert error.status == 404, error


@pytest.mark.timeout(900)
def test_what_serves_is_the_commit_of_the_ref(deployed: Deployed) -> None:
    app, ops = deployed.app, deployed.ops
    head = app.git("rev-parse", "HEAD")
    first = deployed.pipeline()
    assert first.code == 0, first.output
    assert deployed.answers("live") == deployed.answers("test") == (head[:12], "one")
    assert (ops.record["commit"], ops.record["branch"], ops.record["author"]) == (head, "main", DEV)
    path = f"namespaces/ns-{deployed.mark}-live/deployments/fb-tiny-app-{deployed.mark}-live"
    labelled = deployed.sandbox.api("GET", f"/apis/apps/v1/{path}")["metadata"]["annotations"]
    assert labelled["form-builder/commit"] == head
    again = deployed.pipeline()
    assert again.code == 0, again.output
    assert ops.stages["build"]["reused"], "the same commit, and nothing was changed"

    good = app.commit({"svc/word": "two"})
    second = deployed.pipeline()
    assert second.code == 0, second.output
    assert deployed.answers("live") == (good[:12], "two"), "built anew, and named by its commit"
    assert ops.stages["build"].get("reused") is None

    app.git("checkout", "--quiet", "-b", "feature/x")
    branch = app.commit({"svc/word": "three"})
    third = deployed.pipeline("feature/x")
    assert third.code == 0, third.output
    assert "deploy-production" not in ops.stages
    assert deployed.answers("test") == (branch[:12], "three")
    assert deployed.answers("live") == (good[:12], "two"), "a branch stops at test"

    app.git("checkout", "--quiet", "main")
    broken = app.commit({"svc/app.py": "this is no Python\n"})
    fourth = deployed.pipeline()
    assert fourth.code == 1, fourth.output
    assert f"{broken[:12]} of main" in fourth.output
    assert ops.stages["lint"]["outcome"] == "failed"
    assert deployed.answers("live") == (good[:12], "two")
    assert ops.git(ops.root, "status", "--porcelain") == "M apps.toml"


OWN = """
extends = {{ repository = "{url}", ref = "{ref}", file = "platform/common.toml" }}
[apps.home]
path = "."
images = {{ app = "Dockerfile" }}
namespace = "ns-{{space}}"
service = "fb-home-{{space}}"
health = "/health"
readiness = "/readiness"
version = "/version"
needs = ["tiny"]
deadline = "60s"
"""


@pytest.mark.timeout(400)
def test_what_an_app_needs_comes_from_where_the_common_file_is(deployed: Deployed, tmp_path: Path) -> None:
    sandbox, mark = deployed.sandbox, deployed.mark
    text = APPS.format(mark=mark, kubeconfig=sandbox.state / "kubeconfig")
    common = {"platform/common.toml": text.replace('path = "PATH"', 'path = "../apps/tiny"')}
    common |= {f"apps/tiny/{name}": text for name, text in FILES.items()}
    platform = Elsewhere(tmp_path / "platform", common, "Petra Platform")
    commit = platform.git("rev-parse", "HEAD")
    own = OWN.format(url=platform.url, ref=commit)
    home = Elsewhere(tmp_path / "home", {**FILES, "pipeline.toml": own, "word": "home"}, DEV)
    argv = [sys.executable, str(ROOT / "scripts/deploy.py"), "--env", "test"]
    env = {**deployed.ops.env, "SANDBOX_STATE": str(sandbox.state), "SETTLE": "0"}
    ran = subprocess.run(
        argv, cwd=home.root, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert deployed.answers("test") == (commit[:12], "one")
    service = f"/api/v1/namespaces/ns-{mark}-test/services/fb-home-{mark}-test:80/proxy"
    assert sandbox.api("GET", f"{service}/version")["version"] == home.git("rev-parse", "HEAD")[:12]
    assert home.git("status", "--porcelain") == ""
