"""What a form may hold and a mail cannot: what was accepted can be sent, and no byte is lost on its way."""

import csv
import email.policy
import io
import json
import smtplib
from email.generator import BytesGenerator
from email.parser import BytesParser
from typing import Any

import pytest
from fb_testing.runner import form
from submitter import outputs, submission
from submitter.outputs import File
from submitter.queue import Queued

ITEM = Queued("id-1", "complaints", "n", "u", "r", "e", "e", 1795408249.5)
CONTENT = bytes(range(256)) + b"\r\n.\r\nFrom x\r"


def parsed(**fields: Any) -> Any:
    """The action of a form as the submitter takes it."""
    usual = {"kind": "email", "to": "a@b.example", "from": "Forms <f@b.example>", "subject": "s", **fields}
    return submission.parse(json.dumps(form("complaints", actions=[usual])).encode()).actions[0]


def sent(action: Any, *files: File) -> Any:
    """A mail as its receiver reads it, having gone over the wire as smtplib writes it."""
    message = outputs.mail(ITEM, action, "a@b.example", files, 1, 1, "0/0/1")
    wire = io.BytesIO()
    BytesGenerator(wire).flatten(message, linesep="\r\n")
    data = smtplib._quote_periods(wire.getvalue())  # type: ignore[attr-defined]
    return BytesParser(policy=email.policy.default).parsebytes(data.replace(b"\r\n..", b"\r\n."))


def attached(message: Any) -> list[tuple[str, str, bytes]]:
    return [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_attachments()
    ]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("image/png", "image/png"), ("text/plain", "text/plain"), ("text/html; charset=utf-8", "text/html"),
        ("image/svg+xml", "image/svg+xml"), ("message/rfc822", ""), ("Message/Partial", ""),
        ("multipart/form-data", ""), ("message/delivery-status", ""), ("odd", ""), ("", ""), ("/", ""),
        ("a/", ""), ("/b", ""), ("a/b/c", ""), ("é/ü", ""), ("a/b c", ""),
    ],
)  # fmt: skip
def test_every_kind_of_upload_arrives_whole(given: str, kind: str) -> None:
    [found] = attached(sent(parsed(), File("n.bin", given, CONTENT)))
    assert found == ("n.bin", kind or "application/octet-stream", CONTENT)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("photo of é 🐈.jpg", "photo of é 🐈.jpg"), ("../../etc/passwd", "passwd"), ("/etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.doc", "a.doc"), ("..", "attachment"), ("", "attachment"), ("a/", "attachment"),
        ("a\tb\x0bc\x85d\u2028e", "a b c d e"), ('say "hi"; x=1.txt', 'say "hi"; x=1.txt'),
        ("x" * 300 + ".pdf", "x" * 300 + ".pdf"),
    ],
)  # fmt: skip
def test_every_file_name_arrives_without_a_path(given: str, name: str) -> None:
    assert [found for found, _, _ in attached(sent(parsed(), File(given, "a/b", b"x")))] == [name]


@pytest.mark.parametrize(
    "subject", ["é 🐈", "a\tb", "x\x0by", "x\x1cy", "x\x85y", "x\u2028y", "", "x" * 1990, "Zażółć " * 100]
)
def test_every_subject_can_be_sent(subject: str) -> None:
    message = sent(parsed(subject=subject))
    expected = f"{outputs.one_line(subject)} {{id-1}} [1/1]"
    assert message["subject"].split() == expected.split()
    assert message.defects == []


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("f@b.example", "", "f@b.example"), ("Forms <f@b.example>", "Forms", "f@b.example"),
        ("Fürms 🐈 <f@b.example>", "Fürms 🐈", "f@b.example"),
        ('"A, B; C" <f@b.example>', "A, B; C", "f@b.example"),
    ],
)  # fmt: skip
def test_every_sender_can_be_written(sender: str, name: str, address: str) -> None:
    [found] = sent(parsed(**{"from": sender}))["from"].addresses
    assert (found.display_name, found.addr_spec) == (name, address)


@pytest.mark.parametrize("sender", ["", "<", "Forms <f@", '"', "é", "(comment", "a@[", "@", "🐈"])
def test_a_sender_without_address_is_refused_at_the_door(sender: str) -> None:
    with pytest.raises(submission.Invalid, match="from must hold a mail address"):
        parsed(**{"from": sender})


@pytest.mark.parametrize(
    "body",
    ["", ".", "x\n.\ny", "a\rb", "é" * 5000, "x" * 5000, "From x\n", "é\nFrom x", "\x00\x01", "🐈\u2028x"],
)
def test_every_body_can_be_sent(body: str) -> None:
    text = sent(parsed(email_body=body)).get_body().get_content()
    assert text.strip("\r\n").splitlines() == body.splitlines()


def test_a_question_asked_twice_has_two_columns() -> None:
    answers = [{"field_id": "submission_id", "field_name": "n", "answer": each} for each in ("one", "two")]
    document = form("complaints", actions=[], pages=[{"answers": answers}])
    content = outputs.csv_file(ITEM, submission.parse(json.dumps(document).encode())).content
    header, row = csv.reader(io.StringIO(content.decode()))
    assert header == ["submission_id", "submission_at", "submission_id", "submission_id"]
    assert [row[0], *row[2:]] == ["id-1", "one", "two"]
