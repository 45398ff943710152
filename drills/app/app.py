"""The app that drills break: it adds two numbers. Standard library only, so that its image is there at once.

It goes wrong as its environment tells it to:
EXIT_CODE, SAY     ends at its start with that code, after saying that
EXIT_ONCE          ends with code 1, but only the first time that this pod starts it
FAIL_AFTER         seconds after its start it gets unready, and once that was noticed it ends with code 1;
                   FAIL_ONCE_AFTER: only the first time
ALLOCATE           MiB of memory that it takes; ALLOCATE_ONCE: only the first time
START_DELAY        seconds before it listens
UNHEALTHY          /health answers 503; a number: for so many seconds
UNREADY            /readiness answers 503; a number: for so many seconds; 3-9: from 3 to 9 s, 3-: from then on
DEPENDS_ON         host:port that /readiness must be able to connect to
GRPC_NOT_SERVING   gRPC's health service is on port 3001, and says so; a number: for so many seconds
WRONG              adds wrongly; SLOW: takes so many seconds for it
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import grpc_health

ENV = os.environ
STARTED = time.monotonic()
STATE = Path(ENV.get("CONTAINER_ROOT", "/")) / "state"
# Readiness has said no this often before it ends: by then nobody sends it requests any more.
GOODBYES = 2

leaving = threading.Event()
goodbyes = threading.Semaphore(0)


def first(name: str) -> bool:
    """Whether this fault is asked for, and this pod starts it for the first time (/state is the pod's)."""
    mark = STATE / name
    if name not in ENV or mark.exists():
        return False
    mark.touch()
    return True


def holds(name: str) -> bool:
    """Whether a fault holds now; its variable may say for how many seconds, or from when to when."""
    value = ENV.get(name, "")
    first, _, last = value.rpartition("-") if not value.endswith("-") else (value[:-1], "-", "inf")
    try:
        return float(first or 0) <= time.monotonic() - STARTED < float(last)
    except ValueError:
        return bool(value)


def why_unready() -> str:
    if leaving.is_set():
        return "about to end"
    if holds("UNREADY"):
        return "not warmed up"
    if where := ENV.get("DEPENDS_ON"):
        host, _, port = where.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError as error:
            return f"cannot reach {where}: {error.strerror or error}"
    return ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/health":
            self.answer(503 if holds("UNHEALTHY") else 200, "")
        elif url.path == "/readiness":
            why = why_unready()
            self.answer(503 if why else 200, why)
            if leaving.is_set():
                goodbyes.release()
        elif url.path in ("/version", "/release"):  # what it says it is, and what it really is
            self.answer(200, ENV.get(url.path.strip("/").upper(), ""))
        elif url.path == "/add":
            time.sleep(float(ENV.get("SLOW", "0")))
            given = parse_qs(url.query)
            total = sum(int(number) for number in given.get("n", []))
            self.answer(200, json.dumps({"sum": total + bool(ENV.get("WRONG"))}))
        else:
            self.answer(404, "")

    def do_POST(self) -> None:
        """/leave: unready first, so that no request is lost, and then the end."""
        self.answer(202 if self.path == "/leave" else 404, "")
        if self.path == "/leave":
            leave()

    def answer(self, code: int, text: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def leave() -> None:
    def end() -> None:
        for _ in range(GOODBYES):
            goodbyes.acquire()
        time.sleep(0.5)
        os._exit(1)

    print("the cupboard is bare", flush=True)
    leaving.set()
    threading.Thread(target=end, daemon=True).start()


def main() -> None:
    if "SAY" in ENV:
        print(ENV["SAY"], flush=True)
    if "EXIT_CODE" in ENV or first("EXIT_ONCE"):
        sys.exit(int(ENV.get("EXIT_CODE", "1")))
    if "ALLOCATE" in ENV or first("ALLOCATE_ONCE"):
        keep = bytearray(os.urandom(1 << 20)) * int(ENV.get("ALLOCATE") or ENV["ALLOCATE_ONCE"])
        time.sleep(2)  # the limit is looked at, not felt: it must not be gone again before
        print(f"holding {len(keep)} bytes", flush=True)
    if "FAIL_AFTER" in ENV or first("FAIL_ONCE_AFTER"):
        seconds = float(ENV.get("FAIL_AFTER") or ENV["FAIL_ONCE_AFTER"])
        threading.Timer(seconds, leave).start()
    time.sleep(float(ENV.get("START_DELAY", "0")))
    host = ENV.get("HOST", "0.0.0.0")  # noqa: S104
    if "GRPC_NOT_SERVING" in ENV:
        asked = (host, 3001, lambda: not holds("GRPC_NOT_SERVING"))
        threading.Thread(target=grpc_health.serve, args=asked, daemon=True).start()
    server = ThreadingHTTPServer((host, 3000), Handler)
    server.daemon_threads = True

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever(poll_interval=0.05)
    os._exit(0)


if __name__ == "__main__":
    main()
