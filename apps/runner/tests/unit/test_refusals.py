"""Bad input, forged requests, collaborators that are away: the status, a page, and nothing lost."""

import json
import logging
import socket

import httpx
import pytest
from fb_platform import logs
from fb_testing import canary
from fb_testing.keys import key_pair
from fb_testing.person import File, HttpPerson
from fb_testing.servers import serving
from runner import api, collaborators

from .conftest import Others

SORRY = "Sorry, there is a problem with the service"


def test_probes_answer_whatever_happens(url: str, others: Others) -> None:
    others.away |= {"datastore", "filestore", "submitter"}
    for probe in ("health", "readiness"):
        assert httpx.get(f"{url}/{probe}").status_code == 200


def test_pages_that_are_not_there(person: HttpPerson) -> None:
    for address, root in {"nowhere": "./", "no/such/place": "../../", "resume/forged": "../"}.items():
        person.open(address)
        assert (person.status(), person.heading()) == (404, "Page not found")
        assert person.page.xpath("//link[@rel='stylesheet']")[0].get("href") == f"{root}assets/style.css"
    assert person.client.put(person.base).status_code == 405
    assert person.client.post(f"{person.base}nowhere").status_code == 404


def test_a_form_that_is_not_of_this_session(person: HttpPerson, url: str, others: Others) -> None:
    canary.start(person)
    token = person.page.xpath("//input[@name='_csrf']")[0].get("value")
    cookies = dict(person.client.cookies)
    stranger = HttpPerson(url)
    canary.start(stranger)
    data = {"name": "Mallory", "_csrf": token}
    for what, options in {
        "no token": {"data": {"name": "Mallory"}, "cookies": cookies},
        "no cookie": {"data": data},
        "another's token": {"data": data, "cookies": dict(stranger.client.cookies)},
        "a forged cookie": {"data": data, "cookies": {"form-pipeline-check": "x" * 80}},
        "another site": {"data": data, "cookies": cookies, "headers": {"sec-fetch-site": "cross-site"}},
    }.items():
        answer = httpx.post(f"{url}/about-you", **options)  # type: ignore[arg-type]
        assert answer.status_code == 403, what
        assert "Your session has ended" in answer.text
    for address in ("check-answers", "session/end"):
        assert httpx.post(f"{url}/{address}", data={}, cookies=cookies).status_code == 403
    assert not others.entries
    stranger.close()


def test_the_cookie_and_the_headers(person: HttpPerson, environment: pytest.MonkeyPatch) -> None:
    canary.start(person)
    cookie = person.answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/")), cookie
    assert "Secure" not in cookie
    assert "default-src 'none'" in person.answer.headers["content-security-policy"]
    assert person.answer.headers["cache-control"] == "no-store"
    environment.setenv("SECURE_COOKIE", "yes")
    with serving(api.build()) as url:
        assert "Secure" in httpx.get(f"{url}/about-you").headers["set-cookie"]


def test_bodies_that_are_too_large_or_no_form(person: HttpPerson, url: str) -> None:
    canary.start(person)
    cookies = dict(person.client.cookies)
    url = f"{url}/about-you"
    assert httpx.post(url, data={"name": "a" * 1_000_001}, cookies=cookies).status_code == 413

    def unannounced() -> object:
        for _ in range(20):
            yield b"name=" + b"a" * 100_000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(url, content=unannounced(), headers=kind, cookies=cookies)  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert "choose smaller files" in answer.text
    assert httpx.post(url, json={}, cookies=cookies).status_code == 415
    broken = {"content-type": "multipart/form-data"}
    assert httpx.post(url, content=b"x", headers=broken, cookies=cookies).status_code == 400


def test_an_upload_above_the_limit_of_a_request(person: HttpPerson, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MAX_BODY_BYTES", "50000")
    canary.fill_in(person)
    with serving(api.build()) as url:
        cookies = dict(person.client.cookies)
        files = {"photo": ("a.bin", b"0" * 60_000)}
        assert httpx.post(f"{url}/evidence", files=files, cookies=cookies).status_code == 413


@pytest.mark.parametrize("how", ["away", "refuses our token", "garbled", "gone", "slow"])
def test_while_the_datastore_cannot_what_was_typed_stays(
    how: str, person: HttpPerson, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary.start(person)
    person.fill("Full name", 'Zoë\'s "<b>" & co')
    public = others.public
    with socket.socket() as deaf:  # listens, and never answers
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        request = collaborators.Collaborators._ask

        async def elsewhere(self: collaborators.Collaborators, method: str, where: str, *rest, **more):  # type: ignore[no-untyped-def]
            there = f"http://127.0.0.1:{deaf.getsockname()[1] if how == 'slow' else 9}/"
            return await request(self, method, there, *rest, timeout=0.3, **more)

        if how == "away":
            others.away.add("datastore")
        elif how == "refuses our token":
            others.public = key_pair()[1]
        elif how == "garbled":
            others.garbled = True
        else:
            monkeypatch.setattr(collaborators.Collaborators, "_ask", elsewhere)
        person.press("Continue")
        assert (person.status(), person.heading()) == (503, SORRY)
        person.press("Try again")
        assert (person.status(), person.heading()) == (503, SORRY)
        person.open("about-you")
        assert (person.status(), person.heading()) == (503, SORRY)
    monkeypatch.setattr(collaborators.Collaborators, "_ask", request)
    others.away.clear()
    others.garbled, others.public = False, public
    person.open("about-you")
    person.fill("Full name", 'Zoë\'s "<b>" & co')
    others.away.add("datastore")
    person.press("Continue")
    others.away.clear()
    person.press("Try again")
    assert person.location() == "home"
    person.open("about-you")
    assert person.value("Full name") == 'Zoë\'s "<b>" & co'


def test_while_the_filestore_is_away_the_rest_is_kept(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person)
    person.follow("Change A photo")
    others.away.add("filestore")
    canary.evidence(person, File("a.txt", b"a"))
    assert (person.status(), person.heading()) == (503, SORRY)
    assert "choose them again" in person.text()
    others.away.clear()
    person.press("Try again")
    assert person.location() == "check-answers"


def test_the_end_is_not_said_before_it_is_true(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person, File("a.txt", b"a"))
    others.away.add("filestore")
    person.press("Delete my answers and leave")
    assert person.status() == 503
    others.away.clear()
    person.press("Try again")
    assert person.heading() == "Your answers are deleted"
    assert not others.entries and not others.files


def test_an_error_of_our_own_is_a_page(person: HttpPerson, others: Others) -> None:
    canary.start(person)
    others.garbled = True
    person.open()
    assert (person.status(), person.heading()) == (503, SORRY)


def test_log_lines_hold_no_personal_data(
    person: HttpPerson,
    others: Others,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # put back at the end
    logs.start("runner")
    canary.fill_in(person)
    [user] = others.entries
    person.open("session/save")
    person.follow("Come back to your answers")
    others.away.add("submitter")
    person.press("Accept and send")
    said = capfd.readouterr().out
    lines = [json.loads(line) for line in said.splitlines()]
    assert any(line["message"].startswith("unavailable") for line in lines)
    assert {"/{page}", "/resume/{token}", "/check-answers"} <= {line.get("route") for line in lines}
    for private in (canary.NAME, "Zo", canary.EMAIL, user, "Petty"):
        assert private not in said
