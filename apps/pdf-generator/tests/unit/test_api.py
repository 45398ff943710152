"""POST /v1/pdfs over HTTP."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fb_platform import logs
from fb_testing.doors import WAYS, door
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
    assert post(headers=runner.headers(iss="nobody")) == 403
    assert post(headers=runner.headers(iss="../../service/v2/complaints")) == 403
    assert post(json={}) == 422
    assert post(json=[BODY]) == 422
    as_json = {**runner.headers(), "content-type": "application/json"}
    for body in (b"", b"{", b"\xff", b"[" * 15_000, b"1" * 15_000):
        assert post(json=None, content=body, headers=as_json) == 400, body[:10]
    assert post(json={**BODY, "pdf_heading": "x" * 20_000}) == 413
    assert post(json=None, content=b"x") == 415
    assert client.get(f"{url}/health").status_code == 200
    assert client.get(f"{url}/readiness").status_code == 404


@pytest.mark.parametrize("text", ["\ud800", "\x00", "\x1b[1m", "#import sys", "\\", "\U000e0041", "\ufffe"])
def test_any_text_is_typeset(url: str, runner: Runner, text: str) -> None:
    """Half a character, control characters, the typesetter's own commands: an answer is no program."""
    question = {"label": "l", "human_value": f"before {text} after"}
    body = {**BODY, "pdf_heading": text, "sections": [{"heading": text, "questions": [question]}]}
    headers = {**runner.headers(), "content-type": "application/json"}
    answer = client.post(f"{url}/v1/pdfs", content=json.dumps(body), headers=headers)
    assert answer.status_code == 200, answer.text
    assert missing(answer.content, "before", "after") == []


@pytest.mark.parametrize("way", WAYS)
def test_without_token_cache_the_caller_may_try_again(
    way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, runner = KeyServer(), Runner("complaints", "services", "", user="canary")
    runner.private_key, keys.keys["complaints", "services"] = key_pair()
    body = {**BODY, "pdf_heading": "canary"}
    monkeypatch.setattr("fb_platform.tokens.SECONDS", 0.3)
    with serving(keys.app) as behind, door(int(behind.rpartition(":")[2])) as cache:
        monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", cache.url)
        logs.start("pdf-generator")
        try:
            with serving(api.build()) as url:
                cache.shut(way)
                answer = client.post(f"{url}/v1/pdfs", json=body, headers=runner.headers())
                assert answer.status_code == 503
                assert client.get(f"{url}/health").status_code == 200
                cache.open()
                answer = client.post(f"{url}/v1/pdfs", json=body, headers=runner.headers())
                assert answer.status_code == 200
                wrong = {**body, "sections": "canary"}
                answer = client.post(f"{url}/v1/pdfs", json=wrong, headers=runner.headers())
                assert (answer.status_code, "canary" in answer.text) == (422, False)
        finally:
            logging.getLogger().handlers = []
    said = capsys.readouterr().out
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["status"] for line in lines if line["message"] == "request"] == [503, 200, 422]
    assert "canary" not in said
