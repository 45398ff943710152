"""The outbox over SMTP and HTTP."""

import base64
import json
import logging
import smtplib
import threading
import time
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from fb_platform import logs
from fb_testing.http import client
from fb_testing.outbox import Outbox, attachments
from fb_testing.servers import free_port, serving
from fb_testing.waiting import until
from outbox import api, store


@pytest.fixture(scope="module")
def smtp_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def url(smtp_port: int) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOST", "127.0.0.1")
        patch.setenv("SMTP_PORT", str(smtp_port))
        with serving(api.build()) as url:
            yield url


def send(port: int, to: list[str], **headers: str) -> None:
    message = EmailMessage()
    for name, value in {"From": "f@x.example", "To": ", ".join(to), "Subject": "é [1/1]", **headers}.items():
        message[name] = value
    message.set_content("Grüße")
    message.add_attachment(bytes(range(256)), maintype="application", subtype="pdf", filename="é.pdf")
    with smtplib.SMTP("127.0.0.1", port) as session:
        session.send_message(message, to_addrs=to)


def test_mail_can_be_read_by_each_recipient(url: str, smtp_port: int) -> None:
    send(smtp_port, ["a@x.example", "B@x.example"])
    for to in ("a@x.example", "b@x.example"):
        [mail] = Outbox(url, url).mails(to)
        assert (mail["from"], mail["subject"], mail["text"].strip()) == ("f@x.example", "é [1/1]", "Grüße")
        assert attachments(mail) == {"é.pdf": bytes(range(256))}
    assert client.get(f"{url}/messages", params={"to": "c@x.example"}).json() == []


def test_a_mail_without_a_body_is_shown_too(url: str, smtp_port: int) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_port) as session:
        session.sendmail("f@x.example", ["empty@x.example"], "Subject: nothing\nContent-Type: image/png\n\n")
    [mail] = Outbox(url, url).mails("empty@x.example")
    assert (mail["subject"], mail["text"]) == ("nothing", "")


def test_webhooks_are_kept_in_order_and_cleared(url: str) -> None:
    for body in ("one", "two"):
        client.post(f"{url}/webhooks/h", content=body, headers={"content-type": "application/jose"})
    calls = Outbox(url, url).calls("h", count=2)
    assert calls == [{"body": word, "content_type": "application/jose"} for word in ("one", "two")]
    assert client.delete(f"{url}/webhooks/h").status_code == 204
    assert client.get(f"{url}/webhooks/h").json() == []


def test_a_reader_waits_for_what_comes(url: str) -> None:
    found: list[object] = []
    reader = threading.Thread(target=lambda: found.extend(Outbox(url, url).calls("late", count=2)))
    reader.start()
    for _ in range(2):
        client.post(f"{url}/webhooks/late", content=b"x")
    reader.join(10)
    assert len(found) == 2


def test_a_reader_does_not_wait_for_ever(url: str) -> None:
    started = time.monotonic()
    assert client.get(f"{url}/webhooks/never?wait=0.2").json() == []
    assert 0.2 <= time.monotonic() - started < 5
    assert client.get(f"{url}/webhooks/never?wait=long").status_code == 400


def test_files_stand_in_for_the_filestore(url: str) -> None:
    where = Outbox(url, url).upload("f", b"content")
    Outbox(url, url).upload("f", b"replaced")
    assert client.get(where).content == b"replaced"
    public = client.post(f"{where}/presigned-s3-url")
    assert (public.status_code, public.json()["url"]) == (201, where)
    assert base64.b64decode(public.json()["encryption_key"])
    assert client.get(f"{url}/files/none").status_code == 404
    assert client.post(f"{url}/files/none/presigned-s3-url").status_code == 404


def test_it_is_bounded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "LARGEST", 5)
    assert client.post(f"{url}/webhooks/big", content=b"123456").status_code == 413
    bounded = store.Store(limit=10)

    async def story() -> list[dict[str, Any]]:
        for number in range(5):
            await bounded.put(store.Arrival("box", 4, {"number": number}))
        return await bounded.get("box", count=0, wait=0)

    import asyncio

    assert asyncio.run(story()) == [{"number": 3}, {"number": 4}]


def test_health(url: str) -> None:
    assert client.get(f"{url}/health").status_code == 200


@pytest.mark.parametrize(
    "mail",
    [
        "", "no header at all", "Subject: =?utf-8?b?%%%?=\n\nx", "From: <\nTo: a@[\n\nx",
        "Subject: \udcff\n\nx",
        "Content-Type: multipart/mixed\n\nno boundary", "Content-Type: text/plain; charset=klingon\n\n\xff",
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822\n\n--b--',
        "Message-ID: <[\nDate: never\n\nx", "Content-Type: a/b/c\nContent-Transfer-Encoding: base64\n\n%",
    ],
)  # fmt: skip
def test_a_mail_that_nobody_can_read_is_shown_all_the_same(url: str, smtp_port: int, mail: str) -> None:
    """A test must see what the submitter sent, the more so when it is wrong."""
    to = f"{uuid.uuid4().hex}@x.example"
    with smtplib.SMTP("127.0.0.1", smtp_port) as session:
        session.sendmail("f@x.example", [to], mail.encode("utf-8", "surrogateescape"))
    [found] = Outbox(url, url).mails(to)
    assert found["recipient"] == to


def test_names_are_names_and_no_paths(url: str) -> None:
    client.put(f"{url}/files/..%2f..%2fetc%2fpasswd", content=b"mine")
    assert client.get(f"{url}/files/..%2f..%2fetc%2fpasswd").status_code == 404
    assert client.put(f"{url}/files/%2e%2e", content=b"mine").status_code in (201, 404, 405)
    for route in ("/files", "/webhooks", "/nothing", "/files/a/b"):
        assert client.get(url + route).status_code == 404, route


def test_its_log_says_nothing_of_what_it_holds(
    url: str, smtp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ""

    def told() -> bool:  # a request's line is written when its answer is on its way
        nonlocal said
        said += capsys.readouterr().out
        return said.count("\n") >= 3

    logs.start("outbox")
    try:
        send(smtp_port, ["canary@x.example"], Subject="canary")
        assert len(Outbox(url, url).mails("canary@x.example")) == 1
        client.post(f"{url}/webhooks/w?who=canary", content=b"canary")
        client.get(f"{url}/messages?to=canary&count=canary")
        until("three lines", told)
    finally:
        logging.getLogger().handlers = []
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["status"] for line in lines] == [200, 201, 400]
    assert "canary" not in said
