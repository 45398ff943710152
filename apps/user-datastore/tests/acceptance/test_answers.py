"""Every route and every refusal of the contract, against what is deployed."""

import base64
import uuid

from fb_testing.callers import strangers
from fb_testing.http import client
from fb_testing.runner import Runner


def address(url: str, runner: Runner) -> str:
    return f"{url}/service/{runner.slug}/user/{runner.user}"


def test_answers_survive_page_after_page(url: str, runner: Runner) -> None:
    for page in range(5):
        kept = client.post(address(url, runner), json={"payload": f"page {page} é"}, headers=runner.headers())
        assert (kept.status_code, kept.json()) == (201 if page == 0 else 200, {})
        found = client.get(address(url, runner), headers=runner.headers())
        assert (found.status_code, found.json()) == (200, {"payload": f"page {page} é"})


def test_a_payload_as_large_as_a_long_form(url: str, runner: Runner) -> None:
    payload = base64.b64encode(uuid.uuid4().bytes * 100_000).decode()
    assert client.post(address(url, runner), json={"payload": payload}, headers=runner.headers()).is_success
    assert client.get(address(url, runner), headers=runner.headers()).json() == {"payload": payload}
    too_large = client.post(address(url, runner), json={"payload": "x" * 5_000_001}, headers=runner.headers())
    assert too_large.status_code == 413


def test_who_may_not(url: str, runner: Runner) -> None:
    client.post(address(url, runner), json={"payload": "mine"}, headers=runner.headers())
    tokens = strangers(runner)
    answers = {
        who: (
            client.get(address(url, runner), headers=headers).status_code,
            client.post(address(url, runner), json={"payload": "theirs"}, headers=headers).status_code,
            client.delete(address(url, runner), headers=headers).status_code,
        )
        for who, headers in tokens.items()
    }
    assert answers == dict.fromkeys(tokens, (403, 403, 403))
    assert client.get(address(url, runner), headers=runner.headers()).json() == {"payload": "mine"}


def test_what_is_not_a_payload(url: str, runner: Runner) -> None:
    bodies = {
        ("application/json", b"{"): 400,
        ("text/plain", b'{"payload": "x"}'): 415,
        ("application/json", b'{"payload": 1}'): 422,
    }
    answers = {
        (kind, body): client.post(
            address(url, runner), content=body, headers={**runner.headers(), "content-type": kind}
        ).status_code
        for kind, body in bodies
    }
    assert answers == bodies
    assert client.get(address(url, runner), headers=runner.headers()).status_code == 404
