"""Every route and every refusal of the contract, against what is deployed."""

import base64
import time
import uuid
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fb_testing.callers import strangers
from fb_testing.http import client
from fb_testing.runner import Runner

LETTER = "A letter of Zoë O’Neill".encode()


def address(url: str, runner: Runner, *more: str) -> str:
    return "/".join([f"{url}/service/{runner.slug}/user/{runner.user}", *more])


def upload(url: str, runner: Runner, content: bytes = LETTER, **policy: Any) -> Any:
    body = {"file": base64.b64encode(content).decode(), "policy": policy}
    return client.post(address(url, runner), json=body, headers=runner.headers())


def test_a_large_file_comes_back_as_it_was(url: str, runner: Runner) -> None:
    content = b"%PDF-1.7 " + uuid.uuid4().bytes * 500_000
    kept = upload(url, runner, content).json()
    assert (kept["size"], kept["type"]) == (len(content), "application/pdf")
    assert 27 * 86400 < kept["date"] - time.time() < 29 * 86400
    file = client.get(address(url, runner, kept["fingerprint"]), headers=runner.headers())
    assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
    assert file.content == content, "the file was changed on its way"


def test_what_a_form_does_not_take(url: str, runner: Runner) -> None:
    answers = {
        "too large": upload(url, runner, max_size=5),
        "another type": upload(url, runner, allowed_types=["image/*"]),
    }
    assert {name: (answer.status_code, answer.json()["name"]) for name, answer in answers.items()} == {
        "too large": (400, "invalid.too-large"),
        "another type": (400, "invalid.type"),
    }


def test_a_public_copy_opens_with_its_key(url: str, runner: Runner) -> None:
    fingerprint = upload(url, runner).json()["fingerprint"]
    answer = client.post(address(url, runner, fingerprint, "presigned-s3-url"), headers=runner.headers())
    assert answer.status_code == 201
    copy = answer.json()
    sealed = client.get(f"{url}/public/{copy['url'].rpartition('/')[2]}").content
    key, iv = (base64.b64decode(copy[name]) for name in ("encryption_key", "encryption_iv"))
    plain = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor().update(sealed)
    assert plain[: -plain[-1]] == LETTER


def test_who_may_not(url: str, runner: Runner) -> None:
    fingerprint = upload(url, runner).json()["fingerprint"]
    tokens = strangers(runner)
    file = address(url, runner, fingerprint)
    answers = {
        who: (
            client.get(file, headers=headers).status_code,
            client.delete(file, headers=headers).status_code,
            client.post(f"{file}/presigned-s3-url", headers=headers).status_code,
        )
        for who, headers in tokens.items()
    }
    assert answers == dict.fromkeys(tokens, (403, 403, 403))
    assert client.get(file, headers=runner.headers()).content == LETTER
    assert client.delete(file, headers=runner.headers()).status_code == 204
    assert client.get(file, headers=runner.headers()).status_code == 404


def test_what_is_no_upload(url: str, runner: Runner) -> None:
    bodies = {
        ("application/json", b"{"): 400,
        ("text/plain", b'{"file": ""}'): 415,
        ("application/json", b'{"file": "%"}'): 422,
        ("application/json", b"{}"): 422,
        ("application/json", b'{"file": "", "policy": {"expires": 1000}}'): 422,
        ("application/json", b'{"file": "' + b"A" * 28_000_000 + b'"}'): 413,
    }
    answers = {
        (kind, body): client.post(
            address(url, runner), content=body, headers={**runner.headers(), "content-type": kind}
        ).status_code
        for kind, body in bodies
    }
    assert {body[:60]: answers[kind, body] for kind, body in bodies} == {
        body[:60]: status for (_, body), status in bodies.items()
    }


def test_what_is_not_there(url: str, runner: Runner) -> None:
    unknown = "28d-" + "0" * 64
    paths = [unknown, "no-fingerprint", "..%2F..%2Fetc%2Fpasswd"]
    answers = {path: client.get(address(url, runner, path), headers=runner.headers()) for path in paths}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(paths, 404)
    copy = client.post(address(url, runner, unknown, "presigned-s3-url"), headers=runner.headers())
    assert (copy.status_code, client.get(f"{url}/public/no-such-copy").status_code) == (404, 404)
    assert client.delete(address(url, runner, unknown), headers=runner.headers()).status_code == 204
    wrong_method = client.put(address(url, runner, unknown), headers=runner.headers())
    assert wrong_method.status_code == 405
