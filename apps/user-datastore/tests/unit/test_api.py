"""The routes: what they keep, and whom they refuse."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from fb_platform import logs
from fb_platform.settings import SettingError
from fb_testing.http import client
from fb_testing.keyed import NAMESPACE, SLUG
from fb_testing.keys import KeyServer, key_pair
from fb_testing.loglines import requests
from fb_testing.runner import Runner
from fb_testing.servers import serving
from starlette.applications import Starlette
from user_datastore import api

SECRET = "the answers of Zoë O’Neill"


def where(url: str, runner: Runner) -> str:
    return f"{url}/service/{SLUG}/user/{runner.user}"


def keep(url: str, runner: Runner, payload: Any = SECRET, **claims: Any) -> int:
    return client.post(
        where(url, runner), json={"payload": payload}, headers=runner.headers(**claims)
    ).status_code


def test_answers_are_kept_replaced_and_forgotten(url: str, runner: Runner) -> None:
    address = where(url, runner)
    assert client.get(address, headers=runner.headers()).status_code == 404
    assert (keep(url, runner), keep(url, runner, "second")) == (201, 200)
    found = client.get(address, headers=runner.headers())
    assert (found.status_code, found.json()) == (200, {"payload": "second"})
    assert client.delete(address, headers=runner.headers()).status_code == 204
    assert client.get(address, headers=runner.headers()).status_code == 404


def test_two_users_do_not_see_each_other(url: str, runner: Runner) -> None:
    other = Runner(SLUG, NAMESPACE, runner.private_key)
    keep(url, runner, "mine"), keep(url, other, "theirs")
    assert client.get(where(url, runner), headers=runner.headers()).json() == {"payload": "mine"}
    peek = client.get(where(url, other), headers=runner.headers())
    assert (peek.status_code, peek.json()["message"]) == (403, "the token is of another user")


@pytest.mark.parametrize(
    "claims",
    [{"iat": 1}, {"iat": None}, {"iss": "other"}, {"sub": "somebody"}, {"namespace": "other"}, {"iss": None}],
)
def test_a_token_that_is_not_of_this_service_and_user_now(url: str, runner: Runner, claims: Any) -> None:
    assert keep(url, runner, **claims) == 403


def test_a_token_that_is_missing_or_forged(url: str, runner: Runner) -> None:
    assert client.get(where(url, runner)).status_code == 403
    forger = Runner(SLUG, NAMESPACE, key_pair()[0], user=runner.user)
    assert keep(url, forger) == 403


def test_the_token_of_another_service_opens_nothing(url: str, runner: Runner, key_server: KeyServer) -> None:
    key_server.keys["other", NAMESPACE] = key_server.keys[SLUG, NAMESPACE]
    other = Runner("other", NAMESPACE, runner.private_key, user=runner.user)
    answer = client.get(where(url, runner), headers=other.headers())
    assert (answer.status_code, answer.json()["message"]) == (403, "the token is of another service")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"payload": "x"}', "text/plain", 415),
        (b"{", "application/json", 400),
        (b'{"payload": "' + b"x" * 2000 + b'"}', "application/json", 413),
        (b"[]", "application/json", 422),
        (b'{"payload": 1}', "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"payload": "a\\u0000b"}', "application/json", 422),
    ],
)
def test_bodies_that_break_the_contract(
    url: str, runner: Runner, content: bytes, kind: str, status: int
) -> None:
    headers = {**runner.headers(), "content-type": kind}
    assert client.post(where(url, runner), content=content, headers=headers).status_code == status
    assert client.get(where(url, runner), headers=runner.headers()).status_code == 404, "nothing was kept"


@pytest.mark.parametrize("user", ["..%2F..%2Fetc", "a%00b", "a%20b", "x" * 201, "%2e%2e%2fx"])
def test_a_user_that_is_no_name_is_not_there(url: str, runner: Runner, user: str) -> None:
    answer = client.get(f"{url}/service/{SLUG}/user/{user}", headers=runner.headers())
    assert answer.status_code == 404


def test_methods_and_addresses_that_are_not_there(url: str, runner: Runner) -> None:
    assert client.put(where(url, runner), json={}, headers=runner.headers()).status_code == 405
    assert client.get(f"{url}/service/{SLUG}").status_code == 404


def test_a_token_cache_that_is_away(url: str, runner: Runner, key_server: KeyServer) -> None:
    key_server.keys[SLUG, NAMESPACE] = "no key at all"
    answer = client.get(where(url, runner), headers=runner.headers())
    assert answer.status_code == 503


def test_a_database_that_is_away_is_told_and_comes_back(
    key_server: KeyServer, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").write_text("in the way of the database's folder")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/answers.db")
    monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", key_server.url)
    with serving(api.build()) as url:
        assert [client.get(url + probe).status_code for probe in ("/health", "/readiness")] == [200, 503]
        assert keep(url, runner) == 503
        (tmp_path / "data").unlink()
        assert client.get(url + "/readiness").status_code == 200
        assert keep(url, runner) == 201


def test_a_log_line_says_what_happened_and_nothing_personal(
    url: str, runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.start("user-datastore")
    keep(url, runner)
    client.get(where(url, runner), headers=runner.headers())
    lines = requests(capsys, 2)
    found = [(line["method"], line["route"], line["status"]) for line in lines if "route" in line]
    assert found == [("POST", api.ADDRESS, 201), ("GET", api.ADDRESS, 200)]
    for word in (SECRET, runner.user, runner.token().split(".")[1][:40]):
        assert word not in json.dumps(lines)


def test_settings_that_are_wrong_end_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://x")
    with pytest.raises(SettingError, match="DATABASE_URL must begin with"):
        api.build()
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x")
    monkeypatch.delenv("SERVICE_TOKEN_CACHE_ROOT_URL", raising=False)
    with pytest.raises(SettingError, match="SERVICE_TOKEN_CACHE_ROOT_URL is not set"):
        api.build()


def test_a_token_cache_that_is_too_slow_is_not_waited_for(
    key_server: KeyServer, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            while (await receive())["type"] != "http.disconnect":
                pass

    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/answers.db")
    with serving(never, lifespan="off") as slow:
        monkeypatch.setenv("SERVICE_TOKEN_CACHE_ROOT_URL", slow)
        app = api.build()
        assert isinstance(app, Starlette)
        with serving(app) as url:
            started = time.monotonic()
            assert keep(url, runner) == 503
            assert time.monotonic() - started < 30
