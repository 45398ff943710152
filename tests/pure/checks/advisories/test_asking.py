"""Who is asked about a pin, how often, and what is made of silence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Failed
from toolkit.checks.advisories import answers, asking, osv, reach
from toolkit.checks.advisories.answers import Answer, Pin
from toolkit.settings.model import ASKED

TODAY = date(2026, 11, 23)
H11, IDNA, OWN = ("h11", "0.16.0"), ("idna", "3.20"), ("own", "1.0")
NONE = Answer(TODAY, (), "x")


class Place:
    """Somebody who is asked: what he knows, and what he was asked."""

    def __init__(self, knows: dict[Pin, Answer], trouble: str = "") -> None:
        self.knows, self.trouble = knows, trouble
        self.asked: list[Pin] = []

    def __call__(self, pins: Iterable[Pin], _today: date) -> dict[Pin, Answer]:
        self.asked += pins
        if self.trouble:
            raise reach.OutOfReachError(self.trouble)
        return {pin: self.knows[pin] for pin in self.asked if pin in self.knows}


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> dict[str, Place]:
    made = {"registry": Place({H11: NONE}), "osv": Place({H11: NONE, IDNA: NONE})}
    monkeypatch.setattr(asking, "ASKED", made)
    return made


def ask(
    folder: Path, *pins: Pin, at: float = 1e9, names: tuple[str, ...] = ASKED, **more: Any
) -> asking.Told:
    return asking.ask(folder, names, pins, TODAY, clock=lambda: at, **more)


def test_every_word_of_apps_toml_has_somebody_behind_it() -> None:
    assert tuple(asking.ASKED) == ASKED


def test_the_next_is_asked_about_what_the_first_does_not_know(
    tmp_path: Path, places: dict[str, Place]
) -> None:
    told = ask(tmp_path, H11, IDNA, OWN)
    assert set(told.answers) == {H11, IDNA}
    assert told.silent == (OWN,)
    assert places["osv"].asked == [IDNA, OWN]


def test_an_answer_counts_for_a_day_and_silence_too(tmp_path: Path, places: dict[str, Place]) -> None:
    first = ask(tmp_path, H11, OWN)
    again = ask(tmp_path, H11, OWN, at=1e9 + 86399)
    assert again == first
    assert len(places["registry"].asked) == 2
    ask(tmp_path, H11, at=1e9 + 86400)
    assert len(places["registry"].asked) == 3
    ask(tmp_path, H11, at=1e9 + 86401, anew=True)
    assert len(places["registry"].asked) == 4


def test_who_cannot_be_reached_is_told_and_asked_again_next_time(
    tmp_path: Path, places: dict[str, Place]
) -> None:
    places["registry"].trouble = "package registry cannot be reached: refused"
    told = ask(tmp_path, H11, names=("registry",))
    assert told == asking.Told({}, (H11,), ("package registry cannot be reached: refused",))
    places["registry"].trouble = ""
    assert set(ask(tmp_path, H11, names=("registry",)).answers) == {H11}


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '[["a", "1", {"at": "x"}]]', '[["a", "1", {"at": 1e9, "answer": 1}]]']
)
def test_a_damaged_cache_is_asked_anew(tmp_path: Path, places: dict[str, Place], text: str) -> None:
    (tmp_path / "registry.json").write_text(text, encoding="utf-8")
    assert set(ask(tmp_path, H11).answers) == {H11}
    assert places["registry"].asked == [H11]


def test_what_two_stages_write_at_the_same_time_is_kept(tmp_path: Path, places: dict[str, Place]) -> None:
    ask(tmp_path, H11, names=("osv",))
    ask(tmp_path, IDNA, names=("osv",))
    ask(tmp_path, H11, IDNA, names=("osv",))
    assert places["osv"].asked == [H11, IDNA]


def test_an_older_answer_is_kept_where_there_is_no_newer_one(tmp_path: Path) -> None:
    file = tmp_path / "advisories/registry.json"
    old, new = Answer(date(2026, 1, 1), ()), Answer(date(2026, 2, 2), ({"id": "X"},), "OSV")
    answers.keep(
        file, [("a", "1"), ("b", "1"), ("c", "1")], dict.fromkeys([("a", "1"), ("b", "1"), ("c", "1")], old)
    )
    answers.keep(file, [("a", "1"), ("b", "1")], {("a", "1"): new})
    assert answers.load(file) == {("a", "1"): new, ("b", "1"): old}


@pytest.mark.parametrize(
    "document", [{}, {"answers": []}, {"answers": {"a": {"1": {"asked": "soon", "advisories": []}}}}]
)
def test_a_damaged_file_of_answers_is_a_sentence(tmp_path: Path, document: Any) -> None:
    file = tmp_path / "registry.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Failed, match=r"registry\.json cannot be used"):
        answers.load(file)


def test_of_two_answers_the_later_counts() -> None:
    old, new = Answer(date(2026, 1, 1), ()), Answer(date(2026, 2, 2), ())
    assert answers.newest({H11: new}, {H11: old}) == answers.newest({H11: old}, {H11: new}) == {H11: new}


def test_an_advisory_of_osv() -> None:
    document = {"aliases": ["CVE-2026-1", "PYSEC-1"], "details": "bad\nvery"}
    assert osv.detail(document, "GHSA-1") == {
        "id": "GHSA-1",
        "cve": "CVE-2026-1",
        "summary": "bad",
        "link": "https://osv.dev/vulnerability/GHSA-1",
    }
    assert osv.detail({"withdrawn": "2026-01-01T00:00:00Z"}, "GHSA-1") == {}
    assert osv.detail(None, "GHSA-1")["id"] == "GHSA-1", "one that cannot be read still counts"


def test_the_question_to_osv() -> None:
    assert osv.queries([H11]) == {
        "queries": [{"package": {"name": "h11", "ecosystem": "PyPI"}, "version": "0.16.0"}]
    }
