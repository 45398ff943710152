"""The JSON API and the pages, over HTTP."""

import html
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fb_platform.kubernetes import ACCOUNT
from fb_testing.http import client
from fb_testing.servers import serving
from publisher import web
from publisher.access import COOKIE, Access
from publisher.store import Store
from publisher.worker import Worker

from .cluster import MiniCluster
from .conftest import DEV, TOKEN, document

HEADERS = {"x-publisher-token": TOKEN}


def post(url: str, body: Any, **headers: str) -> httpx.Response:
    return client.post(f"{url}/forms", json=body, headers={**HEADERS, **headers})


def wish(url: str, space: str = "test-dev", **parts: Any) -> httpx.Response:
    return post(url, {"space": space, "form": document(**parts)})


def test_from_wish_to_address_and_away_again(url: str, worker: Worker) -> None:
    answer = wish(url)
    assert (answer.status_code, answer.json()) == (202, {"id": "test-dev/cats", "version": 1})
    where = url + answer.headers["location"]
    waiting = {
        "space": "test-dev", "slug": "cats", "name": "About cats", "state": "waiting", "address": "",
        "reason": "", "version": 1,
    }  # fmt: skip
    assert client.get(where, headers=HEADERS).json() == waiting
    worker.tick()
    published = {**waiting, "state": "published", "address": "http://127.9.9.9"}
    assert client.get(where, headers=HEADERS).json() == published
    assert client.get(f"{url}/forms", headers=HEADERS).json() == {"forms": [published]}
    assert wish(url).json()["version"] == 2
    assert client.delete(where, headers=HEADERS).status_code == 202
    assert client.get(where, headers=HEADERS).json()["state"] == "unpublishing"
    for _ in range(3):
        worker.tick()
    assert client.get(where, headers=HEADERS).status_code == 404
    assert client.delete(where, headers=HEADERS).status_code == 404


ROUTES = [
    ("GET", "/"), ("GET", "/publish"), ("POST", "/publish"), ("GET", "/unpublish/test-dev/cats"),
    ("POST", "/unpublish/test-dev/cats"), ("POST", "/sign-out"), ("GET", "/forms"), ("POST", "/forms"),
    ("GET", "/forms/test-dev/cats"), ("DELETE", "/forms/test-dev/cats"), ("GET", "/state"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_nothing_without_the_token(url: str, store: Store, method: str, route: str) -> None:
    store.publish("test-dev", "cats", "1", "Secret cats", "{}")
    answer = client.request(method, url + route)
    assert answer.status_code == 401
    assert "Secret cats" not in answer.text
    wrong = {"x-publisher-token": TOKEN[:-1] + "é", "cookie": f"{COOKIE}=9999999999.x.{'0' * 64}"}
    assert client.request(
        method, url + route, headers={k: v.encode() for k, v in wrong.items()}
    ).status_code in (401, 403)
    assert [form.state for form in store.forms()] == ["waiting"]


def test_health_needs_no_token(url: str) -> None:
    assert client.get(f"{url}/health").status_code == 200
    assert client.get(f"{url}/readiness", headers=HEADERS).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ([], 422, "space and form"),
        ({"space": "test-dev"}, 422, "space and form"),
        ({"space": "live-dev", "form": document()}, 422, "space must be one of test-dev, test-production"),
        ({"space": ["test-dev"], "form": document()}, 422, "space must be one of"),
        ({"space": "test-dev", "form": document("Cats")}, 422, "$.slug"),
        ({"space": "test-dev", "form": {**document(), "pages": []}}, 422, "$.pages"),
        ({"space": "test-dev", "form": document(name="\ud800")}, 422, "not a form"),
        ({"space": "test-dev", "form": document(body="x" * 9_999, pages=[
            {"url": f"p{n}", "heading": "x" * 9_999} for n in range(10)])}, 422, "larger than 100,000 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_wish(url: str, store: Store, body: Any, status: int, words: str) -> None:
    content = json.dumps(body)
    answer = client.post(
        f"{url}/forms", content=content, headers={**HEADERS, "content-type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert words in answer.json()["message"]
    assert store.forms() == []


def test_bodies_that_are_not_what_they_should_be(url: str) -> None:
    def answered(content: bytes, kind: str = "application/json") -> int:
        return client.post(
            f"{url}/forms", content=content, headers={**HEADERS, "content-type": kind}
        ).status_code

    assert answered(b"{}", "text/plain") == 415
    assert answered(b"{") == 400
    assert answered(b" " * 1_000_001) == 413


def test_a_slug_that_is_taken(url: str, kubernetes: MiniCluster) -> None:
    kubernetes.put("ConfigMap", DEV, "fb-pipeline-check-config-map", data={})
    answer = wish(url, slug="pipeline-check")
    assert (answer.status_code, "taken" in answer.json()["message"]) == (409, True)
    assert wish(url).status_code == 202
    other = post(url, {"space": "test-dev", "form": {**document(), "id": "another"}})
    assert (other.status_code, "another form" in other.json()["message"]) == (409, True)


def test_collaborators_that_are_away(url: str, kubernetes: MiniCluster, tmp_path: Path, store: Store) -> None:
    kubernetes.is_down = True
    assert wish(url).status_code == 503
    kubernetes.is_down = False
    (tmp_path / ACCOUNT.lstrip("/") / "token").unlink()
    assert wish(url).status_code == 503
    store.database.run("drop table forms")
    answer = client.get(f"{url}/forms", headers=HEADERS)
    assert (answer.status_code, answer.json()) == (503, {"message": "the database does not answer"})
    assert client.get(f"{url}/health").status_code == 200


def test_state_tells_whether_the_worker_could_publish(
    url: str, worker: Worker, kubernetes: MiniCluster
) -> None:
    def state() -> Any:
        return client.get(f"{url}/state", headers=HEADERS).json()

    before = state()
    assert before["worker"] == {"alive": False, "seen": None}
    assert [space["problem"] for space in before["spaces"]] == ["The worker has not looked here yet."] * 2
    worker.tick()
    assert state()["worker"]["alive"] is True
    assert state()["spaces"] == [
        {"space": "test-dev", "problem": "", "runner": "1"},
        {"space": "test-production", "problem": "", "runner": "1"},
    ]
    worker.store.database.run("update spaces set checked_at = 0")
    worker.store.database.run("update leases set seen_at = :long_ago", long_ago=time.time() - 60)
    assert state()["worker"]["alive"] is False
    assert {space["problem"] for space in state()["spaces"]} == {
        "The worker has not looked here for a while."
    }


@pytest.fixture
def browser(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False, follow_redirects=True, timeout=20) as found:
        yield found


@pytest.fixture
def signed_in(browser: httpx.Client) -> httpx.Client:
    assert browser.post("/sign-in", data={"token": TOKEN}).status_code == 200
    return browser


def word(page: httpx.Response) -> str:
    found = re.search(r'name="word" value="(\w+)"', page.text)
    assert found
    return found[1]


def test_signing_in_and_out(browser: httpx.Client) -> None:
    page = browser.get("/")
    assert (page.status_code, 'type="password"' in page.text) == (401, True)
    wrong = browser.post("/sign-in", data={"token": "wrong"})
    assert (wrong.status_code, "The token is not right" in wrong.text) == (403, True)
    assert browser.post("/sign-in", json={"token": TOKEN}).status_code == 415
    answer = browser.post("/sign-in", data={"token": TOKEN}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    page = browser.get("/")
    assert page.status_code == 200
    assert "script" not in page.headers["content-security-policy"]
    assert browser.post("/sign-out", data={"word": word(page)}).status_code == 401


def test_where_there_is_tls_the_cookie_is_for_tls_only(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECURE_COOKIE", "yes")
    with serving(web.build()) as url:
        answer = client.post(f"{url}/sign-in", data={"token": TOKEN})
    assert (answer.status_code, "Secure" in answer.headers["set-cookie"]) == (303, True)


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access(TOKEN)
    session = access.session()
    assert access.is_session(session)
    assert not Access(TOKEN + "2").is_session(session)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 9 * 3600)
    assert not access.is_session(session)


def test_publishing_and_unpublishing_on_pages(signed_in: httpx.Client, worker: Worker, store: Store) -> None:
    worker.tick()
    assert "There are no forms here" in signed_in.get("/").text
    page = signed_in.get("/publish")
    wished = document("bob", name="<b>Bob’s</b> & co")
    sent = {"word": word(page), "space": "test-dev", "form": json.dumps(wished)}
    page = signed_in.post("/publish", data=sent)
    assert page.url.path == "/"
    assert "&lt;b&gt;Bob’s&lt;/b&gt; &amp; co" in page.text
    assert ">waiting<" in page.text
    worker.tick()
    page = signed_in.get("/")
    assert '<a href="http://127.9.9.9">' in page.text
    assert ">published<" in page.text
    page = signed_in.get("/unpublish/test-dev/bob")
    assert page.status_code == 200
    assert [form.wish for form in store.forms()] == ["publish"], "a GET changes nothing"
    page = signed_in.post("/unpublish/test-dev/bob", data={"word": word(page)})
    assert ">unpublishing<" in page.text
    assert signed_in.get("/unpublish/test-dev/cats").status_code == 404


def test_mistakes_are_shown_beside_what_was_typed(signed_in: httpx.Client, store: Store) -> None:
    key = word(signed_in.get("/publish"))

    def sent(space: str, form: str) -> tuple[int, str]:
        page = signed_in.post("/publish", data={"word": key, "space": space, "form": form})
        return page.status_code, html.unescape(page.text)

    status, text = sent("test-dev", '{"a": </textarea>')
    assert (status, "must be JSON." in text, '{"a": </textarea></textarea>' in text) == (400, True, True)
    status, text = sent("", json.dumps(document()))
    assert (status, 'href="#space-test-dev"' in text) == (422, True)
    status, text = sent("test-dev", json.dumps(document("Bad")))
    assert (status, "$.slug" in text, "Error: Publish a form" in text) == (422, True, True)
    assert store.forms() == []


def test_pages_cannot_be_used_from_another_site(signed_in: httpx.Client, store: Store) -> None:
    form = {"space": "test-dev", "form": json.dumps(document())}
    for extra in ({}, {"word": "0" * 64}, {"word": "é"}):
        assert signed_in.post("/publish", data={**form, **extra}).status_code == 403
    assert signed_in.post("/publish", json=form).status_code == 415
    assert signed_in.post("/publish", data={"form": "x" * 1_000_001}).status_code == 413
    assert signed_in.post("/publish", data={f"f{n}": "" for n in range(30)}).status_code == 400
    assert signed_in.get("/forms").status_code == 401, "the cookie is for pages only"
    assert store.forms() == []


def test_the_overview_says_what_is_wrong(
    signed_in: httpx.Client, worker: Worker, kubernetes: MiniCluster, store: Store
) -> None:
    assert "The worker does not run" in signed_in.get("/").text
    del kubernetes.objects["configmaps", DEV, "fb-runner-test-dev"]
    kubernetes.put("Service", "formbuilder-services-test-production", "form-cats", spec={})
    store.publish("test-production", "cats", "1", "Cats", "{}")
    worker.tick()
    text = signed_in.get("/").text
    assert "The worker does not run" not in text
    assert "Nothing can be published here now" in text
    assert "Service form-cats is there already" in text
