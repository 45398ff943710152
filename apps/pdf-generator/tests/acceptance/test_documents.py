"""What a document says, and what is refused."""

import httpx
from fb_testing.http import client
from fb_testing.pdf import missing
from fb_testing.runner import ADDRESS, STORY, Runner


def document(*values: str) -> dict[str, object]:
    questions = [
        {"label": f"Question {number}?", "human_value": value} for number, value in enumerate(values)
    ]
    sections = [{"heading": "About you", "summary_heading": "Summary", "questions": questions}]
    return {
        "submission_id": "acceptance-1",
        "pdf_heading": "Complaint form",
        "pdf_subheading": "All of it",
        "sections": sections,
    }


def post(url: str, body: object, headers: dict[str, str]) -> httpx.Response:
    return client.post(f"{url}/v1/pdfs", json=body, headers=headers)


def test_a_document_says_everything(url: str, runner: Runner) -> None:
    values = (STORY, "Zoë O’Neill-Çelik", "\n".join(ADDRESS.values()), "x" * 300)
    answer = post(url, document(*values), runner.headers())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    expected = [
        *values[:3],
        "Complaint form",
        "All of it",
        "About you",
        "Summary",
        "Question 3?",
        "acceptance-1",
    ]
    assert missing(answer.content, *expected) == []


def test_a_long_document(url: str, runner: Runner) -> None:
    values = [f"answer number {number}" for number in range(300)]
    answer = post(url, document(*values), runner.headers())
    assert missing(answer.content, *values) == []


def test_what_is_refused(url: str, runner: Runner) -> None:
    answers = {
        "no token": post(url, document(), {}),
        "old token": post(url, document(), runner.headers(iat=1)),
        "not a document": post(url, {"sections": 1}, runner.headers()),
    }
    found = {name: answer.status_code for name, answer in answers.items()}
    assert found == {"no token": 403, "old token": 403, "not a document": 422}
