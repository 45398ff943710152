"""A web server for tests of the sandbox, with faults on request. Standard library only.

Environment: HOST, PORT; EXIT_CODE (exit at once), EXIT_AFTER (seconds, then EXIT_CODE or 1), START_DELAY
(seconds before it listens), IGNORE_SIGTERM, STOP_DELAY (seconds to finish after SIGTERM), ALLOCATE (MiB),
SAY (a line for the log), UNHEALTHY_FILE / UNREADY_FILE (below CONTAINER_ROOT: while it exists, /health or
/readiness answers 503 and UNWELL or "no"), SLOW_FILE (below it too: while it exists, /health takes 0.5 s),
UNREADY_SECONDS (such as 2-8: from 2 to 8 s after its start /readiness answers 503), VERSION (what / and
/version tell), VERSION_TEXT (what /version answers instead, as it is).
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(os.environ.get("CONTAINER_ROOT", "/"))
ENV = os.environ
STARTED = time.monotonic()


def unready() -> bool:
    first, _, last = ENV.get("UNREADY_SECONDS", "0-0").partition("-")
    return float(first) <= time.monotonic() - STARTED < float(last)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/health":
            time.sleep(0.5 if self.has("SLOW_FILE") else 0)
            self.answer(*self.state("UNHEALTHY_FILE"))
        elif path == "/readiness":
            self.answer(503, "not yet") if unready() else self.answer(*self.state("UNREADY_FILE"))
        elif path == "/env":
            self.answer(200, json.dumps(dict(ENV)))
        elif path == "/version":
            self.answer(200, ENV.get("VERSION_TEXT") or json.dumps({"version": ENV.get("VERSION", "1")}))
        elif path == "/slow":
            time.sleep(float(self.path.partition("?")[2] or 1))
            self.answer(200, "slow")
        elif path.startswith("/file/"):
            file = ROOT / path.removeprefix("/file/")
            self.answer(200, file.read_text()) if file.is_file() else self.answer(404, "no such file")
        else:
            self.answer(200, json.dumps({"host": ENV.get("HOSTNAME"), "version": ENV.get("VERSION", "1")}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/file/"):
            file = ROOT / self.path.removeprefix("/file/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        elif self.path == "/say":
            print(body.decode(), flush=True)
        elif self.path == "/exit":
            os._exit(int(body or 1))
        self.answer(200, "ok")

    def state(self, name: str) -> tuple[int, str]:
        return (503, ENV.get("UNWELL", "no")) if self.has(name) else (200, "ok")

    def has(self, name: str) -> bool:
        return name in ENV and (ROOT / ENV[name]).exists()

    def answer(self, code: int, text: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    if "SAY" in ENV:
        print(ENV["SAY"], flush=True)
        print("on stderr", file=sys.stderr, flush=True)
    if "ALLOCATE" in ENV:
        keep = bytearray(os.urandom(1 << 20)) * int(ENV["ALLOCATE"])
        print(f"allocated {len(keep)}", flush=True)
    if "EXIT_AFTER" in ENV:
        threading.Timer(float(ENV["EXIT_AFTER"]), os._exit, (int(ENV.get("EXIT_CODE", "1")),)).start()
    elif "EXIT_CODE" in ENV:
        sys.exit(int(ENV["EXIT_CODE"]))
    time.sleep(float(ENV.get("START_DELAY", "0")))
    server = ThreadingHTTPServer((ENV.get("HOST", "0.0.0.0"), int(ENV.get("PORT", "3000"))), Handler)  # noqa: S104

    def stop(*_: object) -> None:
        print("stopping", flush=True)
        time.sleep(float(ENV.get("STOP_DELAY", "0")))
        os._exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if "IGNORE_SIGTERM" in ENV else stop)
    server.serve_forever()


if __name__ == "__main__":
    main()
