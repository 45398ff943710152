"""The SMTP side."""

import base64
import email.policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from outbox.store import Arrival, Store

LARGEST = 80_000_000  # bytes of one message


class Handler:
    """Puts a message into the box of each of its recipients."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        content = readable(BytesParser(policy=email.policy.default).parsebytes(raw))
        for recipient in envelope.rcpt_tos:
            box = f"mail:{recipient.lower()}"
            await self.store.put(Arrival(box, len(raw), {**content, "recipient": recipient}))
        return "250 OK"


def server(store: Store) -> SMTP:
    """One SMTP conversation; what `loop.create_server` calls for each connection."""
    return SMTP(Handler(store), data_size_limit=LARGEST, hostname="outbox", enable_SMTPUTF8=True)


def readable(message: EmailMessage) -> dict[str, Any]:
    """A message as JSON: headers that matter, its text, its attachments (content in base64)."""
    return {
        **{name: _header(message, name) for name in ("from", "to", "subject", "date", "message-id")},
        "text": _text(message),
        "attachments": [
            {
                "filename": part.get_filename() or "",
                "mimetype": part.get_content_type(),
                "content": base64.b64encode(_bytes(part)).decode(),
            }
            for part in message.iter_attachments()
        ],
    }


def _header(message: EmailMessage, name: str) -> str:
    """A header's value, as it stands where nobody can make sense of it: a test must see what was sent."""
    try:
        return str(message[name] or "")
    except Exception:  # the parser of a header fails in many ways
        raw = next(value for key, value in message.raw_items() if key.lower() == name)
        return str(raw).encode("utf-8", "replace").decode()


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except LookupError:  # no such charset
        return _bytes(body).decode("utf-8", "replace")


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
