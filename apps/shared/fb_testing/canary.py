"""Filling in the canary form, `pipeline-check` (apps/runner/deploy/form.jinja), page by page."""

from fb_testing.person import File, Person
from fb_testing.runner import ADDRESS, STORY

LABELS = {
    "address_line_one": "Address line 1",
    "address_line_two": "Address line 2 (optional)",
    "city": "Town or city",
    "county": "County (optional)",
    "postcode": "Postcode",
    "country": "Country",
}
NAME, AGE, PETS = "Zoë O’Neill-Çelik", "42", ["A cat", "Two dogs"]
EMAIL, TELEPHONE = "zoe@example.com", "+44 20 7946 0000"


def start(person: Person) -> None:
    person.open()
    person.follow("Start now")


def about_you(person: Person, name: str = NAME) -> None:
    person.fill("Full name", name)
    person.fill("Age in years (optional)", AGE)
    person.press("Continue")


def home(person: Person) -> None:
    for part, label in LABELS.items():
        person.fill(label, ADDRESS[part])
    person.press("Continue")


def story(person: Person) -> None:
    person.fill("What happened?", STORY)
    for pet in PETS:
        person.choose(pet)
    person.press("Continue")


def contact(person: Person, how: str) -> None:
    person.choose(how)
    person.press("Continue")


def email(person: Person) -> None:
    person.fill("Email address", EMAIL)
    person.press("Continue")


def telephone(person: Person) -> None:
    person.fill("Telephone number", TELEPHONE)
    person.press("Continue")


def evidence(person: Person, photo: File | None = None, letters: tuple[File, ...] = ()) -> None:
    if photo:
        person.upload("A photo (optional)", photo)
    if letters:
        person.upload("Letters (optional)", *letters)
    person.press("Continue")


def fill_in(person: Person, photo: File | None = None, letters: tuple[File, ...] = ()) -> None:
    """From the start to check answers, by the way of the email address."""
    start(person)
    about_you(person)
    home(person)
    story(person)
    contact(person, "By email")
    email(person)
    evidence(person, photo, letters)
    _is_at(person, "Check your answers before you send them")


def send(person: Person) -> str:
    """From check answers to the confirmation; the reference."""
    person.press("Accept and send")
    _is_at(person, "Answers sent")
    words = person.text().partition("Your reference number ")[2]
    return words.partition(" ")[0]


def _is_at(person: Person, heading: str) -> None:
    if person.heading() != heading:
        raise AssertionError(f"“{heading}” was expected at {person.location()}, which says: {person.text()}")
