"""Once, however often the button is pressed and whatever fails in between."""

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fb_testing import canary
from fb_testing.person import File, HttpPerson
from fb_testing.servers import serving
from runner import api, submitting

from .conftest import Others
from .conftest import canary as canary_form


def press(person: HttpPerson, address: str) -> httpx.Response:
    """What a press of the button sends, without looking at what comes back."""
    token = person.page.xpath("//input[@name='_csrf']")[0].get("value")
    return httpx.post(
        f"{address}/check-answers", data={"_csrf": token}, cookies=dict(person.client.cookies), timeout=30
    )


def test_presses_at_the_same_time_on_two_pods_submit_once(
    person: HttpPerson, others: Others, url: str
) -> None:
    canary.fill_in(person)
    others.hold = 0.5
    with serving(api.build()) as second, ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda pod: press(person, pod), [url, second] * 3))
    assert [(each.status_code, each.headers["location"]) for each in answers] == [(303, "confirmation")] * 6
    assert len(others.submissions) == 1
    assert len(others.entries) == 1, "the lock is gone"


def test_a_press_that_comes_later_finds_it_done(person: HttpPerson, others: Others, url: str) -> None:
    canary.fill_in(person)
    answers = [press(person, url) for _ in range(2)]
    assert [each.headers["location"] for each in answers] == ["confirmation"] * 2
    assert len(others.submissions) == 1


def test_when_the_submitter_is_away_nothing_is_lost(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person)
    others.away.add("submitter")
    person.press("Accept and send")
    assert (person.status(), person.heading()) == (503, "Sorry, there is a problem with the service")
    assert person.answer.headers["retry-after"] == "5"
    others.away.clear()
    person.press("Try again")
    assert person.heading() == "Answers sent"
    assert len(others.submissions) == 1


def test_a_mark_that_cannot_be_made_still_ends_in_a_confirmation(
    person: HttpPerson, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary.fill_in(person)
    original = submitting.Submitting._mark

    async def marked(self: submitting.Submitting, *rest: object) -> bool:
        others.away.add("datastore")
        return await original(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(submitting.Submitting, "_mark", marked)
    person.press("Accept and send")
    assert person.heading() == "Answers sent"
    first = others.submissions[0]["document"]["actions"][0]["to"]
    others.away.clear()
    for entry in [each for each in others.entries if others.entries[each][0].isdigit()]:
        others.entries[entry] = str(time.time() - submitting.STALE)  # the lock that could not be released
    person.open("check-answers")
    person.press("Accept and send")
    assert others.submissions[1]["document"]["actions"][0]["to"] == first, (
        "a repetition has the same reference"
    )


def test_a_lock_whose_holder_is_slow_is_waited_for_and_no_longer(
    person: HttpPerson, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary.fill_in(person)
    [user] = others.entries
    others.entries[str(uuid.uuid5(uuid.UUID(user), "submit"))] = str(time.time())
    monkeypatch.setattr(submitting, "PATIENCE", 0.3)
    person.press("Accept and send")
    assert person.status() == 503
    assert not others.submissions


def test_an_incomplete_form_is_not_submitted(person: HttpPerson, others: Others, url: str) -> None:
    canary.start(person)
    answer = press(person, url)
    assert (answer.status_code, answer.headers["location"]) == (303, "check-answers")
    assert not others.submissions


def test_files_that_are_no_part_of_it_go(person: HttpPerson, others: Others) -> None:
    """Where an action needs them, the others stay until the submitter has fetched them."""
    canary.fill_in(person, File("a.txt", b"a"))
    canary.send(person)
    assert list(others.files.values()) == [b"a"]


class TestWithoutActions:
    """As the canary is in production."""

    @pytest.fixture
    def person(self, environment: pytest.MonkeyPatch) -> Iterator[HttpPerson]:
        environment.setenv("SERVICE_METADATA", json.dumps(canary_form("production")))
        with serving(api.build()) as url:
            found = HttpPerson(url)
            yield found
            found.close()

    def test_nothing_stays_once_the_person_has_left(self, person: HttpPerson, others: Others) -> None:
        canary.fill_in(person, File("a.txt", b"a"))
        canary.send(person)
        [sent] = others.submissions
        assert sent["document"]["actions"] == []
        person.press("Leave this service")
        assert not others.entries and not others.files
