"""The tiny app of a foreign repository, on the sandbox: table, files, and what serves in its two spaces."""

from __future__ import annotations

import uuid
from typing import Any

from tests.sandbox.local import TINY, Refused, Sandbox
from tests.sandbox.platform_double import DEPLOYMENT
from tests.ways import Ended, Foreign

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
HOME = """
[apps.home]
path = "PATH"
images = { app = "Dockerfile" }
namespace = "ns-{space}"
service = "fb-home-{space}"
health = "/health"
readiness = "/readiness"
version = "/version"
needs = ["tiny"]
deadline = "60s"
"""
"""An app that needs it, of the same files."""


class Spaces:
    """The spaces test and live, which only one test knows."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.mark = sandbox, f"t{uuid.uuid4().hex[:6]}"
        self.apps = APPS.format(mark=self.mark, kubeconfig=sandbox.state / "kubeconfig")

    def pipeline(self, repository: Foreign) -> Ended:
        """A run of it there."""
        state = str(self.sandbox.state)
        return repository.run("pipeline", seconds=300, SANDBOX_STATE=state, SANDBOX_BACKOFF_SCALE="0.02")

    def serving(self, place: str, app: str = "tiny") -> str:
        """The path by which its Service is reached."""
        return f"/api/v1/namespaces/{self.namespace(place)}/services/fb-{app}-{self.mark}-{place}:80/proxy"

    def version(self, place: str, app: str = "tiny") -> str:
        """The version that serves there."""
        return str(self.sandbox.api("GET", f"{self.serving(place, app)}/version")["version"])

    def answers(self, place: str) -> tuple[str, str]:
        """The version that serves there, and what its image was built of."""
        return self.version(place), self.sandbox.text(f"{self.serving(place)}/file/app/word")

    def namespace(self, place: str) -> str:
        return f"ns-{self.mark}-{place}"

    def annotations(self, place: str) -> dict[str, Any]:
        """Those of its Deployment."""
        path = f"/apis/apps/v1/namespaces/{self.namespace(place)}/deployments/fb-tiny-app-{self.mark}-{place}"
        return dict(self.sandbox.api("GET", path)["metadata"]["annotations"])

    def remove(self) -> None:
        for place in ("test", "live"):
            try:
                self.sandbox.api("DELETE", f"/api/v1/namespaces/{self.namespace(place)}")
            except Refused as error:
                assert error.status == 404, error
