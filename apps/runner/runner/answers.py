"""Reading what a person typed, and saying what is wrong with it. Pure: fields in, answers out."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fb_platform.forms import Component, Page

from runner.state import Answer, State, Upload

ADDRESS = {
    "address_line_one": "Address line 1",
    "address_line_two": "Address line 2 (optional)",
    "city": "Town or city",
    "county": "County (optional)",
    "postcode": "Postcode",
    "country": "Country",
}
ADDRESS_REQUIRED = ("address_line_one", "city", "postcode", "country")
LONGEST = {"text": 1_000, "textarea": 10_000, "number": 50, "email": 320, "address": 200}
LONGEST_NAME = 100
EMAIL = re.compile(r"[^@\s,;<>()\[\]\\\"]+@[^@\s,;<>()\[\]\\\".]+(\.[^@\s,;<>()\[\]\\\".]+)+")
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


@dataclass(frozen=True)
class Problem:
    """A sentence for the person, and the id of the field that it is about."""

    field: str
    text: str


def read(component: Component, fields: Callable[[str], Sequence[str]]) -> Answer:
    """The answer in the fields of a request; `fields` gives all values of a name."""
    name = component.id
    if component.kind == "address":
        return {part: clean(_last(fields(f"{name}.{part}"))) for part in ADDRESS}
    if component.kind == "checkboxes":
        return [option for option in component.options if option in fields(name)]
    value = clean(_last(fields(name)), lines=component.kind == "textarea")
    bare = value.replace(",", "").replace(" ", "")
    return bare if component.kind == "number" and NUMBER.fullmatch(bare) else value


def clean(value: str, *, lines: bool = False) -> str:
    """Without control characters and outer space; line breaks are \\n, and only where `lines` are wanted."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = (
        sign for sign in value if (sign == "\n" and lines) or unicodedata.category(sign) not in ("Cc", "Cs")
    )
    return "".join(kept).strip()


def problems(page: Page, state: State) -> list[Problem]:
    """What is wrong with the answers that are kept for this page."""
    found = [_problem(component, state) for component in page.components]
    return [each for each in found if each]


def is_blank(answer: Answer | None) -> bool:
    return not any(answer.values()) if isinstance(answer, dict) else not answer


def _problem(component: Component, state: State) -> Problem | None:
    name, label = component.id, component.label
    if component.kind == "upload":
        return _upload_problem(component, state.uploads.get(name, []))
    answer = state.answers.get(name)
    if answer is None or is_blank(answer):
        if not component.required:
            return None
        first = f"{name}.address_line_one" if component.kind == "address" else name
        return Problem(first, _missing(component))
    if isinstance(answer, dict):
        return _address_problem(component, answer)
    if component.options:
        chosen = [answer] if isinstance(answer, str) else answer
        return None if set(chosen) <= set(component.options) else Problem(name, _missing(component))
    if not isinstance(answer, str):
        return Problem(name, _missing(component))
    if len(answer) > LONGEST[component.kind]:
        return Problem(name, f"{label}: use {LONGEST[component.kind]:,} characters or fewer")
    if component.kind == "email" and not EMAIL.fullmatch(answer):
        return Problem(name, f"{label}: enter an email address in the correct format, like name@example.com")
    if component.kind == "number" and not NUMBER.fullmatch(answer):
        return Problem(name, f"{label}: enter a number, like 42")
    return None


def _missing(component: Component) -> str:
    verbs = {
        "radios": "select an option",
        "checkboxes": "select at least one option",
        "upload": "choose a file",
    }
    return f"{component.label}: {verbs.get(component.kind, 'enter an answer')}"


def _address_problem(component: Component, answer: Mapping[str, str]) -> Problem | None:
    for part, label in ADDRESS.items():
        if part in ADDRESS_REQUIRED and not answer.get(part):
            return Problem(
                f"{component.id}.{part}", f"{component.label}: enter {label[0].lower()}{label[1:]}"
            )
        if len(answer.get(part, "")) > LONGEST["address"]:
            return Problem(f"{component.id}.{part}", f"{component.label}: {label} is too long")
    return None


def _upload_problem(component: Component, files: Sequence[Upload]) -> Problem | None:
    if not files and component.required:
        return Problem(component.id, _missing(component))
    if len(files) > component.max_files:
        return Problem(component.id, f"{component.label}: choose no more than {component.max_files} files")
    return None


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def file_name(given: str) -> str:
    """The last part of any system's path, without control and direction signs: fit for mail and disk."""
    last = re.split(r"[/\\]", given)[-1]
    last = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C" and sign not in '<>:"|?*')
    last = last.strip(" .") or "file"
    stem, dot, extension = last.rpartition(".")
    return last if len(last) <= LONGEST_NAME else f"{stem[:80]}{dot}{extension[:15]}" if stem else last[:95]
