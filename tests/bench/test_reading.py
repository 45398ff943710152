"""Reading 1,000 manifests, against `kubectl create --dry-run=client` on the same files."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from tests import ROOT
from tests.bench.measure import Claim, environment, interleaved, prove
from tests.bench.measure import cost as cost_of
from tests.sandbox.local import Sandbox

FILES = 1000
ROUNDS = 3
LIMIT = 3.0
KUBECTL = shutil.which("kubectl")

MANIFEST = """# One of many.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  labels: {{ app: app-{n}, tier: web }}
  annotations:
    note: |
      Several lines
      of text, for {n}.
spec:
  replicas: 2
  selector:
    matchLabels: {{ app: app-{n} }}
  strategy: {{ type: RollingUpdate, rollingUpdate: {{ maxSurge: 1, maxUnavailable: 0 }} }}
  template:
    metadata:
      labels: {{ app: app-{n}, tier: web }}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: app
          image: registry.example.com/team/app-{n}@sha256:{digest}
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: PORT
              value: "8080"
            - name: MODE
              value: production
            - name: HOST
              valueFrom:
                fieldRef:
                  fieldPath: status.podIP
          readinessProbe:
            httpGet: {{ path: /readiness, port: http }}
            periodSeconds: 2
            failureThreshold: 3
          resources:
            requests: {{ cpu: 100m, memory: 64Mi }}
            limits: {{ cpu: 1, memory: 256Mi }}
---
apiVersion: v1
kind: Service
metadata:
  name: app-{n}
spec:
  selector: {{ app: app-{n} }}
  ports: [{{ name: http, port: 80, targetPort: http }}]
"""

# A whole process: the interpreter, the imports, and as many objects as kubectl prints.
READ = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from toolkit.objects import manifests
from toolkit.settings.model import App
app = App("many", "M", 1, Path(sys.argv[2]), "ns-{space}", "many-{space}")
found = manifests.render(app, manifests.values(app, "test-dev", "test", {}, version="1", commit="1"))
assert len(found) == int(sys.argv[3]), len(found)
"""


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed on this machine")
def test_reading_a_thousand_manifests_takes_three_times_as_long_as_kubectl_at_most(tmp_path: Path) -> None:
    folder = tmp_path / "app" / "deploy"
    folder.mkdir(parents=True)
    for n in range(FILES):
        (folder / f"{n:04d}.yaml").write_text(MANIFEST.format(n=n, digest="0" * 64), encoding="utf-8")
    sandbox = Sandbox(tmp_path / "state")
    sandbox.run("up")
    try:
        env = environment(KUBECONFIG=str(sandbox.state / "kubeconfig"))
        kubectl = [str(KUBECTL), "create", "--dry-run=client", "-o", "name", "-f", folder]
        ours = [sys.executable, "-c", READ, ROOT / "scripts", folder.parent, str(2 * FILES)]
        things = {
            name: partial(cost_of, argv, cwd=tmp_path, env=env)
            for name, argv in {"kubectl": kubectl, "toolkit": ours}.items()
        }
        for measure in things.values():
            measure()

        def compare() -> list[Claim]:
            found = interleaved(things, ROUNDS)
            wall, theirs = found["toolkit"].wall, found["kubectl"].wall
            return [
                Claim(
                    f"reading {FILES} manifests against kubectl create --dry-run=client",
                    f"{wall:.2f} s against {theirs:.2f} s (medians of {ROUNDS})",
                    wall / theirs,
                    LIMIT,
                )
            ]

        prove(compare)
    finally:
        sandbox.run("down")
