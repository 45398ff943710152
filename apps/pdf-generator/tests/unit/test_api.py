"""POST /v1/pdfs over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fb_testing.http import client
from fb_testing.keys import KeyServer, key_pair
from fb_testing.pdf import missing
from fb_testing.runner import Runner
from fb_testing.servers import serving
from pdf_generator import api

BODY = {
    "submission_id": "id-1",
    "pdf_heading": "Complaint",
    "pdf_subheading": "",
    "sections": [
        {"heading": "h", "summary_heading": "", "questions": [{"label": "l", "human_value": "answer"}]}
    ],
}


@pytest.fixture(scope="module")
def runner() -> Runner:
    return Runner("complaints", "services", "")


@pytest.fixture(scope="module")
def url(runner: Runner) -> Iterator[str]:
    keys = KeyServer()
    runner.private_key, keys.keys["complaints", "services"] = key_pair()
    with serving(keys.app) as cache, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", cache)
        patch.setenv("MAX_BODY_BYTES", "20000")
        with serving(api.build()) as url:
            yield url


def test_json_becomes_pdf(url: str, runner: Runner) -> None:
    answer = client.post(f"{url}/v1/pdfs", json=BODY, headers=runner.headers())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert missing(answer.content, "Complaint", "answer") == []


def test_many_at_once_are_kept_apart(url: str, runner: Runner) -> None:
    def ask(number: int) -> list[str]:
        answer = client.post(
            f"{url}/v1/pdfs", json={**BODY, "pdf_heading": f"no {number}."}, headers=runner.headers()
        )
        return missing(answer.content, f"no {number}.")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(12))) == [[]] * 12


def test_refusals(url: str, runner: Runner) -> None:
    def post(**options: Any) -> int:
        return client.post(
            f"{url}/v1/pdfs", **{"headers": runner.headers(), "json": BODY, **options}
        ).status_code

    assert post(headers={}) == 403
    assert post(headers=runner.headers(iat=1)) == 403
    assert post(json={}) == 422
    assert post(json={**BODY, "pdf_heading": "x" * 20_000}) == 413
    assert post(json=None, content=b"x") == 415
    assert client.get(f"{url}/health").status_code == 200
    assert client.get(f"{url}/readiness").status_code == 404
