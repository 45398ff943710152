"""A registry that refuses as it is told, in a pod: python3 registry.py FOLDER.

FOLDER has answers.json (see scripts/toolkit/drills/grounds/counterparts.py: each is used once, the last one
for ever), content.json ("manifests/sha256:..." to [media type, base64]) and login, the header that "login"
asks for. Standard library only: it runs in the drilled app's image.
"""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
ANSWERS = json.loads((FOLDER / "answers.json").read_text())
CONTENT = json.loads((FOLDER / "content.json").read_text())
LOGIN = (FOLDER / "login").read_text()
turn = threading.Lock()


def next_answer() -> str:
    with turn:
        return ANSWERS.pop(0) if len(ANSWERS) > 1 else ANSWERS[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        answer = next_answer()
        if answer == "drop":
            self.close_connection = True
            return
        if answer == "login":
            answer = "ok" if self.headers.get("Authorization") == LOGIN else "401"
        kind = "blobs" if "/blobs/" in self.path else "manifests"
        media, content = CONTENT.get(f"{kind}/{self.path.rpartition('/')[2]}", ["", ""])
        body = base64.b64decode(content) if answer == "ok" else b""
        self.send_response(int(answer) if answer != "ok" else 200 if body else 404)
        if answer == "401":
            self.send_header("WWW-Authenticate", 'Basic realm="drill"')
        if body:
            self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()
