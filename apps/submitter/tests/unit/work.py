"""What the worker's tests share: putting something to do into the queue, and seeing it done."""

import uuid
from typing import Any

from fb_testing.keyed import SLUG, SUBMISSION_KEY
from fb_testing.runner import encrypt
from fb_testing.waiting import until
from submitter.queue import Queue, Queued
from submitter.worker import Worker

from .conftest import running


def put(queue: Queue, document: dict[str, Any], **fields: Any) -> Queued:
    """Queue a submission, encrypted; `fields` replace what is usual of it."""
    item = Queued(
        **{
            "id": str(uuid.uuid4()), "service": SLUG, "namespace": "n", "user": "user-1", "request_id": "r-1",
            "encrypted_submission": encrypt(document, SUBMISSION_KEY), "encrypted_user": "identity",
            "received_at": 1795408249.5, **fields,
        }
    )  # fmt: skip
    queue.put(item)
    return item


def deliver(worker: Worker, item: Queued) -> None:
    """Let the worker work until it has delivered that."""
    with running(worker):
        until("the delivery", lambda: worker.queue.state(item.id, SLUG) == "delivered")


def email(**fields: Any) -> dict[str, Any]:
    """An action: a mail without attachments."""
    usual = {
        "to": "a@example.com",
        "from": "Forms <f@gov.example>",
        "subject": "Complaint",
        "email_body": "Hello",
    }
    return {"kind": "email", "include_pdf": False, "include_attachments": False, **usual, **fields}


def attempts(queue: Queue) -> int:
    """How often the submission that was claimed most often was claimed."""
    return int(queue.database.run("select max(attempts) from submissions")[0][0] or 0)
