"""The submitter against real servers on loopback: token cache, pdf generator, filestore, webhooks, mail."""

import asyncio
import email.policy
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from fb_platform.database import Database
from fb_testing.databases import database_url, postgresql
from fb_testing.doubles import others, running_others
from fb_testing.keyed import SUBMISSION_KEY, key_server, keys, runner, running_key_server
from fb_testing.keys import key_pair
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from submitter.collaborators import Collaborators
from submitter.delivery import MailServer
from submitter.queue import Queue
from submitter.worker import Worker

__all__ = ["database_url", "key_server", "keys", "postgresql", "runner", "running_key_server"]  # fixtures
__all__ += ["others", "running_others"]


@contextmanager
def running(worker: Worker) -> Iterator[None]:
    """The worker at its work, on a thread."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def sqlite_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CONTAINER_ROOT", str(tmp_path))
    return "sqlite:////data/queue.db"


@pytest.fixture
def queue(sqlite_url: str) -> Queue:
    queue = Queue(Database(sqlite_url))
    queue.ping()
    return queue


@dataclass
class Others:
    """Everything the worker talks to. `failing`: kinds of requests that answer 503; `calls`: what came in."""

    url: str = ""
    smtp_port: int = 0
    mails: list[Any] = field(default_factory=list)
    calls: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def reset(self) -> None:
        for each in (self.mails, self.calls, self.failing, self.files, self.refused):
            each.clear()

    def of(self, kind: str) -> list[tuple[dict[str, str], Any]]:
        return [(headers, body) for each, headers, body in self.calls if each == kind]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = BytesParser(policy=email.policy.default).parsebytes(envelope.content)
        message["X-Recipient"] = ",".join(envelope.rcpt_tos)
        self.mails.append(message)
        return "250 OK"

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def app(self) -> Starlette:
        def route(kind: str, answer: Callable[[Request, bytes], Response]) -> Callable[[Request], Any]:
            async def handle(request: Request) -> Response:
                body = await request.body()
                self.calls.append((kind, dict(request.headers), body))
                return Response(status_code=503) if kind in self.failing else answer(request, body)

            return handle

        def pdf(_: Request, body: bytes) -> Response:
            return Response(b"%PDF-1.7 " + body, media_type="application/pdf")

        def file(request: Request, _: bytes) -> Response:
            return Response(self.files[request.path_params["name"]])

        def public(request: Request, _: bytes) -> Response:
            name = request.path_params["name"]
            return JSONResponse(
                {"url": f"https://s3/{name}", "encryption_key": "k", "encryption_iv": "i"}, 201
            )

        @asynccontextmanager
        async def smtp(_: Starlette) -> AsyncIterator[None]:
            def conversation() -> SMTP:
                return SMTP(self, enable_SMTPUTF8=True, data_size_limit=10**8)

            server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", 0)
            self.smtp_port = server.sockets[0].getsockname()[1]
            async with server:
                yield

        return Starlette(
            lifespan=smtp,
            routes=[
                Route("/v1/pdfs", route("pdf", pdf), methods=["POST"]),
                Route("/files/{name}", route("file", file)),
                Route("/files/{name}/presigned-s3-url", route("public", public), methods=["POST"]),
                Route("/hook", route("hook", lambda *_: Response()), methods=["POST"]),
            ],
        )


@pytest.fixture(scope="session")
def double() -> Others:
    return Others()


@pytest.fixture(scope="session")
def own_keys() -> tuple[str, str]:
    return key_pair()


@pytest.fixture
def collaborators(others: Others, own_keys: tuple[str, str]) -> Collaborators:
    return Collaborators(others.url, RSAKey.import_key(own_keys[0]), "formbuilder-platform-test-dev")


@pytest.fixture
def mail_server(others: Others) -> MailServer:
    return MailServer("127.0.0.1", others.smtp_port)


@pytest.fixture
def worker(queue: Queue, collaborators: Collaborators, mail_server: MailServer) -> Worker:
    return Worker(queue, collaborators, mail_server, SUBMISSION_KEY, threads=2)
