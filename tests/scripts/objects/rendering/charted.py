"""A repository whose app is a chart, as the platform's are; rendered by a real Helm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.objects import manifests
from toolkit.objects.manifests import UNKNOWN, Capabilities, Values
from toolkit.settings.config import Config
from toolkit.settings.model import App

DIGEST = "sha256:" + "ab" * 32
CONFIG = """
default_cluster = "c"
[environments.test]
spaces = ["test-dev", "test-production"]
[clusters.c]
kubeconfig = "none"
{secrets}
[apps.tiny]
path = "app"
namespace = "ns-{{space}}"
service = "fb-tiny-{{space}}"
images.api = "Dockerfile"
chart = "deploy/chart"
{keys}
"""
WEB = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: "fb-{{ .Values.app_name }}-{{ .Values.environmentName }}"
  labels: { app.kubernetes.io/managed-by: {{ .Release.Service }} }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: tiny } }
  template:
    metadata: { labels: { app: tiny } }
    spec:
      containers:
        - name: api
          image: "{{ .Values.images.api }}"
          env:
            - { name: SHA, value: "{{ .Values.circleSha1 }}" }
"""
SECRET = """apiVersion: v1
kind: Secret
metadata: { name: fb-tiny-secrets }
data:
  key: {{ required "secret_key_base comes from the secrets" .Values.secret_key_base | b64enc }}
"""
SET = (
    'set = { circleSha1 = "{commit}", environmentName = "{space}", app_name = "{app}", replicas = 3, '
    'images = { api = "{image.api}" } }'
)


class Charted:
    """The repository: its files, its configuration, what its chart renders to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chart = root / "app" / "deploy" / "chart"
        self.write("Chart.yaml", "apiVersion: v2\nname: fb-tiny-chart\nversion: 0.1.0\n")
        self.write("values.yaml", "replicas: 1\ngreeting: hello\n")
        self.write("templates/web.yaml", WEB)
        (root / "app" / "Dockerfile").write_text("FROM scratch\n")
        self.configure(SET)

    def write(self, name: str, text: str) -> Path:
        """A file of the chart."""
        file = self.chart / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def configure(self, keys: str, secrets: str = "") -> None:
        """apps.toml: keys of the app, tables of secrets."""
        (self.root / "apps.toml").write_text(CONFIG.format(keys=keys, secrets=secrets))

    @property
    def app(self) -> App:
        """As apps.toml says."""
        return Config.load(self.root / "apps.toml").apps["tiny"]

    def given(
        self, space: str = "test-dev", cluster: Capabilities = UNKNOWN, commit: str = "c0ffee"
    ) -> Values:
        """What the app is told in a space."""
        images = {"api": f"registry.example.com/team/tiny@{DIGEST}"}
        return manifests.values(
            self.app, space, "test", images, version="v1", commit=commit, capabilities=cluster
        )

    def rendered(self, space: str = "test-dev", cluster: Capabilities = UNKNOWN) -> dict[str, Any]:
        """The objects, by Kind/name."""
        found = manifests.render(self.app, self.given(space, cluster))
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}
