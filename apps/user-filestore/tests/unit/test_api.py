"""The routes: what they keep, what they hand out, and whom they refuse."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fb_platform import logs
from fb_platform.settings import SettingError
from fb_testing.http import client
from fb_testing.keyed import NAMESPACE, SLUG
from fb_testing.keys import KeyServer, key_pair
from fb_testing.loglines import requests
from fb_testing.runner import Runner
from user_filestore import api

from .conftest import PLATFORM

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LETTER = "Zoë O’Neill, 1 High Street".encode()


def where(url: str, runner: Runner, *more: str) -> str:
    return "/".join([f"{url}/service/{SLUG}/user/{runner.user}", *more])


def upload(url: str, runner: Runner, content: bytes = LETTER, **policy: Any) -> Any:
    body = {"encrypted_user_id_and_token": "x", "file": base64.b64encode(content).decode(), "policy": policy}
    return client.post(where(url, runner), json=body, headers=runner.headers())


@pytest.fixture
def submitter(key_server: KeyServer, runner: Runner) -> Runner:
    """The submitter, which works for the same user."""
    key_server.keys["submitter", PLATFORM] = key_server.keys[SLUG, NAMESPACE]
    return Runner("submitter", PLATFORM, runner.private_key, user=runner.user)


def test_a_file_is_kept_given_back_and_forgotten(url: str, runner: Runner) -> None:
    kept = upload(url, runner, PNG)
    assert kept.status_code == 201
    about = kept.json()
    assert (about["size"], about["type"]) == (len(PNG), "image/png")
    assert 27.9 * 86400 < about["date"] - time.time() < 28.1 * 86400
    assert upload(url, runner, PNG).json()["fingerprint"] == about["fingerprint"]
    file = client.get(where(url, runner, about["fingerprint"]), headers=runner.headers())
    assert (file.content, file.headers["content-type"]) == (PNG, "image/png")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert (
        client.delete(where(url, runner, about["fingerprint"]), headers=runner.headers()).status_code == 204
    )
    gone = client.get(where(url, runner, about["fingerprint"]), headers=runner.headers())
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 x", "application/pdf"),
        (LETTER, "text/plain"),
        (b"\xff\x00\x01", "application/octet-stream"),
    ],
)
def test_what_a_file_is_is_told_by_its_content(url: str, runner: Runner, content: bytes, kind: str) -> None:
    assert upload(url, runner, content).json()["type"] == kind


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        ({"max_size": 3}, "invalid.too-large"),
        ({"allowed_types": ["image/*", "application/pdf"]}, "invalid.type"),
    ],
)
def test_what_a_form_does_not_take(url: str, runner: Runner, folder: Path, policy: Any, name: str) -> None:
    answer = upload(url, runner, **policy)
    assert (answer.status_code, answer.json()["name"]) == (400, name)
    assert not list(folder.glob("*/*"))
    assert upload(url, runner, PNG, allowed_types=["image/*"], max_size=len(PNG)).status_code == 201


def test_what_lies_in_the_folder_says_nothing(url: str, runner: Runner, folder: Path) -> None:
    upload(url, runner)
    [file] = folder.glob("*/*")
    assert LETTER not in file.read_bytes() and runner.user not in str(file) and SLUG not in str(file)


def test_a_stored_file_that_was_changed_is_not_given_out(url: str, runner: Runner, folder: Path) -> None:
    fingerprint = upload(url, runner).json()["fingerprint"]
    [file] = folder.glob("*/*")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    answer = client.get(where(url, runner, fingerprint), headers=runner.headers())
    assert answer.status_code == 503


def test_the_submitter_reads_what_it_sends_for_this_form_and_user(
    url: str, runner: Runner, submitter: Runner
) -> None:
    fingerprint = upload(url, runner).json()["fingerprint"]
    address = where(url, runner, fingerprint)
    assert client.get(address, headers=submitter.headers(service=SLUG)).content == LETTER
    refused = [
        submitter.headers(),
        submitter.headers(service="other"),
        submitter.headers(service=SLUG, sub="somebody"),
        submitter.headers(service=SLUG, namespace=NAMESPACE),
    ]
    assert [client.get(address, headers=headers).status_code for headers in refused] == [403] * 4


def test_a_public_copy_opens_with_its_key_alone(url: str, runner: Runner, submitter: Runner) -> None:
    fingerprint = upload(url, runner).json()["fingerprint"]
    copies = [
        client.post(
            where(url, runner, fingerprint, "presigned-s3-url"), headers=submitter.headers(service=SLUG)
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in copies] == [201, 201]
    one, two = (answer.json() for answer in copies)
    assert set(one) == {"url", "encryption_key", "encryption_iv"}
    assert all(one[name] != two[name] for name in one), "each copy is fresh"
    sealed = client.get(one["url"])
    assert (sealed.status_code, LETTER in sealed.content) == (200, False)
    key, iv = (base64.b64decode(one[name]) for name in ("encryption_key", "encryption_iv"))
    plain = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor().update(sealed.content)
    assert plain[: -plain[-1]] == LETTER
    assert client.get(f"{url}/public/no-such-copy").status_code == 404


@pytest.mark.parametrize("claims", [{"iat": 1}, {"iss": "other"}, {"sub": "x"}, {"namespace": "other"}])
def test_a_token_that_is_not_of_this_service_and_user_now(url: str, runner: Runner, claims: Any) -> None:
    body = {"file": ""}
    answer = client.post(where(url, runner), json=body, headers=runner.headers(**claims))
    assert answer.status_code == 403


def test_a_token_that_is_missing_or_forged(url: str, runner: Runner) -> None:
    forger = Runner(SLUG, NAMESPACE, key_pair()[0], user=runner.user)
    assert [client.post(where(url, runner), json={}).status_code, upload(url, forger).status_code] == [
        403,
        403,
    ]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b'{"file": "' + b"A" * 100_000 + b'"}', "application/json", 413),
        (b"{}", "application/json", 422),
        (b'{"file": "%%%"}', "application/json", 422),
        (b'{"file": "\xc3\xa9"}', "application/json", 422),
        (b'{"file": "", "policy": {"max_size": 0}}', "application/json", 422),
        (b'{"file": "", "policy": {"expires": 1000}}', "application/json", 422),
    ],
)
def test_bodies_that_break_it(
    url: str, runner: Runner, folder: Path, content: bytes, kind: str, status: int
) -> None:
    headers = {**runner.headers(), "content-type": kind}
    assert client.post(where(url, runner), content=content, headers=headers).status_code == status
    assert not list(folder.glob("*/*"))


@pytest.mark.parametrize(
    "path",
    [
        "/service/..%2F..%2Fetc/user/u/1d-" + "0" * 64,
        f"/service/{SLUG}%00/user/u/1d-" + "0" * 64,
        f"/service/{'x' * 254}/user/u/1d-" + "0" * 64,
        f"/service/{SLUG}/user/..%2F..%2Fetc/1d-" + "0" * 64,
        f"/service/{SLUG}/user/u/..%2F..%2F..%2Fetc%2Fpasswd",
        f"/service/{SLUG}/user/u/1d-{'0' * 63}g",
        f"/service/{SLUG}/user/u/1d-{'0' * 64}%00",
        f"/service/{SLUG}/user/{'x' * 201}/1d-" + "0" * 64,
        "/public/..%2F..%2Fetc%2Fpasswd",
        "/public/a%00b",
    ],
)
def test_names_that_try_tricks_are_not_there(url: str, runner: Runner, path: str) -> None:
    assert client.get(url + path, headers=runner.headers(sub="u")).status_code == 404


def test_a_file_whose_time_has_come_is_gone(
    url: str, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint = upload(url, runner, expires=1).json()["fingerprint"]
    address = where(url, runner, fingerprint)
    assert client.get(address, headers=runner.headers()).status_code == 200
    monkeypatch.setattr("user_filestore.sealing.time.time", lambda now=time.time: now() + 86401)
    later = runner.headers(iat=int(time.time()))
    assert client.get(address, headers=later).status_code == 404


def test_storage_that_is_away_is_told_and_comes_back(url: str, runner: Runner, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")
    assert [client.get(url + probe).status_code for probe in ("/health", "/readiness")] == [200, 503]
    assert upload(url, runner).status_code == 503
    folder.unlink()
    assert client.get(url + "/readiness").status_code == 200
    assert upload(url, runner).status_code == 201


def test_a_token_cache_that_is_away(url: str, runner: Runner, key_server: KeyServer) -> None:
    key_server.keys[SLUG, NAMESPACE] = "no key at all"
    assert upload(url, runner).status_code == 503


def test_a_log_line_says_what_happened_and_nothing_personal(
    url: str, runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.start("user-filestore")
    fingerprint = upload(url, runner).json()["fingerprint"]
    copy = client.post(where(url, runner, fingerprint, "presigned-s3-url"), headers=runner.headers()).json()
    client.get(copy["url"])
    lines = requests(capsys, 3)
    assert [line["route"] for line in lines if "route" in line] == [api.FILES, api.COPY, api.PUBLIC]
    for word in (runner.user, fingerprint, copy["url"].rpartition("/")[2], copy["encryption_key"], "Zoë"):
        assert word not in json.dumps(lines, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STORAGE_SECRET", "short", "32 characters"),
        ("OBJECT_STORE", "ftp://x", "OBJECT_STORE must be"),
        ("OBJECT_STORE", "s3://", "OBJECT_STORE must be"),
        ("NAMESPACE", "", "NAMESPACE is not set"),
    ],
)
def test_settings_that_are_wrong_end_the_start(
    configured: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=words):
        api.build()
