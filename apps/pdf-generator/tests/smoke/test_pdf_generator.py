"""Does it make a document, for those who sign, and only for them?"""

import httpx
from fb_testing.http import client, expect_good
from fb_testing.runner import Runner

BODY = {
    "submission_id": "smoke",
    "pdf_heading": "Smoke test",
    "pdf_subheading": "",
    "sections": [
        {"heading": "", "summary_heading": "", "questions": [{"label": "Well?", "human_value": "Yes"}]}
    ],
}


def post(url: str, headers: dict[str, str]) -> httpx.Response:
    return client.post(f"{url}/v1/pdfs", json=BODY, headers=headers)


def test_it_is_healthy(url: str) -> None:
    expect_good(url, "health")


def test_it_makes_a_document(url: str, runner: Runner) -> None:
    answer = post(url, runner.headers())
    assert answer.status_code == 200, f"a signed request gets {answer.status_code}: {answer.text[:200]}"
    assert answer.content.startswith(b"%PDF-"), "the answer is not a PDF"


def test_it_refuses_whoever_does_not_sign(url: str) -> None:
    assert post(url, {}).status_code == 403, "a request without a token must be refused"
