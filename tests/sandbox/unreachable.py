"""Clusters that do not answer, or not as they should."""

from __future__ import annotations

import http.server
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.credentials import load
from toolkit.settings.model import Cluster


def reach(kubeconfig: Path) -> Connection:
    """A connection that was not checked."""
    cluster = Cluster("sandbox", "docker", kubeconfig=kubeconfig)
    return Connection(cluster, "one", load(cluster, "one", kubeconfig.parent))


@contextmanager
def answering(answer: Any) -> Iterator[int]:
    """The port of a server that answers every request so."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def kubeconfig(folder: Path, port: int) -> Path:
    """A kubeconfig for a server on that port of this machine."""
    config = {
        "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "x", "user": {"token": uuid.uuid4().hex}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    return folder / "kubeconfig"
