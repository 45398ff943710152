"""The end of the server, which all apps share: who is connected when SIGTERM comes is still answered."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fb_testing.servers import free_port
from fb_testing.waiting import until

SHARED = Path(__file__).parents[3] / "shared"
APP = """
import asyncio
from fb_platform import web
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def slow(request):
    await asyncio.sleep(1)
    return PlainTextResponse("at last")

web.serve("stopping", lambda: web.application([Route("/slow", slow)]))
"""


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, path: str) -> None:
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    def receive(self, word: bytes) -> bytes:
        answer = b""
        while not answer.endswith(word):
            piece = self.socket.recv(65536)
            assert piece, f"closed after {answer!r}"
            answer += piece
        return answer


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SHARED), "HOST": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-c", APP], env=env, stdout=subprocess.PIPE)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until("the server", listens)
    yield process
    process.kill()
    process.communicate()


def test_a_connection_that_idles_at_sigterm_still_gets_an_answer_and_is_asked_to_leave(
    server: subprocess.Popen[bytes], port: int
) -> None:
    idle, busy, gone = Client(port), Client(port), Client(port)
    for each in (idle, gone):
        each.send("/health")
        assert b"connection: close" not in each.receive(b"healthy")
    busy.send("/slow")
    gone.socket.close()
    server.send_signal(signal.SIGTERM)
    assert b"connection: close" in busy.receive(b"at last")
    idle.send("/health")
    assert b"connection: close" in idle.receive(b"healthy")
    assert idle.socket.recv(1) == b"", "the server closes what it said it would"
    assert server.wait(15) == 0


def test_it_ends_although_somebody_stays_connected_and_says_nothing(
    server: subprocess.Popen[bytes], port: int
) -> None:
    quiet = Client(port)
    quiet.send("/health")
    quiet.receive(b"healthy")
    server.send_signal(signal.SIGTERM)
    assert quiet.socket.recv(1) == b"", "in the end it is let go of"
    assert server.wait(15) == 0
