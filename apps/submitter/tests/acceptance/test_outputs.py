"""Each output of a submission, in full."""

import base64
import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

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


def read(call: dict[str, Any], key: str) -> Any:
    """The document in a webhook call."""
    token = jwe.decrypt_compact(call["body"], OctKey.import_key(key), algorithms=["dir", "A128GCM"])
    return json.loads(token.plaintext or b"")


def test_several_actions_at_once_have_one_upload_and_one_id(person: Form) -> None:
    """Two emails that differ, a table and two webhooks: none gets what belongs to another."""
    content = bytes(range(256)) * 40
    [upload] = person.uploads({"photo.jpg": content}, "image/jpeg")
    keys = ("0123456789abcdef", "fedcba9876543210")
    submission = person.submit(
        person.action("email", subject="For the office"),
        person.action("email", to=person.address(2), include_pdf=False, email_body="Only the photo"),
        person.action("csv", to=person.address(3), subject="For the table"),
        *(person.webhook(key) for key in keys),
        attachments=[upload],
    )
    office, photo, table = (person.outbox.mails(person.address(number))[0] for number in (1, 2, 3))
    assert office["subject"] == f"For the office {{{submission}}} [1/1]"
    pdf = f"{submission}-answers.pdf"
    assert {**attachments(office), pdf: b""} == {pdf: b"", "photo.jpg": content}
    assert missing(attachments(office)[pdf], "Zoë O’Neill-Çelik", *ADDRESS.values(), submission) == []
    assert [file["mimetype"] for file in office["attachments"]] == ["application/pdf", "image/jpeg"]
    assert (photo["text"].strip(), attachments(photo)) == ("Only the photo", {"photo.jpg": content})
    assert table["subject"] == f"For the table {{{submission}}} [1/1]"
    assert list(attachments(table)) == [f"{submission}-answers.csv"]
    calls = person.outbox.calls(person.name, count=2)
    for call, key in zip(calls, keys, strict=True):
        document = read(call, key)
        assert (document["submissionId"], len(document["submissionAnswers"])) == (submission, 4)
        [file] = document["attachments"]
        assert (file["filename"], file["mimetype"]) == ("photo.jpg", "image/jpeg")
        assert file["url"] and base64.b64decode(file["encryption_key"]) and file["encryption_iv"]


def test_uploads_are_split_over_mails(person: Form) -> None:
    """Three mails, filled in order: what just fits, a byte too much, too large alone."""
    sizes = {"one.bin": 4_000_000, "two.bin": 3_000_000, "three.bin": 1, "four.bin": 7_000_001}
    contents = {name: name[:1].encode() * size for name, size in sizes.items()}
    submission = person.submit(
        person.action("email", include_pdf=False),
        attachments=person.uploads(contents, "application/octet-stream"),
    )
    mails = {mail["subject"]: attachments(mail) for mail in person.outbox.mails(person.address(), count=3)}
    names = [["one.bin", "two.bin"], ["three.bin"], ["four.bin"]]
    assert {subject: list(found) for subject, found in mails.items()} == {
        f"A complaint {{{submission}}} [{part}/3]": names[part - 1] for part in (1, 2, 3)
    }
    found = {name: content for files in mails.values() for name, content in files.items()}
    assert found == contents, "an upload was changed on its way"


def test_the_pdf_counts_as_an_attachment(person: Form) -> None:
    """It comes first; an upload that fills a mail by itself goes into the next; each recipient gets both."""
    content = b"7" * 7_000_000
    submission = person.submit(
        person.action("email", to=f"{person.address(1)}, {person.address(2)}"),
        attachments=person.uploads({"full.bin": content}, "application/octet-stream"),
    )
    for number in (1, 2):
        mails = person.outbox.mails(person.address(number), count=2)
        found = {mail["subject"].rpartition(" ")[2]: attachments(mail) for mail in mails}
        assert list(found["[1/2]"]) == [f"{submission}-answers.pdf"]
        assert found["[2/2]"] == {"full.bin": content}


UNUSUAL = {
    "scripts": "Ελένη Иван עברית العربية",
    "marks": "e\u0301 ﬁ ½ € ‘quotes’ “double” — dash … №",
    "csv": 'a,b;c\t"d"\n=1+1\n@x',
    "markup": "<script>alert(1)</script> #let x = 1; $y$ *z* _u_ `v` \\ //",
    "spaces": "  two  spaces  ",
    "long": "wörd " * 400,
}


def test_unusual_characters_come_out_as_they_went_in(person: Form) -> None:
    key = "0123456789abcdef"
    answers = [
        {"field_id": f"é {name}", "field_name": f"{name}?", "answer": text} for name, text in UNUSUAL.items()
    ]
    [upload] = person.uploads({"naïve “file” 🐈.txt": b"content"}, "text/plain")
    submission = person.submit(
        person.action("email", subject="Żółć, “quoted”; 🐈", email_body="Grüße 🐈\n.\nFrom here"),
        person.action("csv", to=person.address(2)),
        person.webhook(key),
        pages=[{"heading": "Überschrift & <more>", "answers": answers}],
        attachments=[upload],
    )
    [mail] = person.outbox.mails(person.address())
    assert mail["subject"] == f"Żółć, “quoted”; 🐈 {{{submission}}} [1/1]"
    assert mail["text"].splitlines() == ["Grüße 🐈", ".", "From here"]
    pdf, name = attachments(mail)
    assert (pdf, name) == (f"{submission}-answers.pdf", "naïve “file” 🐈.txt")
    shown = [
        UNUSUAL["markup"],
        "½ € ‘quotes’ “double” — dash … №",
        "Ελένη Иван",
        "=1+1",
        "Überschrift & <more>",
    ]
    lost = missing(attachments(mail)[pdf], *shown, UNUSUAL["long"].strip())
    assert not lost, f"the PDF does not say {lost}"
    [content] = attachments(person.outbox.mails(person.address(2))[0]).values()
    header, row = csv.reader(io.StringIO(content.decode(), newline=""))
    assert dict(zip(header[2:], row[2:], strict=True)) == {
        f"é {name}": text for name, text in UNUSUAL.items()
    }
    [call] = person.outbox.calls(person.name)
    assert read(call, key)["submissionAnswers"] == {f"é {name}": text for name, text in UNUSUAL.items()}


def test_what_is_optional_may_be_empty(person: Form) -> None:
    """No headings, an address of two lines, an empty answer, an empty list, a page without questions."""
    key = "0123456789abcdef"
    short = {"address_line_one": "1 Short Street", "postcode": "AB1 2CD", "county": None, "city": ""}
    given = {"nothing": "", "home": short, "none": []}
    answers = [{"field_id": name, "field_name": f"{name}?", "answer": each} for name, each in given.items()]
    submission = person.submit(
        person.action("email", email_body=""),
        person.action("csv", to=person.address(2)),
        person.webhook(key),
        meta={},
        pages=[{"answers": answers}, {"heading": "", "answers": []}],
    )
    [mail] = person.outbox.mails(person.address())
    assert mail["text"].strip() == ""
    [pdf] = attachments(mail).values()
    assert missing(pdf, "nothing?", "1 Short Street", "AB1 2CD", "none?", submission) == []
    assert "None" not in pdf_text(pdf)
    [content] = attachments(person.outbox.mails(person.address(2))[0]).values()
    header, row = csv.reader(io.StringIO(content.decode()))
    columns = dict(zip(header, row, strict=True))
    assert columns == {
        "submission_id": submission,
        "submission_at": columns["submission_at"],
        "nothing": "",
        **{f"home/{part}": short.get(part) or "" for part in ADDRESS},
        "none": "Data not available in CSV format",
    }
    [call] = person.outbox.calls(person.name)
    assert read(call, key)["submissionAnswers"] == given


def test_a_form_without_questions_is_sent_too(person: Form) -> None:
    submission = person.submit(person.action("email"), person.action("csv", to=person.address(2)), pages=[])
    [mail], [table] = person.outbox.mails(person.address()), person.outbox.mails(person.address(2))
    assert missing(*attachments(mail).values(), "Complaint form", submission) == []
    [content] = attachments(table).values()
    assert content.decode().splitlines()[0] == "submission_id,submission_at"


def test_uploads_of_every_kind_and_name_arrive_whole(person: Form) -> None:
    """A mail as an upload, a kind that is none, a name with a path before it."""
    content = b"From: a@b\r\n\r\n.\r\n\x00\xff"
    kinds = {"mail.eml": "message/rfc822", "odd": "odd", "../../etc/passwd": "text/plain"}
    uploads = [
        {**person.uploads({f"{number}": content}, kind)[0], "filename": name}
        for number, (name, kind) in enumerate(kinds.items())
    ]
    person.submit(person.action("email", include_pdf=False), attachments=uploads)
    [mail] = person.outbox.mails(person.address())
    assert attachments(mail) == {"mail.eml": content, "odd": content, "passwd": content}
