"""Whole journeys through the canary form, over HTTP."""

import pytest
from fb_testing import canary
from fb_testing.person import File, HttpPerson, lines
from fb_testing.runner import ADDRESS, STORY
from fb_testing.servers import serving
from runner import api
from starlette.applications import Starlette
from starlette.routing import Mount

from .conftest import Others

PHOTO = File("photo.png", b"\x89PNG" + b"p" * 1000)
LETTERS = (File("one.txt", b"first"), File("two.txt", b"second"))


def test_every_kind_of_answer_is_submitted_in_full(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person, PHOTO, LETTERS)
    assert person.summary() == {
        "Full name": canary.NAME,
        "Age in years": "42",
        "Home address": lines(list(ADDRESS.values())),
        "What happened?": STORY,
        "Who was there?": "A cat\nTwo dogs",
        "How should we reply?": "By email",
        "Email address": canary.EMAIL,
        "A photo": "photo.png",
        "Letters": "one.txt\ntwo.txt",
    }
    reference = canary.send(person)
    [sent] = others.submissions
    document = sent["document"]
    assert sent["service_slug"] == "pipeline-check"
    assert document["service"] == {"id": "pipeline-check", "slug": "pipeline-check", "name": "Pipeline check"}
    answers = {
        each["field_id"]: (each["field_name"], each["answer"])
        for page in document["pages"]
        for each in page["answers"]
    }
    assert answers == {
        "name": ("Full name", canary.NAME),
        "age": ("Age in years", "42"),
        "home": ("Home address", ADDRESS),
        "story": ("What happened?", STORY),
        "pets": ("Who was there?", ["A cat", "Two dogs"]),
        "contact": ("How should we reply?", "By email"),
        "email": ("Email address", canary.EMAIL),
        "photo": ("A photo", "photo.png"),
        "letters": ("Letters", "one.txt, two.txt"),
    }
    assert [each["to"] for each in document["actions"][:2]] == [
        f"{reference}@acceptance.example",
        f"{reference}-csv@acceptance.example",
    ]
    assert document["actions"][2]["url"] == f"http://hooks.example/webhooks/{reference}"
    assert [(each["filename"], each["mimetype"]) for each in document["attachments"]] == [
        ("photo.png", "image/png"), ("one.txt", "text/plain"), ("two.txt", "text/plain"),
    ]  # fmt: skip
    for each, file in zip(document["attachments"], (PHOTO, *LETTERS), strict=True):
        _, _, rest = each["url"].partition(f"{others.url}/files/service/pipeline-check/user/")
        user, fingerprint = rest.split("/")
        assert others.files[user, fingerprint] == file.content


def test_the_way_branches(person: HttpPerson, others: Others) -> None:
    canary.start(person)
    canary.about_you(person)
    canary.home(person)
    canary.story(person)
    canary.contact(person, "By email")
    assert person.location() == "email"
    canary.email(person)
    person.open("contact")
    assert person.is_chosen("By email")
    canary.contact(person, "By telephone")
    assert person.location() == "telephone"
    canary.telephone(person)
    canary.evidence(person)
    assert "Email address" not in person.summary()
    assert person.summary()["Telephone number"] == canary.TELEPHONE
    person.follow("Change How should we reply?")
    canary.contact(person, "Not at all")
    assert person.location() == "check-answers"
    assert not {"Email address", "Telephone number"} & set(person.summary())
    canary.send(person)
    document = others.submissions[0]["document"]
    asked = [each["field_id"] for page in document["pages"] for each in page["answers"]]
    assert asked == ["name", "age", "home", "story", "pets", "contact", "photo", "letters"]
    assert document["pages"][-1]["answers"][0]["answer"] == ""


def test_mistakes_are_named_and_what_was_typed_stays(person: HttpPerson) -> None:
    canary.start(person)
    person.fill("Full name", "   ")
    person.fill("Age in years (optional)", "forty two")
    person.press("Continue")
    assert (person.status(), person.location()) == (422, "about-you")
    assert person.errors() == [
        "Full name: enter an answer",
        "Age in years: enter a number, like 42",
    ]
    assert person.page.xpath("//title")[0].text.startswith("Error: About you")
    assert [each.get("href") for each in person.page.xpath("//*[@class='error-summary']//a")] == [
        "#name",
        "#age",
    ]
    assert person.page.get_element_by_id("age").get("aria-describedby") == "age-hint age-error"
    assert person.value("Age in years (optional)") == "forty two"
    person.fill("Age in years (optional)", "1,042")
    person.fill("Full name", "Zoë")
    person.press("Continue")
    person.fill("Address line 1", "102 Petty France")
    person.press("Continue")
    assert person.errors() == ["Home address: enter town or city"]
    assert person.value("Address line 1") == "102 Petty France"
    canary.home(person)
    person.press("Continue")
    assert person.errors() == ["What happened?: enter an answer"]
    person.fill("What happened?", "a" * 10_001)
    person.press("Continue")
    assert person.errors() == ["What happened?: use 10,000 characters or fewer"]
    canary.story(person)
    person.press("Continue")
    assert person.errors() == ["How should we reply?: select an option"]
    canary.contact(person, "By email")
    person.fill("Email address", "zoe@example")
    person.press("Continue")
    assert person.errors() == [
        "Email address: enter an email address in the correct format, like name@example.com"
    ]
    canary.email(person)
    person.follow("Back")
    person.follow("Back")
    person.follow("Back")
    person.follow("Back")
    person.follow("Back")
    assert person.value("Age in years (optional)") == "1042"
    person.follow("Back")
    assert person.heading() == "Pipeline check"


def test_nobody_gets_ahead_of_the_form(person: HttpPerson) -> None:
    person.open("session/save")
    assert person.location() == "", "there is nobody to save anything for"
    for ahead in ("story", "check-answers"):
        person.open(ahead)
        assert person.location() == "about-you", ahead
    person.open("confirmation")
    assert person.location() == ""


def test_uploads_can_be_removed_replaced_and_are_cleaned_of_paths(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person, File("../../etc/pass\u202ewd.png", b"\x89PNG"), (File("C:\\dir\\a.txt", b"a"),))
    assert (person.summary()["A photo"], person.summary()["Letters"]) == ("passwd.png", "a.txt")
    person.follow("Change A photo")
    person.press("Remove passwd.png")
    assert person.location() == "evidence"
    assert "passwd.png" not in person.text()
    assert sorted(others.files.values()) == [b"a"], "a file that is removed goes from the filestore, too"
    canary.evidence(person, File("b.txt", b"b"), (File("c.txt", b"c"),))
    assert (person.summary()["A photo"], person.summary()["Letters"]) == ("b.txt", "a.txt\nc.txt")
    person.follow("Change A photo")
    canary.evidence(person, File("e.txt", b""))
    assert "b.txt" in person.text(), "a file that is not taken takes no place"
    canary.evidence(person, File("d.txt", b"d"))
    assert person.summary()["A photo"] == "d.txt", "where there can be one, the other takes its place"
    assert sorted(others.files.values()) == [b"a", b"c", b"d"]


def test_uploads_that_cannot_be_taken(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person)
    person.follow("Change Letters")
    four = tuple(File(f"{number}.txt", b"%d" % number) for number in range(4))
    for photo, letters, error in [
        (None, four, "Letters: choose no more than 3 files"),
        (File("empty.txt", b""), (), "A photo: the selected file is empty"),
        (File("big.bin", b"0" * 10_000_001), (), "A photo: the selected file must be smaller than 10 MB"),
    ]:
        canary.evidence(person, photo, letters)
        assert (person.status(), person.errors()) == (422, [error])
    for name, error in {
        "invalid.type": "A photo: the selected file is of a type that cannot be taken",
        "invalid.too-large": "A photo: the selected file is too large",
    }.items():
        others.refuses = name
        canary.evidence(person, File("a.txt", b"a"))
        assert (person.status(), person.errors()) == (422, [error])
    others.refuses = ""
    canary.evidence(person, File("a.txt", b"a"))
    assert person.summary()["A photo"] == "a.txt"


def test_save_in_the_middle_and_resume_in_another_browser(person: HttpPerson, url: str) -> None:
    canary.start(person)
    canary.about_you(person)
    person.fill("Address line 1", "Half an address")
    person.press("Save and come back later")
    assert (person.location(), person.heading()) == ("session/save", "Your answers are saved")
    link = person.address_of("Come back to your answers")
    person.open()
    assert "not submitted yet" in person.text()
    person.follow("Continue where you left off")
    assert (person.location(), person.value("Address line 1")) == ("home", "Half an address")
    other = HttpPerson(url)
    other.open()
    assert "not submitted yet" not in other.text()
    other.open(link)
    assert (other.location(), other.value("Address line 1")) == ("home", "Half an address")
    canary.home(other)
    person.open("home")
    assert person.value("Town or city") == ADDRESS["city"], "both are the same person"
    other.open(link[:-4] + "AAAA")
    assert (other.status(), other.heading()) == (404, "Page not found")
    assert other.address_of("Back to the start") == url + "/"
    other.close()


def test_the_end_removes_everything(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person, PHOTO, LETTERS)
    assert others.entries and others.files
    person.press("Delete my answers and leave")
    assert (person.location(), person.heading()) == ("session/end", "Your answers are deleted")
    assert not others.entries and not others.files
    person.open("check-answers")
    assert person.location() == "about-you"
    person.press("Continue")
    assert person.status() == 422, "it begins anew"
    person.open("session/end")
    assert person.heading() == "Pipeline check", "nothing has ended"


def test_after_the_submission_the_answers_are_gone(person: HttpPerson, others: Others, url: str) -> None:
    canary.fill_in(person, PHOTO)
    [user] = others.entries
    reference = canary.send(person)
    assert list(others.entries) == [user], "what is left is the mark that it was submitted"
    assert len(others.entries[user]) < 200, "which has no room for answers"
    for again in ("confirmation", "check-answers", "session/save"):
        person.open(again)
        assert reference in person.text(), again
    assert others.files, "the submitter has yet to fetch them"
    person.press("Leave this service")
    assert not others.entries
    assert others.files
    person.open()
    assert "not submitted yet" not in person.text()


def test_a_second_form_of_the_same_person_is_another_one(person: HttpPerson, others: Others) -> None:
    canary.fill_in(person)
    first = canary.send(person)
    canary.fill_in(person)
    assert canary.send(person) != first
    assert len(others.submissions) == 2


def test_a_form_may_be_reached_below_a_path(environment: pytest.MonkeyPatch, others: Others) -> None:
    """Every link and redirect is relative."""
    with serving(Starlette(routes=[Mount("/forms/check", app=api.build())])) as address:
        person = HttpPerson(f"{address}/forms/check")
        canary.fill_in(person, PHOTO)
        person.open("session/save")
        person.follow("Come back to your answers")
        assert person.location() == "check-answers"
        canary.send(person)
        person.press("Leave this service")
        assert person.location() == "session/end"
        person.follow("Back to the start")
        assert (person.location(), person.heading()) == ("", "Pipeline check")
        outside = [each for each in person.log if "/forms/check/" not in each]
        assert not outside, outside
        person.close()
