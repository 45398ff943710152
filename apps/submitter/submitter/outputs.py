"""The documents that leave the submitter: mails, CSV, encrypted JSON. Pure: submission in, documents out."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses, parseaddr
from typing import Any

from joserfc import jwe
from joserfc.jwk import OctKey

from submitter.queue import Queued
from submitter.submission import ADDRESS_PARTS, Csv, Email, Submission

MAIL_LIMIT = 7_000_000  # bytes of attachments in one mail
NOT_IN_CSV = "Data not available in CSV format"
# A mail inside a mail is taken apart on its way, and its bytes would be lost: it goes as a plain file.
ATTACHABLE = re.compile(
    r"(?!message/|multipart/)[\w.+-]+/[\w.+-]+(\s*;[\x20-\x7e]*)?", re.ASCII | re.IGNORECASE
)
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True)
class File:
    """An attachment with its content."""

    filename: str
    mimetype: str
    content: bytes


def recipients(to: str) -> list[str]:
    """The addresses in a comma-separated list, each once, in order."""
    return list(dict.fromkeys(address for _, address in getaddresses([to]) if "@" in address))


def parcels(files: Sequence[File]) -> list[list[File]]:
    """The files in one group for each mail, in order; a file above the limit has a mail to itself."""
    groups: list[list[File]] = [[]]
    for file in files:
        if groups[-1] and sum(len(each.content) for each in groups[-1]) + len(file.content) > MAIL_LIMIT:
            groups.append([])
        groups[-1].append(file)
    return groups


def mail(
    item: Queued, action: Email | Csv, to: str, files: Sequence[File], part: int, parts: int, step: str
) -> EmailMessage:
    """One mail to one recipient. Its Message-ID is the same at every attempt, to tell a repetition by."""
    message = EmailMessage()
    name, address = parseaddr(action.sender)
    message["From"], message["To"] = Address(one_line(name), addr_spec=address), to
    message["Subject"] = f"{one_line(action.subject)} {{{item.id}}} [{part}/{parts}]"
    message["Date"] = format_datetime(datetime.fromtimestamp(item.received_at, UTC))
    domain = address.rpartition("@")[2]
    domain = domain if domain.isascii() else "submitter"
    message["Message-ID"] = f"<{item.id}.{step.replace('/', '.')}@{domain}>"
    # smtplib would write ">From" where a line begins with "From "
    mangled = re.search("^From ", action.email_body, re.MULTILINE)
    message.set_content(action.email_body, cte="base64" if mangled else None)
    for file in files:
        kind, _, subtype = (file.mimetype if ATTACHABLE.fullmatch(file.mimetype) else UNKNOWN).partition("/")
        message.add_attachment(
            file.content, maintype=kind, subtype=subtype, filename=bare_name(file.filename)
        )
    return message


def one_line(text: str) -> str:
    """Text that a header can hold: whatever would end its line, or is not meant to be seen, is a space."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)


def bare_name(filename: str) -> str:
    """A file's name without the folders that somebody may have put before it."""
    name = one_line(re.split(r"[/\\]", filename)[-1]).strip()
    return name if name.strip(".") else "attachment"


def csv_file(item: Queued, submission: Submission) -> File:
    """Header and one row; an address takes a column for each of its parts, a list has no place in a row."""
    columns = [("submission_id", item.id), ("submission_at", iso(item.received_at))]
    for question in submission.questions:
        name, answer = question.field_id, question.answer
        if isinstance(answer, dict):
            columns += [(f"{name}/{part}", answer.get(part) or "") for part in ADDRESS_PARTS]
        else:
            columns.append((name, NOT_IN_CSV if isinstance(answer, list) else answer))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    return File(f"{item.id}-answers.csv", "text/csv", text.getvalue().encode())


def pdf_file(item: Queued, content: bytes) -> File:
    return File(f"{item.id}-answers.pdf", "application/pdf", content)


def webhook_token(
    item: Queued, submission: Submission, attachments: Sequence[dict[str, str]], key: str
) -> str:
    """The answers as a compact JWE: the receiver's key of 16 characters used directly, AES-128-GCM."""
    document: dict[str, Any] = {
        "serviceSlug": submission.service.slug,
        "submissionId": item.id,
        "submissionAnswers": {question.field_id: question.answer for question in submission.questions},
        "attachments": attachments,
    }
    algorithms = ["dir", "A128GCM"]
    return jwe.encrypt_compact(
        {"alg": "dir", "enc": "A128GCM"},
        json.dumps(document).encode(),
        OctKey.import_key(key),
        algorithms=algorithms,
    )


def iso(seconds: float) -> str:
    """A time as ISO 8601 with milliseconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
