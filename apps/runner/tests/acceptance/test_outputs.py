"""What people send arrives: PDF, CSV and JSON, each in full."""

import base64
import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from fb_testing import canary
from fb_testing.http import client
from fb_testing.outbox import Outbox, attachments
from fb_testing.pdf import missing, pdf_text
from fb_testing.person import File, Person
from fb_testing.runner import ADDRESS, STORY
from joserfc import jwe
from joserfc.jwk import OctKey

People = Callable[[], Person]
PHOTO = File("photo.png", b"\x89PNG\r\n\x1a\n" + b"p" * 2_000, "image/png")
LETTER = File("a letter.txt", "Dear Sir or Madam, ünïcode\n".encode(), "text/plain")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def submission_id(mail: dict[str, Any], reference: str, part: str = "[1/1]") -> str:
    """The id in a mail's subject, which must be as the form says."""
    subject = mail["subject"].strip()  # one of more than 78 characters is folded (RFC 5322, 2.2.3)
    found = re.fullmatch(rf"Pipeline check {reference} {{(.*)}} (\[\d/\d\])", subject)
    assert found and ID.fullmatch(found[1]) and found[2] == part, mail["subject"]
    return found[1]


def webhook(outbox: Outbox, reference: str, key: str) -> dict[str, Any]:
    """What the form's webhook was told."""
    [call] = outbox.calls(reference)
    token = jwe.decrypt_compact(call["body"], OctKey.import_key(key), algorithms=["dir", "A128GCM"])
    assert token.headers()["alg"] == "dir"
    found: dict[str, Any] = json.loads(token.plaintext or b"")
    return found


def test_every_kind_of_answer_comes_out_everywhere(
    people: People, outbox: Outbox, settings: dict[str, str]
) -> None:
    person = people()
    canary.fill_in(person, PHOTO, (LETTER,))
    reference = canary.send(person)

    [mail] = outbox.mails(f"{reference}@acceptance.example")
    submission = submission_id(mail, reference)
    assert mail["from"] == "Form Builder <forms@acceptance.example>"
    assert mail["text"].strip() == "Please find an answer attached"
    files = attachments(mail)
    assert list(files) == [f"{submission}-answers.pdf", PHOTO.name, LETTER.name]
    assert (files[PHOTO.name], files[LETTER.name]) == (PHOTO.content, LETTER.content)
    document = files[f"{submission}-answers.pdf"]
    lost = missing(
        document,
        "Pipeline check", "A form with every kind of question", submission,
        "About you", "Full name", canary.NAME, "Age in years", canary.AGE,
        "Where you live", "Home address", *ADDRESS.values(),
        "Your story", "What happened?", STORY, "Who was there?", *canary.PETS,
        "How to reach you", "How should we reply?", "By email",
        "Your email address", "Email address", canary.EMAIL,
        "Evidence", "A photo", PHOTO.name, "Letters", LETTER.name,
    )  # fmt: skip
    assert not lost, f"the PDF does not say {lost}; it says: {pdf_text(document)}"
    assert "Telephone number" not in pdf_text(document), "a page that was not on the way"

    [mail] = outbox.mails(f"{reference}-csv@acceptance.example")
    assert submission_id(mail, reference) == submission
    [(name, table)] = attachments(mail).items()
    assert name == f"{submission}-answers.csv"
    header, row = csv.reader(io.StringIO(table.decode()))
    address = [f"home/{part}" for part in ADDRESS]
    assert header == [
        "submission_id", "submission_at", "name", "age", *address,
        "story", "pets", "contact", "email", "photo", "letters",
    ]  # fmt: skip
    assert [row[0], *row[2:]] == [
        submission, canary.NAME, canary.AGE, *ADDRESS.values(),
        STORY, "Data not available in CSV format", "By email", canary.EMAIL, PHOTO.name, LETTER.name,
    ]  # fmt: skip
    age = datetime.now(UTC) - datetime.fromisoformat(row[1])
    assert -timedelta(minutes=2) < age < timedelta(minutes=5), f"submitted at {row[1]}?"

    told = webhook(outbox, reference, settings["WEBHOOK_KEY"])
    uploaded = told.pop("attachments")
    assert told == {
        "serviceSlug": "pipeline-check",
        "submissionId": submission,
        "submissionAnswers": {
            "name": canary.NAME, "age": canary.AGE, "home": ADDRESS, "story": STORY, "pets": canary.PETS,
            "contact": "By email", "email": canary.EMAIL, "photo": PHOTO.name, "letters": LETTER.name,
        },
    }  # fmt: skip
    assert [(each["filename"], each["mimetype"]) for each in uploaded] == [
        (PHOTO.name, "image/png"),
        (LETTER.name, "text/plain"),
    ]
    for each in uploaded:
        assert set(each) == {"url", "encryption_key", "encryption_iv", "mimetype", "filename"}
        assert len(base64.b64decode(each["encryption_key"])) == 32
        assert len(base64.b64decode(each["encryption_iv"])) == 16


def test_uploads_above_the_limit_of_a_mail_are_split(people: People, outbox: Outbox) -> None:
    person = people()
    letters = tuple(File(f"{number}.bin", bytes([number]) * 4_000_000) for number in (1, 2))
    canary.fill_in(person, None, letters)
    reference = canary.send(person)
    mails = outbox.mails(f"{reference}@acceptance.example", count=2)
    mails.sort(key=lambda mail: str(mail["subject"]))
    [submission] = {submission_id(mail, reference, f"[{part}/2]") for part, mail in enumerate(mails, 1)}
    found = [attachments(mail) for mail in mails]
    assert [list(files) for files in found] == [[f"{submission}-answers.pdf", "1.bin"], ["2.bin"]]
    for files, letter in zip(found, letters, strict=True):
        assert files[letter.name] == letter.content, "an upload was changed on its way"


def test_only_the_pages_on_the_way_are_sent(people: People, outbox: Outbox, settings: dict[str, str]) -> None:
    """Filled in by way of the email address, then by telephone after all."""
    person = people()
    canary.fill_in(person)
    person.follow("Change How should we reply?")
    canary.contact(person, "By telephone")
    canary.telephone(person)
    assert "Email address" not in person.summary()
    reference = canary.send(person)
    [mail] = outbox.mails(f"{reference}@acceptance.example")
    [document] = attachments(mail).values()
    assert not missing(document, "Telephone number", canary.TELEPHONE, "By telephone")
    assert canary.EMAIL not in pdf_text(document)
    [mail] = outbox.mails(f"{reference}-csv@acceptance.example")
    [table] = attachments(mail).values()
    assert "telephone" in table.decode() and canary.EMAIL not in table.decode()
    told = webhook(outbox, reference, settings["WEBHOOK_KEY"])
    assert told["submissionAnswers"]["telephone"] == canary.TELEPHONE
    assert "email" not in told["submissionAnswers"]
    assert told["attachments"] == []


def test_a_receiver_opens_the_upload_that_the_webhook_names(
    people: People, outbox: Outbox, settings: dict[str, str]
) -> None:
    """By the address and key alone, seen from where this process is."""
    person = people()
    canary.fill_in(person, LETTER)
    [each] = webhook(outbox, canary.send(person), settings["WEBHOOK_KEY"])["attachments"]
    path = re.sub(r"^https?://[^/]+", "", each["url"])
    answer = client.get(settings["FILESTORE_URL"] + path)
    assert answer.status_code == 200, answer.text
    key, vector = base64.b64decode(each["encryption_key"]), base64.b64decode(each["encryption_iv"])
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    padding = PKCS7(128).unpadder()
    plain = padding.update(decryptor.update(answer.content)) + padding.finalize()
    assert plain == LETTER.content
