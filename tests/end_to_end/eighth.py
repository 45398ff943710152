"""An app that nobody knows: what its folder holds, and its table. It needs another, and has every suite."""

from __future__ import annotations

import re
from pathlib import Path

NAME = "greeter"
TABLE = """
[apps.greeter]
title = "Greeter"
path = "apps/greeter"
language = "python"
images = { web = "Dockerfile" }
namespace = "formbuilder-greeter-{space}"
service = "fb-greeter-{space}"
health = "/health"
needs = ["service-token-cache"]
coverage = 90

[apps.greeter.suites.smoke]
deadline = "60s"
env.GREETER_URL = "{url}"

[apps.greeter.suites.acceptance]
deadline = "60s"
environments = ["test"]
env.GREETER_URL = "{url}"
env.TOKEN_CACHE_URL = "{url:service-token-cache}"
"""

SERVER = '''"""Greets whoever asks. Nothing but the standard library."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(path: str) -> tuple[int, str]:
    """Status and text for a path."""
    if path == "/health":
        return 200, "well"
    name = path.strip("/")
    return (200, f"Hello, {name}!") if name.isalpha() else (404, "nobody of that name")


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Send the answer."""
        status, text = answer(self.path)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:  # pragma: no cover
    """Serve until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer((os.environ["HOST"], 3000), Handler).serve_forever()


if __name__ == "__main__":  # pragma: no cover
    main()
'''

UNIT = '''"""Answers over a real socket, and by themselves."""

import threading
import urllib.request
from http.server import ThreadingHTTPServer

import greeter


def test_who_is_greeted() -> None:
    assert greeter.answer("/Ada") == (200, "Hello, Ada!")
    assert greeter.answer("/4")[0] == 404


def test_over_http() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), greeter.Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/health", timeout=5) as answer:
        assert answer.read() == b"well"
    server.shutdown()
'''

SMOKE = '''"""Does it greet."""

import os
import urllib.request


def test_it_greets() -> None:
    with urllib.request.urlopen(os.environ["GREETER_URL"] + "/Ada", timeout=10) as answer:
        assert answer.read() == b"Hello, Ada!"
'''

ACCEPTANCE = '''"""It greets where the app that it needs is there too."""

import os
import urllib.request


def test_both_answer() -> None:
    for address in (os.environ["GREETER_URL"], os.environ["TOKEN_CACHE_URL"]):
        with urllib.request.urlopen(address + "/health", timeout=10) as answer:
            assert answer.status == 200
'''

DOCKERFILE = """FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY greeter.py ./
USER 1000
EXPOSE 3000
CMD ["python", "greeter.py"]
"""

PYPROJECT = """[tool.pytest.ini_options]
pythonpath = ["."]

[tool.coverage.run]
source_pkgs = ["greeter"]
"""

MANIFESTS = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: fb-greeter-{{ space }}
  labels: { appGroup: fb-greeter }
spec:
  replicas: 2
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  selector: { matchLabels: { app: fb-greeter } }
  template:
    metadata: { labels: { app: fb-greeter, appGroup: fb-greeter } }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      containers:
        - name: web
          image: {{ images.web }}
          ports: [{ name: http, containerPort: 3000 }]
          env: [{ name: HOST, valueFrom: { fieldRef: { fieldPath: status.podIP } } }]
          startupProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1, failureThreshold: 60 }
          readinessProbe: { httpGet: { path: /health, port: http }, periodSeconds: 1 }
          livenessProbe: { httpGet: { path: /health, port: http }, periodSeconds: 10 }
          lifecycle: { preStop: { exec: { command: [sleep, "3"] } } }
          resources: { requests: { cpu: 10m, memory: 32Mi }, limits: { memory: 128Mi } }
---
apiVersion: v1
kind: Service
metadata: { name: {{ service }}, labels: { appGroup: fb-greeter } }
spec:
  selector: { app: fb-greeter }
  ports: [{ name: http, port: 80, targetPort: http }]
"""


def add(root: Path) -> Path:
    """Put the app into a repository, a folder and a table at the end of apps.toml; returns the folder."""
    pinned = (root / "apps/pdf-generator/requirements-test.txt").read_text()
    folder = root / "apps" / NAME
    files = {
        "greeter.py": SERVER,
        "tests/unit/test_greeter.py": UNIT,
        "tests/smoke/test_greeting.py": SMOKE,
        "tests/acceptance/test_both.py": ACCEPTANCE,
        "Dockerfile": DOCKERFILE,
        "pyproject.toml": PYPROJECT,
        "deploy/greeter.yaml": MANIFESTS,
        "requirements.txt": _pin(pinned, "h11"),
        "requirements-test.txt": pinned,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    table = root / "apps.toml"
    table.write_text(table.read_text() + TABLE)
    return folder


def _pin(pinned: str, package: str) -> str:
    """The lines of one package of a requirements.txt, hashes included."""
    found = re.search(rf"^{package}==.*(\n    --hash=.*)+", pinned, re.MULTILINE)
    assert found
    return found.group() + "\n"
