"""gRPC's health service, as much of it as a probe asks for; standard library only, as app.py.

Of HTTP/2 (RFC 9113) it speaks what one small call needs: it reads no header, for whatever is asked of it is
Health/Check, and says its own ones without compressing them (RFC 7541).
"""

import socketserver
import struct
from collections.abc import Callable

PREFACE = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
DATA, HEADERS, SETTINGS, PING, GOAWAY = 0, 1, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
SERVING, NOT_SERVING = 1, 2  # grpc.health.v1.HealthCheckResponse.ServingStatus


def literal(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


# :status 200 is entry 8 of HPACK's table, content-type the name of entry 31 (15 and 16 more).
HEAD = b"\x88" + b"\x0f\x10" + literal("application/grpc")
TRAILER = b"\x00" + literal("grpc-status") + literal("0")


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def answer(stream: int, status: int) -> bytes:
    message = bytes([0x08, status])  # field 1 of the response
    data = struct.pack(">BI", 0, len(message)) + message
    head = frame(HEADERS, END_HEADERS, stream, HEAD)
    return head + frame(DATA, 0, stream, data) + frame(HEADERS, END_HEADERS | END_STREAM, stream, TRAILER)


def serve(host: str, port: int, is_serving: Callable[[], bool]) -> None:
    """Answer probes for ever; is_serving is asked each time."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.read(PREFACE)
            self.wfile.write(frame(SETTINGS, 0, 0, b""))
            while len(head := self.rfile.read(9)) == 9:
                kind, flags, stream = struct.unpack(">BBI", head[3:])
                payload = self.rfile.read(int.from_bytes(head[:3], "big"))
                if kind in (SETTINGS, PING) and not flags & ACK:
                    self.wfile.write(frame(kind, ACK, 0, payload if kind == PING else b""))
                elif kind in (HEADERS, DATA) and flags & END_STREAM:
                    self.wfile.write(answer(stream, SERVING if is_serving() else NOT_SERVING))
                elif kind == GOAWAY:
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            pass  # who asked is gone

    with Server((host, port), Handler) as server:
        server.serve_forever()
