"""What a form's runner does: sign a token, encrypt a submission, hand it over."""

import base64
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from fb_platform.envelope import encrypt, envelope
from joserfc import jwt
from joserfc.jwk import RSAKey

from fb_testing.http import client

__all__ = ["ADDRESS", "STORY", "Runner", "encrypt", "form"]


@dataclass
class Runner:
    """A service with its key pair, acting for a user of its own."""

    slug: str
    namespace: str
    private_key: str = field(repr=False)  # a failing test must not print it
    submission_key: str = field(repr=False, default="")  # the 32 characters shared with the submitter
    user: str = field(default_factory=lambda: str(uuid.uuid4()))

    def token(self, **claims: Any) -> str:
        """A signed token; `claims` replace the usual ones, None leaves one out."""
        usual = {"iss": self.slug, "sub": self.user, "iat": int(time.time()), "namespace": self.namespace}
        claims = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(self.private_key))

    def headers(self, **claims: Any) -> dict[str, str]:
        """The headers of a request; the token goes where proxies let it through, into x-access-token-v2."""
        return {"x-access-token-v2": self.token(**claims), "x-request-id": f"runner-{uuid.uuid4()}"}

    def submit(self, url: str, document: Any, **replaced: Any) -> httpx.Response:
        """POST a submission to the submitter at `url`, with other `headers` or parts of the envelope."""
        user = base64.b64encode(self.user.encode()).decode()
        body = envelope(document, self.submission_key, slug=self.slug, user_and_token=user)
        headers = replaced.pop("headers", None) or self.headers()
        return client.post(f"{url}/v2/submissions", json={**body, **replaced}, headers=headers)


def form(slug: str, *, actions: list[dict[str, Any]], **parts: Any) -> dict[str, Any]:
    """A submission with one page of every sort of answer. `parts` replace its pages or attachments."""
    answers = [
        {"field_id": "name", "field_name": "Full name", "answer": "Zoë O’Neill-Çelik"},
        {
            "field_id": "story",
            "field_name": "What happened?",
            "answer": STORY,
        },
        {"field_id": "home", "field_name": "Home address", "answer": ADDRESS},
        {"field_id": "pets", "field_name": "Pets", "answer": ["A cat", "Two dogs"]},
    ]
    return {
        "service": {"id": str(uuid.uuid4()), "slug": slug, "name": "Pipeline check"},
        "meta": {"pdf_heading": "Complaint form", "pdf_subheading": "Submission to the pipeline check"},
        "actions": actions,
        "pages": [{"heading": "About you", "answers": answers}],
        "attachments": [],
        **parts,
    }


STORY = 'Two lines,\nwith "quotes"; & <b>signs</b> of $5, #1 and *stars*'
ADDRESS = {
    "address_line_one": "102 Petty France",
    "address_line_two": "Westminster",
    "city": "London",
    "county": "Greater London",
    "postcode": "SW1H 9AJ",
    "country": "United Kingdom",
}
