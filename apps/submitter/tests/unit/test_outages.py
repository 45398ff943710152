"""Whatever a submission needs is away for a while: it is sent when that is back, each of its parts once."""

import asyncio
import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from fb_platform import logs
from fb_platform.database import Database
from fb_testing.doors import WAYS, Door, door
from fb_testing.http import client
from fb_testing.keyed import SLUG, SUBMISSION_KEY
from fb_testing.keys import KeyServer
from fb_testing.runner import ADDRESS, STORY, Runner, encrypt, form
from fb_testing.servers import serving
from fb_testing.waiting import until
from submitter import api
from submitter import queue as queue_module
from submitter.collaborators import Collaborators
from submitter.delivery import MailServer
from submitter.queue import Queue, Queued
from submitter.worker import Worker

from .conftest import Others, running
from .work import attempts

PERSONAL = (
    "Zoë",
    "Zo\\u00eb",
    "Petty France",
    "Two dogs",
    "canary",
    "user-1",
    "identity",
    *STORY.split("\n"),
)
EVERYTHING = ("pdf generator", "filestore", "mail server", "webhook")


@pytest.fixture
def doors(others: Others) -> Iterator[dict[str, Door]]:
    """One before each thing that the worker talks to."""
    with ExitStack() as stack:
        web = int(others.url.rpartition(":")[2])
        ports = {name: others.smtp_port if name == "mail server" else web for name in EVERYTHING}
        yield {name: stack.enter_context(door(port)) for name, port in ports.items()}


@pytest.fixture
def worker(
    queue: Queue, doors: dict[str, Door], collaborators: Collaborators, monkeypatch: pytest.MonkeyPatch
) -> Worker:
    """One that loses its patience, and takes heart again, within a moment."""
    monkeypatch.setattr(queue_module, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(queue_module, "LONGEST_RETRY", 0.2)
    collaborators.pdf_generator = doors["pdf generator"].url
    collaborators.http = httpx.Client(timeout=0.2)
    mail = MailServer("127.0.0.1", doors["mail server"].port, seconds=0.2)
    return Worker(queue, collaborators, mail, SUBMISSION_KEY, threads=2)


@contextmanager
def logging_as_in_production() -> Iterator[None]:
    logs.start("submitter-worker")
    try:
        yield
    finally:
        logging.getLogger().handlers = []


def everything(doors: dict[str, Door], others: Others) -> Queued:
    """A submission that needs all of them: an email with PDF and upload to two people, CSV, and a webhook."""
    others.files = {"canary.jpg": b"canary"}
    files, hook = doors["filestore"].url, doors["webhook"].url
    mail = {"from": "forms@gov.example", "subject": "Complaint of canary", "email_body": "canary"}
    actions = [
        {"kind": "email", "to": "canary-1@example.com, canary-2@example.com", **mail}
        | {"include_pdf": True, "include_attachments": True},
        {"kind": "csv", "to": "canary-3@example.com", **mail},
        {"kind": "json", "url": f"{hook}/hook", "key": "0123456789abcdef"},
    ]
    uploads = [{"filename": "canary.jpg", "mimetype": "image/jpeg", "url": f"{files}/files/canary.jpg"}]
    return Queued(
        id=str(uuid.uuid4()), service=SLUG, namespace="n", user="user-1", request_id="r-1",
        encrypted_submission=encrypt(form(SLUG, actions=actions, attachments=uploads), SUBMISSION_KEY),
        encrypted_user="identity", received_at=time.time(),
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("away", EVERYTHING)
def test_it_is_sent_once_when_what_it_needs_is_back(
    worker: Worker, doors: dict[str, Door], others: Others, away: str, way: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    item = everything(doors, others)
    doors[away].shut(way)
    worker.queue.put(item)
    with logging_as_in_production(), running(worker):
        until("three attempts", lambda: attempts(worker.queue) >= 3)
        assert worker.queue.state(item.id, SLUG) == "waiting"
        doors[away].open()
        until("the delivery", lambda: worker.queue.state(item.id, SLUG) == "delivered")
    sent = Counter((mail["X-Recipient"], len(list(mail.iter_attachments()))) for mail in others.mails)
    assert sent == {
        ("canary-1@example.com", 2): 1, ("canary-2@example.com", 2): 1, ("canary-3@example.com", 1): 1
    }  # fmt: skip
    assert len(others.of("hook")) == 1
    said = capsys.readouterr().out
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["message"] for line in lines].count("delivered") == 1
    failed = [line for line in lines if line["message"] == "an action failed"]
    assert len(failed) >= 2
    assert all(line["submission"] == item.id and line["error"] for line in failed)
    assert [word for word in (*PERSONAL, *ADDRESS.values()) if word in said] == []


def test_an_answer_that_trickles_holds_no_worker_for_ever(
    worker: Worker, others: Others, doors: dict[str, Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time; the whole never would."""
    monkeypatch.setattr("submitter.collaborators.LONGEST", 0.2)

    async def trickle(scope: dict[str, object], receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        for _ in range(30):
            await send({"type": "http.response.body", "body": b"%", "more_body": True})  # type: ignore[operator]
            await asyncio.sleep(0.05)

    with serving(trickle, lifespan="off") as worker.others.pdf_generator:
        worker.queue.put(everything(doors, others))
        with running(worker):
            until("a second attempt", lambda: attempts(worker.queue) >= 2)


@pytest.mark.parametrize("way", WAYS)
def test_without_token_cache_the_runner_hears_so_and_may_try_again(
    key_server: KeyServer, runner: Runner, sqlite_url: str, queue: Queue, way: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("SUBMISSION_DECRYPTION_KEY", SUBMISSION_KEY)
    document = form(SLUG, actions=[])
    with door(int(key_server.url.rpartition(":")[2])) as cache, logging_as_in_production():
        monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", cache.url)
        monkeypatch.setattr("fb_platform.tokens.SECONDS", 0.3)
        with serving(api.build()) as url:
            cache.shut(way)
            answer = runner.submit(url, document)
            assert (answer.status_code, answer.json()["message"]) == (
                503, "the service token cache does not answer"
            )  # fmt: skip
            assert client.get(f"{url}/health").status_code == 200
            assert queue.claim("nobody has anything to do") is None
            cache.open()
            assert runner.submit(url, document).status_code == 201
    said = capsys.readouterr().out
    assert [word for word in (*PERSONAL, *ADDRESS.values(), runner.user) if word in said] == []
    assert [json.loads(line)["status"] for line in said.splitlines() if '"request"' in line] == [503, 201]


def test_a_database_that_goes_away_in_the_middle_repeats_nothing(
    worker: Worker, doors: dict[str, Door], others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent and marked before the database went is not sent again after it."""
    monkeypatch.setattr("submitter.worker.DATABASE_RETRY", 0.05)
    worker.queue.lease = 0.3
    item = everything(doors, others)
    doors["webhook"].shut("refused")
    worker.queue.put(item)
    good, gone = worker.queue.database, Database("postgresql://nobody@127.0.0.1:1/nothing")
    with running(worker):
        until("the mails", lambda: len(others.mails) == 3)
        until("an attempt at the webhook", lambda: attempts(worker.queue) >= 2)
        worker.queue.database = gone
        until("failures", lambda: worker.failures > 2)
        doors["webhook"].open()
        worker.queue.database = good
        until("the delivery", lambda: worker.queue.state(item.id, SLUG) == "delivered")
    assert (len(others.mails), len(others.of("hook"))) == (3, 1)
