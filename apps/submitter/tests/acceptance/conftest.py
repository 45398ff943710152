"""Acts as the runner against a deployed submitter and reads in the outbox what came out.

Environment: SUBMITTER_URL and OUTBOX_URL (as this process sees them), OUTBOX_INTERNAL_URL (as the submitter
sees it), SERVICE_SLUG, SERVICE_NAMESPACE and SERVICE_PRIVATE_KEY (the service to act for, its key as PEM),
SUBMISSION_KEY (the 32 characters shared with the submitter).
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from fb_testing.callers import SERVICE, runner
from fb_testing.environment import needed
from fb_testing.outbox import Outbox
from fb_testing.runner import Runner, form

__all__ = ["runner"]  # a fixture


@dataclass
class Form:
    """One person with one submission: addresses and webhook are its own, so tests can run side by side."""

    submitter: str
    outbox: Outbox
    runner: Runner
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def address(self, number: int = 1) -> str:
        return f"{self.name}-{number}@acceptance.example"

    def action(self, kind: str, **fields: Any) -> dict[str, Any]:
        """An email or csv action to this submission's own address."""
        usual = {"to": self.address(), "from": "Form Builder <forms@acceptance.example>"}
        words = {"subject": "A complaint", "email_body": "Please find an answer attached"}
        return {"kind": kind, **usual, **words, "include_pdf": True, "include_attachments": True, **fields}

    def webhook(self, key: str = "0123456789abcdef") -> dict[str, Any]:
        return {"kind": "json", "url": f"{self.outbox.internal}/webhooks/{self.name}", "key": key}

    def uploads(self, contents: dict[str, bytes], mimetype: str) -> list[dict[str, str]]:
        """Files where the submitter finds uploads, as a submission's attachments."""
        return [
            {
                "filename": name,
                "mimetype": mimetype,
                "url": self.outbox.upload(f"{self.name}-{number}", content),
            }
            for number, (name, content) in enumerate(contents.items())
        ]

    def submit(self, *actions: dict[str, Any], **parts: Any) -> str:
        """Submit a form with these actions; the submission's id."""
        answer = self.runner.submit(self.submitter, form(self.runner.slug, actions=list(actions), **parts))
        assert (answer.status_code, answer.text) == (201, "{}"), "the submitter did not accept the form"
        return str(answer.headers["location"].rpartition("/")[2])


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return needed("SUBMITTER_URL", "OUTBOX_URL", "OUTBOX_INTERNAL_URL", *SERVICE, "SUBMISSION_KEY")


@pytest.fixture
def person(settings: dict[str, str], runner: Runner) -> Form:
    outbox = Outbox(settings["OUTBOX_URL"], settings["OUTBOX_INTERNAL_URL"])
    return Form(settings["SUBMITTER_URL"].rstrip("/"), outbox, runner)
