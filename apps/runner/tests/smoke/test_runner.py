"""Can people fill in and send a form here? Datastore, filestore and submitter all have a part in it."""

from collections.abc import Iterator

import pytest
from fb_testing import canary
from fb_testing.http import expect_good
from fb_testing.person import File, HttpPerson

PHOTO = File("smoke.txt", b"This is a smoke test.")


@pytest.fixture
def person(url: str) -> Iterator[HttpPerson]:
    """Leaves nothing behind, wherever a test ends: no answers, no uploads that nobody waits for."""
    found = HttpPerson(url)
    yield found
    found.open()
    for leave in ("Delete my answers and leave", "Leave this service"):
        if leave in found.answer.text:
            found.press(leave)
            assert found.heading() == "Your answers are deleted", found.text()
    found.close()


def test_it_is_healthy_and_ready(url: str) -> None:
    expect_good(url, "health", "readiness")


def test_a_form_from_its_start_to_its_reference(person: HttpPerson, url: str) -> None:
    canary.start(person)
    person.press("Continue")
    assert person.errors() == ["Full name: enter an answer"], person.text()
    canary.about_you(person, "Smoke test")
    canary.home(person)
    assert person.location() == "story", f"answers are not kept: {person.text()}"
    person.press("Save and come back later")
    link = person.address_of("Come back to your answers")
    other = HttpPerson(url)
    try:
        other.open(link)
        assert other.location() == "story", f"a saved form is not found again: {other.text()}"
    finally:
        other.close()
    person.follow("Go on now")
    canary.story(person)
    canary.contact(person, "Not at all")
    canary.evidence(person, PHOTO)
    assert person.location() == "check-answers", f"an upload is not kept: {person.text()}"
    assert person.summary()["A photo"] == PHOTO.name
    assert len(canary.send(person)) == 17
    person.press("Leave this service")
    person.open("confirmation")
    assert person.heading() == "Pipeline check", "something is left behind"


def test_answers_can_be_deleted(person: HttpPerson) -> None:
    canary.start(person)
    canary.about_you(person, "Smoke test")
    person.press("Delete my answers and leave")
    assert person.heading() == "Your answers are deleted"
    person.open("home")
    assert person.location() == "about-you", "the answers are still there"
