"""An API server's two answers about pods, made beforehand: a list, and a watch stream of whole-event chunks.

`python pod_server.py FOLDER` serves FOLDER/list.json and FOLDER/events.jsonl and prints its address.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def serve(folder: Path) -> None:
    """Serve until the process is ended."""
    listing = (folder / "list.json").read_bytes()
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    stream = b"".join(b"%x\r\n%s\r\n" % (len(line), line) for line in lines) + b"0\r\n\r\n"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            watch = "watch" in parse_qs(urlsplit(self.path).query)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            name, value = ("Transfer-Encoding", "chunked") if watch else ("Content-Length", str(len(listing)))
            self.send_header(name, value)
            self.end_headers()
            self.wfile.write(stream if watch else listing)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
