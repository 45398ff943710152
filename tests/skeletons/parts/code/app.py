"""What all skeletons run: a web server, a worker, a migration or a tidying, by the word after its name."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WORD = Path(__file__).with_name("word")


def told(env: Mapping[str, str]) -> dict[str, str]:
    """What its chart told it; of its secret only a digest."""
    secret = env.get("SECRET_KEY_BASE", "")
    return {
        "greeting": env.get("GREETING", ""),
        "limit": env.get("LIMIT", ""),
        "space": env.get("ENVIRONMENT_NAME", ""),
        "secret": hashlib.sha256(secret.encode()).hexdigest()[:16] if secret else "",
        "word": WORD.read_text(encoding="utf-8").strip(),
    }


def answer(path: str, env: Mapping[str, str]) -> tuple[int, str]:
    """Status and body for an address."""
    if path in ("/health", "/readiness"):
        return 200, "healthy"
    if path == "/version":
        return 200, json.dumps({"version": env.get("APP_SHA", "")})
    if path == "/metrics":
        return 200, "skeleton_requests_total 1\n"
    if path == "/told":
        return 200, json.dumps(told(env))
    return 404, "nothing is here"


class Handler(BaseHTTPRequestHandler):
    """Answers GET."""

    def do_GET(self) -> None:
        code, text = answer(self.path, os.environ)
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(what: str) -> None:
    """Serve, work, migrate or tidy."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if what in ("migrate", "tidy"):
        print(f"{what}: done")
        return
    while what == "work":
        time.sleep(1)
    ThreadingHTTPServer((os.environ.get("HOST", "0.0.0.0"), 3000), Handler).serve_forever()  # noqa: S104


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "serve")
