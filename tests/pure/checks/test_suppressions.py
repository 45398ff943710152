"""Which findings apps.toml lets through, and until when."""

from __future__ import annotations

from datetime import date

import pytest
from toolkit.checks.reports.findings import Finding
from toolkit.checks.suppressions import judge, matches
from toolkit.settings.model import Suppression

TODAY = date(2026, 11, 23)
SQL = Finding(
    "bandit", "B608", "SQL from a string", "app/store.py", 7, aliases=("hardcoded_sql_expressions",)
)
JINJA = Finding(
    "safety", "39525", "ReDoS", "requirements.txt", 3, aliases=("CVE-2020-28493",), package="jinja2"
)


def suppression(
    tool: str = "bandit", id: str = "B608", expires: date = date(2027, 1, 1), package: str | None = None
) -> Suppression:
    return Suppression(tool, id, "because", expires, package)


@pytest.mark.parametrize(
    ("entry", "finding"),
    [
        (suppression(), SQL),
        (suppression(id="b608"), SQL),
        (suppression(id="hardcoded_sql_expressions"), SQL),
        (suppression(id="B608:app/store.py"), SQL),
        (suppression("safety", "39525"), JINJA),
        (suppression("safety", "pyup.io-39525"), JINJA),
        (suppression("safety", "CVE-2020-28493"), JINJA),
        (suppression("safety", "CVE-2020-28493", package="Jinja2"), JINJA),
    ],
)
def test_it_matches_by_any_name_of_the_finding(entry: Suppression, finding: Finding) -> None:
    assert matches(entry, finding)


@pytest.mark.parametrize(
    ("entry", "finding"),
    [
        (suppression("safety", "B608"), SQL),
        (suppression(id="B60"), SQL),
        (suppression(id="B608:app/other.py"), SQL),
        (suppression("safety", "39525", package="markupsafe"), JINJA),
        (suppression(package="jinja2"), SQL),
    ],
)
def test_it_does_not_match_something_else(entry: Suppression, finding: Finding) -> None:
    assert not matches(entry, finding)


def test_what_is_suppressed_does_not_stand() -> None:
    entry = suppression()
    judged = judge([SQL, JINJA], [entry], TODAY)
    assert judged.standing == (JINJA,)
    assert judged.suppressed == ((SQL, entry),)
    assert (judged.expired, judged.unused) == ((), ())


def test_from_its_date_on_a_suppression_holds_no_more() -> None:
    entry = suppression(expires=TODAY)
    judged = judge([SQL], [entry], TODAY)
    assert judged.standing == (SQL,)
    assert judged.expired == (entry,)
    assert judge([SQL], [entry], date(2026, 11, 22)).standing == ()


def test_an_expired_one_is_named_even_when_nothing_matches_it() -> None:
    entry = suppression(expires=date(2026, 1, 1))
    judged = judge([], [entry], TODAY)
    assert (judged.expired, judged.unused) == ((entry,), ())


def test_one_in_force_that_matches_nothing_is_unused() -> None:
    used, unused = suppression(), suppression(id="B101")
    assert judge([SQL], [used, unused], TODAY).unused == (unused,)


def test_equal_entries_are_told_apart() -> None:
    first, second = suppression(), suppression()
    assert judge([SQL], [first, second], TODAY).unused == (second,)
