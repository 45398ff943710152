"""pytest fixtures for journeys: each runs over plain HTTP and in Chromium.

A suite's conftest imports `people`, `chromium` and `pytest_runtest_makereport` from here and says in a
fixture `form_url` where the form is. Where a journey fails, what its people saw is left in
$SUITE_REPORTS/<test>/<n>/.
"""

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from fb_testing import browser
from fb_testing.person import HttpPerson, Person

ABSENT = "no Chromium: run `make browser`; the same journeys ran over HTTP"
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note on the test that it failed, for the fixture that comes after it."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser of this process, started when it is first needed."""
    path = browser.installed()
    if path is None:
        pytest.skip(ABSENT)
    with browser.chromium(path) as running:
        yield running


@pytest.fixture(params=["http", "browser"])
def people(request: pytest.FixtureRequest, form_url: str) -> Iterator[Callable[[], Person]]:
    """Makes persons who know nothing of each other: every one has a browser, or cookies, of their own."""
    known: list[Person] = []

    def somebody() -> Person:
        if request.param == "http":
            known.append(HttpPerson(form_url))
        else:
            known.append(browser.BrowserPerson(request.getfixturevalue("chromium"), form_url))
        return known[-1]

    yield somebody
    for number, person in enumerate(known, 1):
        if request.node.stash.get(FAILED, False):
            keep(person, request.node.name, number)
        person.close()


def keep(person: Person, test: str, number: int) -> None:
    """Leave what a person saw, if there is a place for it. Never hides why the test failed."""
    if not (reports := os.environ.get("SUITE_REPORTS")):
        return
    folder = Path(reports) / re.sub(r"[^\w.-]+", "-", test).strip("-") / str(number)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        person.keep(folder)
    except Exception as problem:  # a browser that has died cannot be photographed
        (folder / "incomplete.txt").write_text(f"{type(problem).__name__}: {problem}\n")
