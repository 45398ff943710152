"""A form from its metadata to what its people send, and away again."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fb_testing import canary
from fb_testing.outbox import Outbox, attachments
from fb_testing.pdf import missing, pdf_text
from fb_testing.person import HttpPerson
from fb_testing.runner import ADDRESS, STORY
from fb_testing.waiting import until
from joserfc import jwe
from joserfc.jwk import OctKey

from .conftest import Publisher, Way

Person = Callable[[Way], HttpPerson]
WayTo = Callable[[str, str], Way]
KEY = "fedcba9876543210"
NAME = "Bob <b>& co</b>"


def small(slug: str, heading: str = "About your cat", **parts: Any) -> dict[str, Any]:
    """A form with one question."""
    question = {"id": "cat", "kind": "text", "label": "Its name"}
    page = {"url": "cat", "heading": heading, "components": [question]}
    return {"id": f"id-{slug}", "slug": slug, "name": "A cat's licence", "pages": [page], **parts}


def whole(slug: str, outbox: Outbox) -> dict[str, Any]:
    """A form with several pages and all three outputs."""
    to, sender = f"{slug}@acceptance.example", "Form Builder <forms@acceptance.example>"
    words = {
        "from": sender,
        "subject": "Cat {reference}",
        "email_body": "Please find an answer attached",
    }
    pages = [
        {"url": "cat", "heading": "About your cat", "components": [
            {"id": "cat", "kind": "text", "label": "Its name"},
            {"id": "wishes", "kind": "checkboxes", "label": "Its wishes",
             "options": ["Fish", "A garden", "Sleep"]}]},
        {"url": "home", "heading": "Where it lives", "components": [
            {"id": "home", "kind": "address", "label": "Home address"}]},
        {"url": "story", "heading": "Its story", "components": [
            {"id": "story", "kind": "textarea", "label": "What happened?"}]},
    ]  # fmt: skip
    actions = [
        {"kind": "email", "to": to, "include_pdf": True, **words},
        {"kind": "csv", "to": f"csv-{to}", **words},
        {"kind": "json", "url": f"{outbox.internal}/webhooks/{slug}", "key": KEY},
    ]
    headings = {"pdf_heading": "Licence for a cat", "pdf_subheading": "Its application"}
    return small(slug, pages=pages, actions=actions, **headings)


def fill_in(person: HttpPerson) -> str:
    """From the start to the confirmation; the reference."""
    canary.start(person)
    person.fill("Its name", NAME)
    person.choose("Fish")
    person.choose("Sleep")
    person.press("Continue")
    canary.home(person)
    person.fill("What happened?", STORY)
    person.press("Continue")
    return canary.send(person)


def test_a_new_form_is_published_filled_in_and_comes_out_as_pdf_csv_and_json(
    publisher: Publisher, slug: str, person: Person, way_to: WayTo, outbox: Outbox
) -> None:
    address = publisher.publish(whole(slug, outbox))
    reference = fill_in(person(way_to(slug, address)))

    [mail] = outbox.mails(f"{slug}@acceptance.example")
    submission = mail["subject"].removeprefix(f"Cat {reference} {{").removesuffix("} [1/1]")
    assert mail["subject"] == f"Cat {reference} {{{submission}}} [1/1]"
    assert mail["text"].strip() == "Please find an answer attached"
    [(name, content)] = attachments(mail).items()
    assert name == f"{submission}-answers.pdf"
    headings = ["Licence for a cat", "Its application", "About your cat", "Where it lives", "Its story"]
    labels = ["Its name", "Its wishes", "Home address", "What happened?"]
    lost = missing(content, *headings, *labels, NAME, "Fish", "Sleep", *ADDRESS.values(), STORY, submission)
    assert not lost, f"the PDF does not say {lost}; it says: {pdf_text(content)}"
    assert "A garden" not in pdf_text(content)

    [mail] = outbox.mails(f"csv-{slug}@acceptance.example")
    [(name, content)] = attachments(mail).items()
    assert name == f"{submission}-answers.csv"
    header, row = csv.reader(io.StringIO(content.decode()))
    address = [f"home/{part}" for part in ADDRESS]
    assert header == ["submission_id", "submission_at", "cat", "wishes", *address, "story"]
    many = "Data not available in CSV format"
    assert [row[0], *row[2:]] == [submission, NAME, many, *ADDRESS.values(), STORY]

    [call] = outbox.calls(slug)
    token = jwe.decrypt_compact(call["body"], OctKey.import_key(KEY), algorithms=["dir", "A128GCM"])
    assert json.loads(token.plaintext or b"") == {
        "serviceSlug": slug,
        "submissionId": submission,
        "submissionAnswers": {"cat": NAME, "wishes": ["Fish", "Sleep"], "home": ADDRESS, "story": STORY},
        "attachments": [],
    }


def test_it_is_published_again_with_changes_and_unpublished_without_a_trace(
    publisher: Publisher, slug: str, person: Person, way_to: WayTo, key_status: Callable[[str], int]
) -> None:
    address = publisher.publish(small(slug))
    assert key_status(slug) == 200
    way = way_to(slug, address)
    cat = person(way)
    canary.start(cat)
    assert cat.heading() == "About your cat"
    assert publisher.publish(small(slug, "About your tiger")) == address, "its address stays"

    def sees_the_change() -> bool:
        cat.open("cat")
        return cat.heading() == "About your tiger"

    until("somebody who is filling it in to see the change, and go on", sees_the_change, every=0.2)
    publisher.unpublish(slug)
    assert key_status(slug) == 404
    with pytest.raises((httpx.TransportError, httpx.HTTPStatusError)):
        httpx.get(way.address, proxy=way.proxy, trust_env=False, timeout=5).raise_for_status()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slug": "Not A Slug"}, "$.slug"),
        ({"pages": []}, "$.pages"),
        ({"pages": [{"url": "health", "heading": "x"}]}, "must not have the url health"),
    ],
)
def test_a_form_that_cannot_work_is_refused_with_the_reason(
    publisher: Publisher, slug: str, change: dict[str, Any], words: str
) -> None:
    answer = publisher.wish({**small(slug), **change})
    assert (answer.status_code, words in answer.json()["message"]) == (422, True), answer.text
    assert publisher.is_unknown(slug)


def test_a_slug_that_is_taken_is_refused(publisher: Publisher) -> None:
    answer = publisher.wish(small("pipeline-check"))
    assert (answer.status_code, "is taken" in answer.json()["message"]) == (409, True), answer.text
    assert publisher.is_unknown("pipeline-check")


def test_another_form_does_not_replace_one_that_has_the_slug(publisher: Publisher, slug: str) -> None:
    publisher.publish(small(slug))
    answer = publisher.wish({**small(slug, "Other"), "id": "another"})
    assert (answer.status_code, "another form" in answer.json()["message"]) == (409, True), answer.text
    assert publisher.ask("GET", publisher.route(slug)).json()["state"] == "published"
