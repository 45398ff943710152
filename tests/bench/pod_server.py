"""An API server's answers about many pods, made beforehand so that it can send faster than anybody reads.

`python -m tests.bench.pod_server PODS CRASHING` prints its address. Below ADDRESS/N a watch ends after
N events of each pod; the last has every CRASHING-th pod in a crash loop. Who asks for Tables gets Tables.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.bench import pods
from tests.bench.pods import compact

Json = dict[str, Any]
PAGE = 500
AT_ONCE = 64
RESTARTS = 2


class Answers(NamedTuple):
    """Of one form, pods or Tables: each pod's list item, event when all is well and event when it crashes."""

    items: Sequence[bytes]
    calm: Sequence[bytes]
    last: Sequence[bytes]
    kind: bytes
    version: bytes

    def page(self, first: int, until: int) -> bytes:
        """A list of some of the pods; it says where it goes on."""
        more = b',"continue":"%d"' % until if until < len(self.items) else b""
        head = b'{"kind":"%s","apiVersion":"%s","metadata":{"resourceVersion":"1"%s},' % (
            self.kind,
            self.version,
            more,
        )
        if self.kind == b"Table":
            head += b'"columnDefinitions":%s,"rows":[' % compact(COLUMNS)
        else:
            head += b'"items":['
        return head + b",".join(self.items[first:until]) + b"]}"

    def stream(self, turns: int) -> Iterator[bytes]:
        """The chunks of a watch."""
        for turn in range(turns):
            lines = self.last if turn == turns - 1 else self.calm
            for first in range(0, len(lines), AT_ONCE):
                yield b"".join(lines[first : first + AT_ONCE])
        yield b"0\r\n\r\n"


COLUMNS = [
    {
        "name": name,
        "type": "string",
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": 0,
    }
    for name in ("Name", "Ready", "Status", "Restarts", "Age")
]


def prepare(count: int, every: int) -> tuple[Answers, Answers]:
    """The answers as pods and as Tables."""
    items, rows = [], []
    calm, last, table_calm, table_last = [], [], [], []
    for index in range(count):
        well, ill = pods.pod(index, index + 2, 0), None
        if index % every == every - 1:
            ill = pods.pod(index, index + 2, RESTARTS)
        items.append(compact(well))
        rows.append(compact(row(well)))
        calm.append(chunk(b'{"type":"MODIFIED","object":%s}\n' % items[-1]))
        table_calm.append(chunk(compact(table_event(well)) + b"\n"))
        last.append(chunk(compact({"type": "MODIFIED", "object": ill}) + b"\n") if ill else calm[-1])
        table_last.append(chunk(compact(table_event(ill)) + b"\n") if ill else table_calm[-1])
    return (
        Answers(items, calm, last, b"PodList", b"v1"),
        Answers(rows, table_calm, table_last, b"Table", b"meta.k8s.io/v1"),
    )


def chunk(line: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(line), line)


def row(pod: Json) -> Json:
    """What an API server puts into a Table: the printed cells, and the metadata."""
    status = pod["status"]["containerStatuses"][0]
    state = "Running" if status["ready"] else "CrashLoopBackOff"
    part = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": pod["metadata"]}
    cells = [pod["metadata"]["name"], f"{status['ready']:d}/1", state, str(status["restartCount"]), "3d"]
    return {"cells": cells, "object": part}


def table_event(pod: Json) -> Json:
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "columnDefinitions": COLUMNS}
    return {"type": "MODIFIED", "object": {**table, "rows": [row(pod)]}}


DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "pods",
                "singularName": "pod",
                "namespaced": True,
                "kind": "Pod",
                "verbs": ["get", "list", "watch"],
                "shortNames": ["po"],
            }
        ],
    },
    "/version": {"major": "1", "minor": "32"},
}


def serve(count: int, every: int) -> None:
    """Serve until the process is ended."""
    as_pods, as_tables = prepare(count, every)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            turns, _, path = parts.path.lstrip("/").partition("/")
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            known = DISCOVERY.get(f"/{path}")
            answers = as_tables if "as=Table" in self.headers.get("Accept", "") else as_pods
            if known is not None:
                self._whole(json.dumps(known).encode())
            elif not path.endswith("/pods"):
                self.send_error(404)
            elif "watch" in query:
                self._head("Transfer-Encoding", "chunked")
                for piece in answers.stream(int(turns)):
                    self.wfile.write(piece)
            else:
                first = int(query.get("continue", 0))
                limit = int(query.get("limit", 0)) or count
                self._whole(answers.page(first, min(first + limit, count)))

        def _head(self, name: str, value: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header(name, value)
            self.end_headers()

        def _whole(self, body: bytes) -> None:
            self._head("Content-Length", str(len(body)))
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client that has seen enough closes its stream

    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
