"""What a person meets on the way: mistakes, coming back, changing one's mind."""

from collections.abc import Callable

from fb_testing import canary
from fb_testing.outbox import Outbox, attachments
from fb_testing.pdf import missing, pdf_text
from fb_testing.person import File, Person
from fb_testing.runner import ADDRESS

People = Callable[[], Person]


def test_mistakes_are_named_and_what_was_typed_stays(people: People) -> None:
    person = people()
    canary.start(person)
    person.fill("Age in years (optional)", "forty two")
    person.press("Continue")
    assert (person.status(), person.heading()) == (422, "About you")
    assert person.errors() == ["Full name: enter an answer", "Age in years: enter a number, like 42"]
    assert person.value("Age in years (optional)") == "forty two"
    canary.about_you(person)
    person.fill("Postcode", ADDRESS["postcode"])
    person.press("Continue")
    assert person.errors() == ["Home address: enter address line 1"]
    assert person.value("Postcode") == ADDRESS["postcode"]
    canary.home(person)
    canary.story(person)
    person.press("Continue")
    assert person.errors() == ["How should we reply?: select an option"]
    canary.contact(person, "By email")
    person.fill("Email address", "zoe at example.com")
    person.press("Continue")
    assert person.value("Email address") == "zoe at example.com"
    assert len(person.errors()) == 1
    canary.email(person)
    canary.evidence(person, File("empty.txt", b""))
    assert person.errors() == ["A photo: the selected file is empty"]


def test_each_branch_leads_to_its_page(people: People) -> None:
    person = people()
    canary.start(person)
    canary.about_you(person)
    canary.home(person)
    canary.story(person)
    ways = {
        "By email": "Your email address",
        "By telephone": "Your telephone number",
        "Not at all": "Evidence",
    }
    for answer, heading in ways.items():
        canary.contact(person, answer)
        assert person.heading() == heading
        person.follow("Back")
        assert (person.heading(), person.is_chosen(answer)) == ("How to reach you", True)


def test_save_in_the_middle_and_resume_in_another_browser(people: People, outbox: Outbox) -> None:
    person = people()
    canary.start(person)
    canary.about_you(person, "Somebody who comes back")
    person.fill("Address line 1", "Half an address")
    person.press("Save and come back later")
    link = person.address_of("Come back to your answers")
    person.open()
    person.follow("Continue where you left off")
    assert person.value("Address line 1") == "Half an address"

    other = people()
    other.open()
    assert "Continue where you left off" not in other.text(), "nobody else is offered these answers"
    other.open(link)
    assert (other.heading(), other.value("Address line 1")) == ("Where you live", "Half an address")
    canary.home(other)
    canary.story(other)
    canary.contact(other, "Not at all")
    canary.evidence(other)
    assert other.summary()["Full name"] == "Somebody who comes back"
    reference = canary.send(other)
    [mail] = outbox.mails(f"{reference}@acceptance.example")
    [document] = attachments(mail).values()
    assert not missing(document, "Somebody who comes back", ADDRESS["address_line_one"])
    person.open("check-answers")
    assert reference in person.text(), "in the first browser it is sent, too"


def test_an_answer_is_changed_before_it_is_sent(people: People, outbox: Outbox) -> None:
    person = people()
    canary.fill_in(person, File("wrong.txt", b"wrong"), (File("letter.txt", b"letter"),))
    person.follow("Change Full name")
    assert person.value("Full name") == canary.NAME
    person.fill("Full name", "Another Name")
    person.press("Continue")
    assert person.heading() == "Check your answers before you send them", "back where one came from"
    person.follow("Change Who was there?")
    person.untick("Two dogs")
    person.press("Continue")
    person.follow("Change A photo")
    person.press("Remove wrong.txt")
    canary.evidence(person)
    summary = person.summary()
    assert (summary["Full name"], summary["Who was there?"]) == ("Another Name", "A cat")
    assert (summary["A photo"], summary["Letters"]) == ("Not answered", "letter.txt")
    reference = canary.send(person)
    [mail] = outbox.mails(f"{reference}@acceptance.example")
    files = attachments(mail)
    assert [name for name in files if not name.endswith(".pdf")] == ["letter.txt"]
    [document] = [content for name, content in files.items() if name.endswith(".pdf")]
    assert not missing(document, "Another Name", "A cat")
    said = pdf_text(document)
    assert canary.NAME not in said and "Two dogs" not in said


def test_what_is_sent_is_gone_here(people: People) -> None:
    person = people()
    canary.fill_in(person)
    reference = canary.send(person)
    person.open("about-you")
    assert person.value("Full name") == "", "a new form is an empty one"
    person.open("confirmation")
    assert reference not in person.text()
