"""POST /v2/submissions and its neighbours, over HTTP."""

import base64
import hmac
import json
import logging
import time
import uuid
from collections.abc import Iterator

import pytest
from fb_platform import logs, tokens
from fb_platform.settings import SettingError
from fb_testing.http import client
from fb_testing.keyed import NAMESPACE, SLUG, SUBMISSION_KEY
from fb_testing.keys import KeyServer, key_pair
from fb_testing.runner import Runner, encrypt, form
from fb_testing.servers import serving
from submitter import api
from submitter.queue import Queue


@pytest.fixture
def url(key_server: KeyServer, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", key_server.url)
    monkeypatch.setenv("SUBMISSION_DECRYPTION_KEY", SUBMISSION_KEY)
    monkeypatch.setenv("MAX_BODY_BYTES", "20000")
    with serving(api.build()) as url:
        yield url


def email(**fields: object) -> dict[str, object]:
    return {"kind": "email", "to": "a@example.com", "from": "b@example.com", "subject": "s", **fields}


def test_a_submission_is_queued(url: str, runner: Runner, queue: Queue) -> None:
    document = form(SLUG, actions=[email()])
    answer = runner.submit(url, document)
    assert (answer.status_code, answer.json()) == (201, {})
    queued = queue.claim("w")
    assert queued is not None
    assert answer.headers["location"] == f"/v2/submissions/{queued.id}"
    assert (queued.service, queued.namespace, queued.user) == (SLUG, NAMESPACE, runner.user)
    assert queued.encrypted_submission == encrypt(document, SUBMISSION_KEY)
    assert queued.request_id == answer.headers["x-request-id"]
    assert queued.request_id.startswith("runner-")


def test_authorization_is_taken_where_the_other_header_is_missing(url: str, runner: Runner) -> None:
    headers = {"authorization": f"Bearer {runner.token()}"}
    assert runner.submit(url, form(SLUG, actions=[]), headers=headers).status_code == 201


def test_a_token_without_namespace_is_looked_up_by_slug(
    url: str, runner: Runner, key_server: KeyServer, keys: tuple[str, str]
) -> None:
    key_server.keys[SLUG, "default"] = keys[1]
    headers = runner.headers(namespace=None)
    assert runner.submit(url, form(SLUG, actions=[]), headers=headers).status_code == 201
    assert key_server.asked == [f"/service/v2/{SLUG}"]


def test_a_rotated_key_is_fetched_past_the_cache(url: str, runner: Runner, key_server: KeyServer) -> None:
    key_server.cached[SLUG, NAMESPACE] = key_pair()[1]
    assert runner.submit(url, form(SLUG, actions=[])).status_code == 201
    route = f"/v3/applications/{SLUG}/namespaces/{NAMESPACE}"
    assert key_server.asked == [route, f"{route}?ignore_cache=true"]


def unsigned(runner: Runner) -> str:
    claims = runner.token().split(".")[1]
    return base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + f".{claims}."


def with_public_key_as_secret(runner: Runner, public: str) -> str:
    """The old confusion: an HMAC over the public key, which everybody knows."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    signed = f"{header}.{runner.token().split('.')[1]}"
    digest = hmac.digest(public.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def test_tokens_that_are_refused(url: str, runner: Runner, keys: tuple[str, str]) -> None:
    now = int(time.time())
    tokens = {
        "none": "",
        "not a token": "abc",
        "three words": "a.b.c",
        "unsigned": unsigned(runner),
        "HMAC": with_public_key_as_secret(runner, keys[1]),
        "another key": Runner(SLUG, NAMESPACE, key_pair()[0]).token(),
        "unknown service": runner.token(iss="nobody"),
        "unknown namespace": runner.token(namespace="elsewhere"),
        "slug with a path": runner.token(iss="../../service/v2/x"),
        "namespace with a path": runner.token(namespace="a/../b"),
        "no issuer": runner.token(iss=None),
        "issuer not a text": runner.token(iss={"a": 1}),
        "too old": runner.token(iat=now - 300),
        "too new": runner.token(iat=now + 300),
        "no iat": runner.token(iat=None),
        "user with a line break": runner.token(sub="a\nb"),
        "user that no database can hold": runner.token(sub="a\x00b"),
        "iat a text": runner.token(iat=str(now)),
        "iat a truth": runner.token(iat=True),
        "iat huge": runner.token(iat=10**400),
        "iat endless": runner.token(iat=float("inf")),
        "cut": runner.token()[:-4],
        "not ascii": runner.token() + "é",
    }
    answers = {}
    for name, token in tokens.items():
        headers = [("x-access-token-v2", token.encode("latin-1"))] if token else [("x-nothing", b"")]
        answer = runner.submit(url, form(SLUG, actions=[]), headers=headers)
        answers[name] = answer.status_code
    assert answers == dict.fromkeys(tokens, 403)


def test_tokens_a_minute_off_are_taken(url: str, runner: Runner) -> None:
    now = int(time.time())
    for iat in (now - 60, now + 60):
        headers = runner.headers(iat=iat)
        assert runner.submit(url, form(SLUG, actions=[]), headers=headers).status_code == 201


def test_ninety_seconds_are_recent() -> None:
    found = {
        iat: tokens._recent(iat, 1000.0) for iat in (910, 909.9, 1090, 1090.1, 1000.5, 10**400, "1000", True)
    }
    assert [iat for iat, recent in found.items() if recent] == [910, 1090, 1000.5]
    assert not tokens._recent(float("nan"), 1000.0)


def test_one_service_cannot_submit_for_another(url: str, runner: Runner) -> None:
    answer = runner.submit(url, form(SLUG, actions=[]), service_slug="another")
    assert answer.status_code == 403


def bad_forms() -> dict[str, object]:
    good = form(SLUG, actions=[])
    question = {"field_id": "f", "field_name": "n", "answer": "a"}
    return {
        "a list": [],
        "no service": {k: v for k, v in good.items() if k != "service"},
        "no attachments": {k: v for k, v in good.items() if k != "attachments"},
        "unknown action": form(SLUG, actions=[{"kind": "fax", "to": "1"}]),
        "email to nobody": form(SLUG, actions=[email(to="")]),
        "second header": form(SLUG, actions=[email(subject="s\nBcc: all@example.com")]),
        "header at the end": form(SLUG, actions=[email(subject="s\n")]),
        "no sender": form(SLUG, actions=[email(**{"from": ""})]),
        "a sender without address": form(SLUG, actions=[email(**{"from": "Forms <f@"})]),
        "short key": form(SLUG, actions=[{"kind": "json", "url": "http://a/", "key": "short"}]),
        "url of another kind": form(
            SLUG, actions=[{"kind": "json", "url": "file:///etc/x", "key": "k" * 16}]
        ),
        "number for an answer": form(SLUG, actions=[], pages=[{"answers": [{**question, "answer": 7}]}]),
        "no field id": form(SLUG, actions=[], pages=[{"answers": [{**question, "field_id": ""}]}]),
    }


def test_forms_that_break_the_contract(url: str, runner: Runner, queue: Queue) -> None:
    answers = {name: runner.submit(url, document) for name, document in bad_forms().items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 422)
    assert all(answer.json()["message"] for answer in answers.values())
    assert queue.claim("w") is None


def test_payloads_that_cannot_be_read(url: str, runner: Runner) -> None:
    good = form(SLUG, actions=[])
    assert runner.submit(url, good, encrypted_submission=encrypt(good, "F" * 32)).status_code == 422
    assert runner.submit(url, good, encrypted_submission="not base64!").status_code == 422
    assert runner.submit(url, good, encrypted_submission="").status_code == 422
    assert runner.submit(url, good, encrypted_submission=None).status_code == 422
    assert runner.submit(url, good, service_slug="../x").status_code == 422
    for identity in ("a\nb", "é", "a\x00", "a b", "x" * 8001, None):
        answer = runner.submit(url, good, encrypted_user_id_and_token=identity)
        assert answer.status_code == 422, f"{identity!r} cannot go on as a header"


def test_bodies_that_are_refused(url: str, runner: Runner) -> None:
    def post(content: bytes, kind: str = "application/json") -> int:
        headers = {**runner.headers(), "content-type": kind}
        return client.post(f"{url}/v2/submissions", content=content, headers=headers).status_code

    assert post(b"{}", "text/plain") == 415
    assert post(b"{}", "") == 415
    assert post(b"{") == 400
    assert post(b"\xff") == 400
    assert post(b"[" * 15_000) == 400
    assert post(b"{}", "application/json; charset=utf-8") == 422
    assert post(b" " * 20_001) == 413
    assert client.get(f"{url}/v2/submissions").status_code == 405
    assert client.get(f"{url}/nothing").status_code == 404


def test_without_token_cache_the_runner_may_try_again(
    url: str, runner: Runner, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_server.keys[SLUG, NAMESPACE] = "not a key"
    assert runner.submit(url, form(SLUG, actions=[])).status_code == 503


def test_state_is_for_the_service_that_submitted(url: str, runner: Runner, key_server: KeyServer) -> None:
    where = url + runner.submit(url, form(SLUG, actions=[])).headers["location"]
    assert client.get(where, headers=runner.headers()).json() == {"state": "waiting"}
    assert client.get(where).status_code == 403
    private, key_server.keys["other", NAMESPACE] = key_pair()
    other = Runner("other", NAMESPACE, private)
    assert client.get(where, headers=other.headers()).status_code == 404
    unknown = f"{url}/v2/submissions/{uuid.uuid4()}"
    assert client.get(unknown, headers=runner.headers()).status_code == 404


def test_probes_and_metrics(url: str, runner: Runner) -> None:
    assert client.get(f"{url}/health").text == "healthy"
    assert client.get(f"{url}/readiness").status_code == 200
    runner.submit(url, form(SLUG, actions=[]))
    runner.submit(url, [])
    text = client.get(f"{url}/metrics").text
    assert 'submitter_submissions_received_total{status="201"} 1.0' in text
    assert 'submitter_submissions_received_total{status="422"} 1.0' in text
    assert "submitter_waiting 1.0" in text
    assert "submitter_failed 0.0" in text
    assert "submitter_overdue_seconds 0." in text


def test_without_database_it_lives_but_is_not_ready(
    key_server: KeyServer, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@127.0.0.1:1/x")
    monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", key_server.url)
    monkeypatch.setenv("SUBMISSION_DECRYPTION_KEY", SUBMISSION_KEY)
    with serving(api.build()) as url:
        assert client.get(f"{url}/health").status_code == 200
        assert client.get(f"{url}/readiness").status_code == 503
        assert runner.submit(url, form(SLUG, actions=[])).status_code == 503


def test_log_lines_are_json_without_personal_data(
    url: str, runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.start("submitter-api")
    try:
        runner.submit(url, form(SLUG, actions=[email(to="canary@example.com")]))
        runner.submit(url, form(SLUG, actions=[email(to="canary@example.com")], pages="canary"))
        client.get(f"{url}/health")
    finally:
        logging.getLogger().handlers = []
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["message"] for line in lines] == ["accepted", "request", "request"]
    assert (lines[1]["status"], lines[2]["status"]) == (201, 422)
    assert lines[0]["request_id"] == lines[1]["request_id"]
    for secret in ("canary", runner.user, "Petty France", SUBMISSION_KEY):
        assert secret not in out


def test_a_form_with_many_questions_fits(url: str, runner: Runner) -> None:
    questions = [{"field_id": f"f{n}", "field_name": "n", "answer": ""} for n in range(100)]
    assert runner.submit(url, form(SLUG, actions=[], pages=[{"answers": questions}])).status_code == 201


def test_settings_are_checked_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value, words in (
        ("SUBMISSION_DECRYPTION_KEY", "short", "32 characters"),
        ("SERVICE_TOKEN_CACHE_ROOT_URL", "http://$(FB_X_SERVICE_HOST)", "needs FB_X_SERVICE_HOST"),
        ("SERVICE_TOKEN_CACHE_ROOT_URL", "", "is not set"),
        ("MAX_BODY_BYTES", "many", "is not a number"),
    ):
        monkeypatch.setenv("SUBMISSION_DECRYPTION_KEY", SUBMISSION_KEY)
        monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", "http://cache")
        monkeypatch.delenv("MAX_BODY_BYTES", raising=False)
        monkeypatch.setenv(name, value)
        with pytest.raises(SettingError, match=words):
            api.build()
