"""The worker against real servers: what comes out, once, whatever happens in between."""

from __future__ import annotations

import base64
import csv
import io
import json
import threading
import time
from typing import Any

import pytest
from fb_platform.database import Database
from fb_testing.keyed import SLUG, SUBMISSION_KEY
from fb_testing.runner import ADDRESS, STORY, form
from fb_testing.waiting import until
from joserfc import jwe, jwt
from joserfc.jwk import OctKey, RSAKey
from submitter import queue as queue_module
from submitter.queue import Queue
from submitter.worker import Worker

from .conftest import Others, running
from .work import attempts, deliver, email, put


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "FIRST_RETRY", 0.05)


def attached(message: Any) -> dict[str, bytes]:
    return {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}


def test_email_with_pdf_for_each_recipient(worker: Worker, others: Others, own_keys: tuple[str, str]) -> None:
    action = email(to="a@example.com, b@example.com,a@example.com", include_pdf=True)
    item = put(worker.queue, form(SLUG, actions=[action]))
    deliver(worker, item)
    assert sorted(mail["X-Recipient"] for mail in others.mails) == ["a@example.com", "b@example.com"]
    for mail in others.mails:
        assert mail["subject"] == f"Complaint {{{item.id}}} [1/1]"
        assert mail["from"] == "Forms <f@gov.example>"
        assert mail.get_body().get_content().strip() == "Hello"
        assert list(attached(mail)) == [f"{item.id}-answers.pdf"]
    assert len({mail["message-id"] for mail in others.mails}) == 2
    [(headers, body)] = others.of("pdf")
    sent = json.loads(body)
    assert (sent["submission_id"], sent["pdf_heading"]) == (item.id, "Complaint form")
    assert [question["human_value"] for question in sent["sections"][0]["questions"]] == [
        "Zoë O’Neill-Çelik",
        STORY,
        "\n".join(ADDRESS.values()),
        "A cat\nTwo dogs",
    ]
    claims = jwt.decode(headers["x-access-token-v2"], RSAKey.import_key(own_keys[1])).claims
    assert (claims["iss"], claims["sub"], claims["service"]) == ("submitter", "user-1", SLUG)
    assert abs(claims["iat"] - time.time()) < 10
    assert headers["x-request-id"] == "r-1"


def test_attachments_are_split_over_mails(
    worker: Worker, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submitter.outputs.MAIL_LIMIT", 70_000)
    sizes = {"one.bin": 40_000, "two.bin": 30_000, "three.bin": 1, "four.bin": 75_000}
    others.files = {name: name.encode()[:1] * size for name, size in sizes.items()}
    files = [
        {"filename": name, "mimetype": "application/x-thing", "url": f"{others.url}/files/{name}"}
        for name in sizes
    ]
    item = put(worker.queue, form(SLUG, actions=[email(include_attachments=True)], attachments=files))
    deliver(worker, item)
    mails = {mail["subject"].rpartition(" ")[2]: attached(mail) for mail in others.mails}
    assert {part: list(found) for part, found in mails.items()} == {
        "[1/3]": ["one.bin", "two.bin"],
        "[2/3]": ["three.bin"],
        "[3/3]": ["four.bin"],
    }
    assert mails["[1/3]"] | mails["[2/3]"] | mails["[3/3]"] == others.files
    assert {headers["x-encrypted-user-id-and-token"] for headers, _ in others.of("file")} == {"identity"}


def test_csv(worker: Worker, others: Others) -> None:
    item = put(worker.queue, form(SLUG, actions=[{**email(), "kind": "csv"}]))
    deliver(worker, item)
    [mail] = others.mails
    [(name, content)] = attached(mail).items()
    assert name == f"{item.id}-answers.csv"
    header, row = csv.reader(io.StringIO(content.decode()))
    assert header == [
        "submission_id",
        "submission_at",
        "name",
        "story",
        *(f"home/{p}" for p in ADDRESS),
        "pets",
    ]
    assert row == [
        item.id, "2026-11-23T04:30:49.500Z", "Zoë O’Neill-Çelik", STORY, *ADDRESS.values(),
        "Data not available in CSV format",
    ]  # fmt: skip


def test_json_webhook(worker: Worker, others: Others) -> None:
    files = [{"filename": "cat.jpg", "mimetype": "image/jpeg", "url": f"{others.url}/files/cat"}]
    action = {"kind": "json", "url": f"{others.url}/hook", "key": "0123456789abcdef"}
    item = put(worker.queue, form(SLUG, actions=[action], attachments=files))
    deliver(worker, item)
    [(headers, body)] = others.of("hook")
    token = jwe.decrypt_compact(body, OctKey.import_key("0123456789abcdef"), algorithms=["dir", "A128GCM"])
    assert token.headers() == {"alg": "dir", "enc": "A128GCM"}
    assert headers["content-type"] == "application/jose"
    file = {"url": "https://s3/cat", "encryption_key": "k", "encryption_iv": "i"}
    assert json.loads(token.plaintext or b"") == {
        "serviceSlug": SLUG,
        "submissionId": item.id,
        "submissionAnswers": {
            "name": "Zoë O’Neill-Çelik", "story": STORY, "home": ADDRESS, "pets": ["A cat", "Two dogs"]
        },
        "attachments": [{**file, "mimetype": "image/jpeg", "filename": "cat.jpg"}],
    }  # fmt: skip


def test_an_action_that_fails_holds_up_no_other_and_nothing_is_sent_twice(
    worker: Worker, others: Others
) -> None:
    others.failing = {"pdf", "hook"}
    others.refused = {"full@example.com"}
    hook = {"kind": "json", "url": f"{others.url}/hook", "key": "0123456789abcdef"}
    actions = [
        email(include_pdf=True),
        hook,
        email(to="full@example.com"),
        email(to="x@example.com,full@example.com,y@example.com"),
        {**email(to="csv@example.com"), "kind": "csv"},
    ]
    item = put(worker.queue, form(SLUG, actions=actions))
    with running(worker):
        until("three attempts", lambda: len(others.of("hook")) >= 3)
        arrived = [mail["X-Recipient"] for mail in others.mails]
        assert arrived == ["x@example.com", "y@example.com", "csv@example.com"]
        assert worker.queue.state(item.id, SLUG) == "waiting"
        others.failing, others.refused = set(), set()
        until("the delivery", lambda: worker.queue.state(item.id, SLUG) == "delivered")
    recipients = sorted(mail["X-Recipient"] for mail in others.mails)
    one = ["a@example.com", "csv@example.com", "x@example.com", "y@example.com"]
    assert recipients == sorted([*one, "full@example.com", "full@example.com"])


def test_an_outage_of_minutes_loses_nothing(worker: Worker, others: Others) -> None:
    item = put(worker.queue, form(SLUG, actions=[email(include_pdf=True)]), received_at=time.time() - 600)
    deliver(worker, item)
    assert len(others.mails) == 1


def test_a_pdf_generator_that_answers_nonsense_is_no_pdf(worker: Worker, others: Others) -> None:
    with pytest.raises(Exception, match="something else"):
        worker.others.pdf_generator = f"{others.url}/hook?"
        worker.others.pdf(put(worker.queue, {}), form_of(SLUG))


def form_of(slug: str) -> Any:
    from submitter.submission import parse

    return parse(json.dumps(form(slug, actions=[])).encode())


def test_too_large_an_attachment(worker: Worker, others: Others, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("submitter.collaborators.LARGEST", 10)
    others.files = {"big": b"x" * 11}
    attachment = {"filename": "big", "mimetype": "a/b", "url": f"{others.url}/files/big"}
    put(worker.queue, form(SLUG, actions=[email(include_attachments=True)], attachments=[attachment]))
    with running(worker):
        until("two attempts", lambda: len(others.of("file")) >= 2)
    assert others.mails == []


def test_given_up_is_kept(worker: Worker, others: Others, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "GIVE_UP", 0.0)
    others.failing = {"hook"}
    hook = {"kind": "json", "url": f"{others.url}/hook", "key": "0123456789abcdef"}
    item = put(worker.queue, form(SLUG, actions=[hook]), received_at=time.time())
    with running(worker):
        until("giving up", lambda: worker.queue.state(item.id, SLUG) == "failed")


def test_a_payload_under_another_key_waits(worker: Worker) -> None:
    worker.queue.lease = 0.1
    item = put(worker.queue, form(SLUG, actions=[]))
    worker.key = "F" * 32
    with running(worker):
        until("a second attempt", lambda: attempts(worker.queue) > 1)
    worker.key = SUBMISSION_KEY
    worker.stopping.clear()
    deliver(worker, item)


def test_stopping_hands_back_the_rest(worker: Worker, others: Others) -> None:
    held, go_on = threading.Event(), threading.Event()
    deliver_for_real = worker.others.deliver

    def slow(url: str, token: str) -> None:
        held.set()
        go_on.wait(10)
        deliver_for_real(url, token)

    worker.others.deliver = slow  # type: ignore[method-assign]
    hook = {"kind": "json", "url": f"{others.url}/hook", "key": "0123456789abcdef"}
    item = put(worker.queue, form(SLUG, actions=[hook, email()]))
    with running(worker):
        assert held.wait(10)
        worker.stop()
        go_on.set()
    assert others.mails == []
    assert worker.queue.done(item.id) == {"0"}
    again = worker.queue.claim("next")
    assert again is not None
    worker.queue.release(again, "next")
    worker.stopping.clear()
    deliver(worker, item)
    assert len(others.of("hook")) == 1
    assert len(others.mails) == 1


def test_many_at_once(worker: Worker, others: Others) -> None:
    items = [put(worker.queue, form(SLUG, actions=[email(to=f"{n}@example.com")])) for n in range(20)]
    with running(worker):
        until(
            "all deliveries", lambda: {worker.queue.state(item.id, SLUG) for item in items} == {"delivered"}
        )
    assert sorted(mail["X-Recipient"] for mail in others.mails) == sorted(
        f"{n}@example.com" for n in range(20)
    )


def test_binary_attachments_survive(worker: Worker, others: Others) -> None:
    others.files = {"é.bin": bytes(range(256)) * 10}
    attachment = {"filename": "é.bin", "mimetype": "odd", "url": f"{others.url}/files/é.bin"}
    item = put(worker.queue, form(SLUG, actions=[email(include_attachments=True)], attachments=[attachment]))
    deliver(worker, item)
    [mail] = others.mails
    assert base64.b64encode(attached(mail)["é.bin"]) == base64.b64encode(bytes(range(256)) * 10)


def test_an_action_without_recipient_is_kept(worker: Worker, others: Others) -> None:
    item = put(worker.queue, form(SLUG, actions=[email(to=" @ ,,")]))
    with running(worker):
        until("a second attempt", lambda: attempts(worker.queue) > 1)
    assert worker.queue.state(item.id, SLUG) == "waiting"


def test_a_database_that_is_away_is_waited_for(
    worker: Worker, queue: Queue, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submitter.worker.DATABASE_RETRY", 0.05)
    item = put(queue, form(SLUG, actions=[email()]))
    worker.queue = Queue(Database("postgresql://nobody@127.0.0.1:1/nothing"), lease=0.1)
    with running(worker):
        until("failures", lambda: worker.failures > 2)
        worker.queue = queue
        until("the delivery", lambda: queue.state(item.id, SLUG) == "delivered")
