"""A person with a browser, as far as the forms' suites need one; here over plain HTTP.

Fields are named by their labels, buttons and links by their words: what a journey does can be done by whoever
reads the page, or has it read out. `fb_testing.browser` does the same in Chromium.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urljoin

import httpx
from lxml import html


@dataclass(frozen=True)
class File:
    """A file that a person chooses."""

    name: str
    content: bytes
    mimetype: str = "application/octet-stream"


class Person(Protocol):
    """What a journey does and sees. Whatever is not there fails with the words that were looked for."""

    def open(self, address: str = "") -> None:
        """Go to an address, relative to the form's own."""

    def fill(self, label: str, value: str) -> None: ...

    def choose(self, label: str) -> None:
        """Select a radio button or tick a box."""

    def untick(self, label: str) -> None: ...

    def upload(self, label: str, *files: File) -> None: ...

    def press(self, button: str) -> None: ...

    def follow(self, link: str) -> None: ...

    def address_of(self, link: str) -> str:
        """The whole address that a link leads to."""

    def value(self, label: str) -> str: ...

    def is_chosen(self, label: str) -> bool: ...

    def status(self) -> int:
        """The status code of the page."""

    def location(self) -> str:
        """Where the person is, relative to the form's own address."""

    def heading(self) -> str: ...

    def text(self) -> str:
        """All that the page says, in one line."""

    def errors(self) -> list[str]:
        """The error summary's lines."""

    def summary(self) -> dict[str, str]:
        """The check answers page: answers by question, lines separated by line breaks."""

    def keep(self, folder: Path) -> None:
        """Leave what there is to see, for whoever has to find out why a journey failed."""

    def close(self) -> None: ...


class HttpPerson:
    """A Person without a browser: real requests, the page's own forms, no scripts (there are none).

    proxy: the URL of an HTTP proxy that knows the way, where this process has none of its own.
    """

    def __init__(self, url: str, proxy: str | None = None) -> None:
        self.base = url.rstrip("/") + "/"
        self.client = httpx.Client(follow_redirects=True, timeout=60, trust_env=False, proxy=proxy)
        self.log: list[str] = []
        self.files: dict[str, tuple[File, ...]] = {}

    def open(self, address: str = "") -> None:
        self._go("GET", urljoin(self.base, address))

    def fill(self, label: str, value: str) -> None:
        field = self._field(label)
        if field.tag == "textarea":
            field.text = value
        else:
            field.set("value", value)

    def choose(self, label: str) -> None:
        field = self._field(label)
        if field.get("type") == "radio":
            for other in self._form_of(field).xpath(
                ".//input[@type='radio'][@name=$name]", name=field.get("name")
            ):
                other.attrib.pop("checked", None)
        field.set("checked", "checked")

    def untick(self, label: str) -> None:
        self._field(label).attrib.pop("checked", None)

    def upload(self, label: str, *files: File) -> None:
        self.files[self._field(label).get("name")] = files

    def press(self, button: str) -> None:
        found = self._named("//button", button)
        form = self._form_of(found)
        fields = list(_fields(form))
        if found.get("name"):
            fields.append((found.get("name"), found.get("value", "")))
        where = urljoin(self.url, form.get("action") or self.url)
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        if form.get("enctype") != "multipart/form-data":
            self._go("POST", where, data=data)
            return
        sent: list[tuple[str, Any]] = []
        for each in form.xpath(".//input[@type='file']"):
            for file in self.files.get(each.get("name"), (File("", b""),)):
                sent.append((each.get("name"), (file.name, file.content, file.mimetype)))
        self._go("POST", where, data=data, files=sent)

    def follow(self, link: str) -> None:
        self._go("GET", self.address_of(link))

    def address_of(self, link: str) -> str:
        return urljoin(self.url, self._named("//a", link).get("href"))

    def value(self, label: str) -> str:
        return _value(self._field(label))

    def is_chosen(self, label: str) -> bool:
        return self._field(label).get("checked") is not None

    def status(self) -> int:
        return self.answer.status_code

    def location(self) -> str:
        return self.url.removeprefix(self.base).partition("#")[0]

    def heading(self) -> str:
        return _words(self.page.xpath("//h1")[0].text_content())

    def text(self) -> str:
        return _words(" ".join(self.page.xpath("//main//text()[not(ancestor::*[@hidden])]")))

    def errors(self) -> list[str]:
        return [_words(each.text_content()) for each in self.page.xpath("//*[@class='error-summary']//li")]

    def summary(self) -> dict[str, str]:
        return {
            _words(row.xpath("./dt")[0].text_content()): "\n".join(
                _words(each) for each in row.xpath("./dd[1]")[0].itertext() if each.strip()
            )
            for row in self.page.xpath("//dl/div")
        }

    def keep(self, folder: Path) -> None:
        (folder / "page.html").write_text(self.answer.text)
        (folder / "requests.log").write_text("\n".join(self.log) + "\n")

    def close(self) -> None:
        self.client.close()

    def _go(self, method: str, url: str, **options: Any) -> None:
        self.answer = self.client.request(method, url.partition("#")[0], **options)
        for each in (*self.answer.history, self.answer):
            self.log.append(f"{each.request.method} {each.request.url} {each.status_code}")
        self.url = str(self.answer.url)
        self.page = html.fromstring(self.answer.content.decode() or "<html></html>")
        self.files = {}

    def _field(self, label: str) -> Any:
        identity = self._named("//label", label).get("for")
        return self.page.get_element_by_id(identity)

    def _named(self, path: str, words: str) -> Any:
        found = [each for each in self.page.xpath(path) if _words(each.text_content()) == words]
        if not found:
            what = path.strip("/")
            raise AssertionError(f"{self.url} has no {what} “{words}”; it says: {self.text()[:500]}")
        return found[0]

    def _form_of(self, element: Any) -> Any:
        return next(element.iterancestors("form"))


def _fields(form: Any) -> Iterator[tuple[str, str]]:
    """What a browser sends of a form: fields with a name, boxes and radios only if they are chosen."""
    for field in form.xpath(".//input[@name]|.//textarea[@name]"):
        kind = field.get("type")
        if kind != "file" and (kind not in ("radio", "checkbox") or field.get("checked") is not None):
            yield field.get("name"), _value(field)


def _value(field: Any) -> str:
    """A text area's first line break is markup (HTML standard); what is typed into it goes out with CRLF."""
    if field.tag == "textarea":
        return (field.text or "").removeprefix("\n")
    return str(field.get("value", ""))


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def lines(values: Sequence[str]) -> str:
    """How a summary shows several lines."""
    return "\n".join(value for value in values if value)
