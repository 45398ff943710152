"""An app in a repository of its own, all the way: what serves is its commit, and answers with its version."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.local import TINY, Refused, Sandbox
from tests.sandbox.platform_double import DEPLOYMENT
from tests.ways import DEV, Ended, Foreign

APPS = """
default_cluster = "sandbox"
[environments.test]
spaces = ["{mark}-test"]
[environments.production]
spaces = ["{mark}-live"]
branches = ["main"]
[clusters.sandbox]
builder = "sandbox"
provision = true
kubeconfig = "{kubeconfig}"
[apps.tiny]
title = "Tiny"
path = "PATH"
images = {{ app = "Dockerfile" }}
namespace = "ns-{{space}}"
service = "fb-tiny-{{space}}"
health = "/health"
readiness = "/readiness"
version = "/version"
deadline = "60s"
"""
WORD = "COPY app.py word ./"
FILES = {
    "app.py": (TINY / "app.py").read_text(encoding="utf-8"),
    "Dockerfile": (TINY / "Dockerfile").read_text(encoding="utf-8").replace("COPY app.py .", WORD),
    "word": "one",
    "deploy/app.yaml": DEPLOYMENT.replace("REPLICAS", "1")
    .replace("IMAGE", "{{ images.app }}")
    .replace("ENV", '- { name: VERSION, value: "{{ version }}" }')
    .replace("EXTRA", ""),
}


class Deployed:
    """The app of one way, in two spaces that only it knows."""

    def __init__(self, sandbox: Sandbox, folder: Path, way: str) -> None:
        self.sandbox, self.mark = sandbox, f"t{uuid.uuid4().hex[:6]}"
        apps = APPS.format(mark=self.mark, kubeconfig=sandbox.state / "kubeconfig")
        self.app = Foreign(folder, way, apps, FILES)

    def pipeline(self) -> Ended:
        return self.app.run(
            "pipeline", seconds=300, SANDBOX_STATE=str(self.sandbox.state), SANDBOX_BACKOFF_SCALE="0.02"
        )

    def answers(self, place: str) -> tuple[str, str]:
        """The version that serves there, and what its image was built of."""
        service = f"/api/v1/namespaces/{self.namespace(place)}/services/fb-tiny-{self.mark}-{place}:80/proxy"
        version = self.sandbox.api("GET", f"{service}/version")["version"]
        return str(version), self.sandbox.text(f"{service}/file/app/word")

    def namespace(self, place: str) -> str:
        return f"ns-{self.mark}-{place}"

    def annotations(self, place: str) -> dict[str, Any]:
        path = f"/apis/apps/v1/namespaces/{self.namespace(place)}/deployments/fb-tiny-app-{self.mark}-{place}"
        return dict(self.sandbox.api("GET", path)["metadata"]["annotations"])


@pytest.fixture(params=["sibling checkout", "submodule", "nested clone"])
def deployed(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(sandbox, tmp_path, str(request.param))
    yield made
    for place in ("test", "live"):
        try:
            sandbox.api("DELETE", f"/api/v1/namespaces/{made.namespace(place)}")
        except Refused as error:
            assert error.status == 404, error


@pytest.mark.timeout(900)
def test_what_serves_is_the_apps_own_commit(deployed: Deployed) -> None:
    app = deployed.app
    first = deployed.pipeline()
    assert first.code == 0, first.output
    assert deployed.answers("live") == deployed.answers("test") == (app.head[:12], "one")
    assert deployed.annotations("live")["form-builder/commit"] == app.head
    assert (app.record["commit"], app.record["branch"], app.record["author"]) == (app.head, "main", DEV)

    app.write("word", "two")
    good = app.commit()
    second = deployed.pipeline()
    assert second.code == 0, second.output
    assert deployed.answers("live") == (good[:12], "two"), "built anew, and named by the app's commit"
    assert app.stages["build"].get("reused") is None

    app.git(app.code, "checkout", "--quiet", "-b", "feature/x")
    app.write("word", "three")
    branch = app.commit()
    third = deployed.pipeline()
    assert third.code == 0, third.output
    assert "deploy-production" not in app.stages
    assert deployed.answers("test") == (branch[:12], "three")
    assert deployed.answers("live") == (good[:12], "two"), "a branch stops at test"

    app.git(app.code, "checkout", "--quiet", "main")
    app.write("app.py", "raise SystemExit('broken on purpose')\n")
    broken = app.commit()
    fourth = deployed.pipeline()
    assert fourth.code == 1, fourth.output
    assert f"{broken[:12]} of main" in fourth.output and "broken on purpose" in fourth.output
    assert app.stages["deploy-test"]["outcome"] == "failed"
    assert deployed.answers("live") == (good[:12], "two")
