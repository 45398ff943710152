"""Each output of a submission, in full."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

from fb_testing.outbox import attachments
from fb_testing.pdf import missing, pdf_text
from fb_testing.runner import ADDRESS, STORY
from joserfc import jwe
from joserfc.jwk import OctKey

from .conftest import Form


def test_email_with_pdf(person: Form) -> None:
    submission = person.submit(person.action("email"))
    [mail] = person.outbox.mails(person.address())
    assert mail["subject"] == f"A complaint {{{submission}}} [1/1]"
    assert mail["from"] == "Form Builder <forms@acceptance.example>"
    assert mail["to"] == person.address()
    assert mail["text"].strip() == "Please find an answer attached"
    [(name, content)] = attachments(mail).items()
    assert name == f"{submission}-answers.pdf"
    expected = [
        "Complaint form",
        "Submission to the pipeline check",
        "About you",
        "Full name",
        "Home address",
    ]
    expected += ["Zoë O’Neill-Çelik", STORY, *ADDRESS.values(), "A cat", "Two dogs", submission]
    lost = missing(content, *expected)
    assert not lost, f"the PDF does not say {lost}; it says: {pdf_text(content)}"


def test_email_without_pdf(person: Form) -> None:
    person.submit(person.action("email", include_pdf=False))
    [mail] = person.outbox.mails(person.address())
    assert mail["attachments"] == []


def test_every_recipient_gets_a_mail(person: Form) -> None:
    everyone = [person.address(number) for number in (1, 2, 3)]
    submission = person.submit(person.action("email", to=", ".join(everyone)))
    for address in everyone:
        [mail] = person.outbox.mails(address)
        assert (mail["to"], mail["recipient"]) == (address, address)
        assert list(attachments(mail)) == [f"{submission}-answers.pdf"]


def test_csv(person: Form) -> None:
    submission = person.submit(person.action("csv"))
    [mail] = person.outbox.mails(person.address())
    assert mail["subject"] == f"A complaint {{{submission}}} [1/1]"
    [(name, content)] = attachments(mail).items()
    assert name == f"{submission}-answers.csv"
    header, row = csv.reader(io.StringIO(content.decode()))
    address = [f"home/{part}" for part in ADDRESS]
    assert header == ["submission_id", "submission_at", "name", "story", *address, "pets"]
    assert [row[0], *row[2:]] == [
        submission, "Zoë O’Neill-Çelik", STORY, *ADDRESS.values(), "Data not available in CSV format",
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row[1]), row[1]
    age = datetime.now(UTC) - datetime.fromisoformat(row[1])
    assert -timedelta(minutes=2) < age < timedelta(minutes=2), f"submitted at {row[1]}?"


def test_json_webhook(person: Form) -> None:
    key = "fedcba9876543210"
    submission = person.submit(person.webhook(key))
    [call] = person.outbox.calls(person.name)
    token = jwe.decrypt_compact(call["body"], OctKey.import_key(key), algorithms=["dir", "A128GCM"])
    assert token.headers()["alg"] == "dir"
    answers = {"name": "Zoë O’Neill-Çelik", "story": STORY, "home": ADDRESS, "pets": ["A cat", "Two dogs"]}
    assert json.loads(token.plaintext or b"") == {
        "serviceSlug": person.runner.slug,
        "submissionId": submission,
        "submissionAnswers": answers,
        "attachments": [],
    }


def test_several_actions_at_once(person: Form) -> None:
    submission = person.submit(
        person.action("email"), person.action("csv", to=person.address(2)), person.webhook()
    )
    [email], [table] = person.outbox.mails(person.address()), person.outbox.mails(person.address(2))
    assert list(attachments(email)) == [f"{submission}-answers.pdf"]
    assert list(attachments(table)) == [f"{submission}-answers.csv"]
    assert len(person.outbox.calls(person.name)) == 1


def test_uploads_are_split_over_mails(person: Form) -> None:
    contents = {"first.bin": b"1" * 4_000_000, "second.bin": b"2" * 4_000_000}
    uploads = [
        {
            "filename": name,
            "mimetype": "application/octet-stream",
            "url": person.outbox.upload(person.name + name, data),
        }
        for name, data in contents.items()
    ]
    person.submit(person.action("email", include_pdf=False), attachments=uploads)
    mails = person.outbox.mails(person.address(), count=2)
    assert sorted(mail["subject"].rpartition(" ")[2] for mail in mails) == ["[1/2]", "[2/2]"]
    found = {name: content for mail in mails for name, content in attachments(mail).items()}
    assert {name: len(content) for name, content in found.items()} == dict.fromkeys(contents, 4_000_000)
    assert found == contents, "an upload was changed on its way"
