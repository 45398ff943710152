"""A Person in a real browser: the system's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from fb_testing.person import File

ARGUMENTS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-default-browser-check",
]
PATIENCE = 30_000  # milliseconds that a page or an element may take


def installed() -> str | None:
    """Chromium's path ($CHROMIUM, else where systems put it); None without it, or without Playwright."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return None
    named = os.environ.get("CHROMIUM")
    found = (
        [named]
        if named
        else [shutil.which("chromium"), "/usr/bin/chromium", shutil.which("chromium-browser")]
    )
    return next((each for each in found if each and os.access(each, os.X_OK)), None)


@contextmanager
def chromium(path: str) -> Iterator[Any]:
    """A running browser. Each person gets a context, that is a profile, of their own in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, chromium_sandbox=False, args=ARGUMENTS
        )
        try:
            yield browser
        finally:
            browser.close()


class BrowserPerson:
    """See fb_testing.person.Person."""

    def __init__(self, browser: Any, url: str) -> None:
        self.base = url.rstrip("/") + "/"
        self.context = browser.new_context(viewport={"width": 1024, "height": 900})
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.log: list[str] = []
        self.code = 0
        self.page.on("response", self._heard)
        self.page.on(
            "requestfailed", lambda request: self.log.append(f"{request.method} {request.url} failed")
        )

    def open(self, address: str = "") -> None:
        self.page.goto(urljoin(self.base, address))

    def fill(self, label: str, value: str) -> None:
        self._field(label).fill(value)

    def choose(self, label: str) -> None:
        self._field(label).check()

    def untick(self, label: str) -> None:
        self._field(label).uncheck()

    def upload(self, label: str, *files: File) -> None:
        self._field(label).set_input_files(
            [{"name": each.name, "mimeType": each.mimetype, "buffer": each.content} for each in files]
        )

    def press(self, button: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).first.click()

    def follow(self, link: str) -> None:
        with self.page.expect_navigation():
            self._link(link).click()

    def address_of(self, link: str) -> str:
        return str(self._link(link).evaluate("link => link.href"))

    def value(self, label: str) -> str:
        return str(self._field(label).input_value())

    def is_chosen(self, label: str) -> bool:
        return bool(self._field(label).is_checked())

    def status(self) -> int:
        return self.code

    def location(self) -> str:
        return str(self.page.url).removeprefix(self.base).partition("#")[0]

    def heading(self) -> str:
        return " ".join(self.page.locator("h1").inner_text().split())

    def text(self) -> str:
        return " ".join(self.page.locator("main").inner_text().split())

    def errors(self) -> list[str]:
        return [" ".join(each.split()) for each in self.page.locator(".error-summary li").all_inner_texts()]

    def summary(self) -> dict[str, str]:
        rows = self.page.locator("dl > div")
        questions = rows.locator("dt").all_inner_texts()
        return dict(zip(questions, rows.locator("dd:nth-child(2)").all_inner_texts(), strict=True))

    def keep(self, folder: Path) -> None:
        (folder / "requests.log").write_text("\n".join(self.log) + "\n")
        (folder / "page.html").write_text(self.page.content())
        self.page.screenshot(path=str(folder / "page.png"), full_page=True)

    def close(self) -> None:
        self.context.close()

    def _field(self, label: str) -> Any:
        return self.page.get_by_label(label, exact=True)

    def _link(self, words: str) -> Any:
        return self.page.get_by_role("link", name=words, exact=True).first

    def _failed(self, request: Any) -> None:
        self.log.append(f"{request.method} {request.url} failed: {request.failure}")

    def _heard(self, response: Any) -> None:
        self.log.append(f"{response.request.method} {response.url} {response.status}")
        if response.request.is_navigation_request() and response.frame == self.page.main_frame:
            self.code = response.status
