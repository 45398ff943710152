"""What the worker asks of other apps: a PDF from the pdf generator, uploads from the filestore.

The runner's token is 90 seconds old at most when a submission arrives and may be much older when it is
processed, so these requests carry a fresh token of the submitter itself, for the same user. Its claim
`service` names the service whose submission it is: what the token opens is no more than what that service
could open.
"""

import json
import time
from typing import Any

import httpx
from fb_platform.signing import sign
from joserfc.jwk import RSAKey

from submitter.queue import Queued
from submitter.submission import Answer, Attachment, Submission

LARGEST = 20_000_000  # bytes of one attachment
LONGEST = (
    120.0  # seconds that an answer may take to its end: one that trickles must not hold a worker for ever
)


class Unusable(Exception):
    """A collaborator answered, but not with what was asked for."""


class Collaborators:
    """Safe for several threads."""

    def __init__(self, pdf_generator: str, key: RSAKey, namespace: str) -> None:
        self.pdf_generator, self.key, self.namespace = pdf_generator.rstrip("/"), key, namespace
        self.http = httpx.Client(
            timeout=httpx.Timeout(30, connect=5), transport=httpx.HTTPTransport(retries=2)
        )

    def pdf(self, item: Queued, submission: Submission) -> bytes:
        """The submission's answers as a PDF document."""
        address, wanted = f"{self.pdf_generator}/v1/pdfs", pdf_payload(item.id, submission)
        content = self._ask("POST", address, json=wanted, headers=self._headers(item))
        if not content.startswith(b"%PDF-"):
            raise Unusable("the pdf generator answered with something else than a PDF")
        return content

    def file(self, item: Queued, attachment: Attachment) -> bytes:
        """The bytes of an upload."""
        return self._ask("GET", attachment.url, headers=self._headers(item))

    def public_file(self, item: Queued, attachment: Attachment) -> dict[str, str]:
        """Where a webhook's receiver finds an upload, and how to decrypt it.

        The filestore puts a freshly encrypted copy where the receiver can fetch it: POST
        <url>/presigned-s3-url, 201 {url, encryption_key, encryption_iv}.
        """
        address = f"{attachment.url}/presigned-s3-url"
        found = json.loads(self._ask("POST", address, headers=self._headers(item)))
        return {name: found[name] for name in ("url", "encryption_key", "encryption_iv")}

    def deliver(self, url: str, token: str) -> None:
        """POST a compact JWE to a webhook; anything but 2xx is a failure."""
        self._ask("POST", url, content=token, headers={"content-type": "application/jose"})

    def _ask(self, method: str, url: str, **request: Any) -> bytes:
        """The body of a good answer, at most LARGEST bytes that came within LONGEST seconds."""
        content, deadline = bytearray(), time.monotonic() + LONGEST
        with self.http.stream(method, url, **request) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    raise Unusable(f"the answer is larger than {LARGEST} bytes")
                if time.monotonic() > deadline:
                    raise Unusable(f"the answer took longer than {LONGEST} s")
        return bytes(content)

    def _headers(self, item: Queued) -> dict[str, str]:
        token = sign(
            self.key, issuer="submitter", namespace=self.namespace, user=item.user, service=item.service
        )
        return {
            "x-access-token-v2": token,
            "x-encrypted-user-id-and-token": item.encrypted_user,
            "x-request-id": item.request_id,
        }


def pdf_payload(identity: str, submission: Submission) -> dict[str, Any]:
    """The pdf generator's request: one section per page, one question per answer."""
    return {
        "submission_id": identity,
        "pdf_heading": submission.meta.pdf_heading,
        "pdf_subheading": submission.meta.pdf_subheading,
        "sections": [
            {
                "heading": page.heading,
                "summary_heading": "",
                "questions": [
                    {"label": question.field_name, "human_value": readable(question.answer)}
                    for question in page.answers
                ],
            }
            for page in submission.pages
        ],
    }


def readable(answer: Answer) -> str:
    """An answer as a person writes it: the parts of an address and the items of a list on a line each."""
    if isinstance(answer, str):
        return answer
    parts = answer.values() if isinstance(answer, dict) else answer
    return "\n".join(part for part in parts if part)
