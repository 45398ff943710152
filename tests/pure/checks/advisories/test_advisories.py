"""Advisories from several places, as one database that safety reads."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Failed, Misused
from toolkit.checks.advisories import database, sources
from toolkit.checks.advisories.model import SCHEMA, Advisory, Source, documents, merge

from tests import ROOT
from tests.pure.checks.advisories.packages import NEW, STAMP

TODAY = date(2026, 11, 23)
OLD = {
    "$meta": {"advisory": "PyUp.io metadata", "timestamp": STAMP},
    "Jinja2": [
        {"id": "pyup.io-39525", "cve": "CVE-2020-28493", "specs": ["<2.11.3"], "advisory": "ReDoS", "v": ""}
    ],
    "cumin": [{"id": "pyup.io-1", "cve": None, "specs": ["<r5238"], "advisory": "old", "v": "<r5238"}],
}
KNOWN = """
[[advisory]]
id = "GHSA-h5c8-rqwp-cp95"
cve = "CVE-2024-22195"
package = "Jinja2"
affected = ["<3.1.3"]
published = 2024-01-11
summary = "HTML attribute injection"
source = "https://github.com/advisories/GHSA-h5c8-rqwp-cp95"
"""


def packaged(folder: Path, content: Any = OLD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "insecure_full.json").write_text(text, encoding="utf-8")
    return folder


def known(root: Path, text: str = KNOWN) -> None:
    (root / "advisories").mkdir(exist_ok=True)
    (root / "advisories/known.toml").write_text(text, encoding="utf-8")


def answers(root: Path, asked: dict[tuple[str, str], str], found: list[dict[str, str]] | None = None) -> None:
    (root / "advisories").mkdir(exist_ok=True)
    content: dict[str, Any] = {}
    for (name, version), day in asked.items():
        content.setdefault(name, {})[version] = {"asked": day, "advisories": found or []}
    (root / "advisories/registry.json").write_text(json.dumps({"answers": content}), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADVISORIES_BASE", str(packaged(tmp_path / "safety_db")))
    return tmp_path


def prepare(root: Path, *pins: tuple[str, str], mode: str = "local") -> database.Database:
    return database.prepare(root, mode, pins, TODAY, lambda _text: None)


def test_the_packaged_database_says_of_when_it_is(root: Path) -> None:
    made = prepare(root, ("jinja2", "3.1.6"))
    assert made.dated == date(2021, 7, 1)
    assert made.age(TODAY) == 1971
    assert made.description == (
        "safety-db: 2 advisories, of 2021-07-01 (1971 days old); none of 1 pins was asked about"
    )


def test_it_becomes_the_schema_that_safety_reads(root: Path) -> None:
    folder = prepare(root).folder
    brief = json.loads((folder / "insecure.json").read_text(encoding="utf-8"))
    full = json.loads((folder / "insecure_full.json").read_text(encoding="utf-8"))
    assert brief["meta"]["schema_version"] == full["meta"]["schema_version"] == "2.0.0"
    assert brief["vulnerable_packages"] == {"cumin": [], "jinja2": ["<2.11.3"]}
    (entry,) = full["vulnerable_packages"]["jinja2"]
    assert entry["ids"] == [{"type": "pyup", "id": "39525"}, {"type": "cve", "id": "CVE-2020-28493"}]
    assert entry["specs"] == ["<2.11.3"]


def test_versions_that_cannot_be_compared_are_said_for_the_packages_in_use(root: Path) -> None:
    assert prepare(root, ("jinja2", "3.1.6")).warnings == ()
    (warning,) = prepare(root, ("cumin", "1")).warnings
    assert "cumin" in warning
    assert "<r5238" in warning


def test_the_repositorys_own_are_added_and_said(root: Path) -> None:
    known(root)
    made = prepare(root)
    full = json.loads((made.folder / "insecure_full.json").read_text(encoding="utf-8"))
    assert [each["ids"][0]["id"] for each in full["vulnerable_packages"]["jinja2"]] == [
        "39525",
        "GHSA-h5c8-rqwp-cp95",
    ]
    assert "advisories/known.toml: 1 advisories, of 2024-01-11" in made.description
    assert made.dated == date(2021, 7, 1), "a few newer ones do not make the whole newer"


def test_a_cve_that_two_sources_know_is_told_once() -> None:
    first = Source(
        "a", None, (Advisory("1", "jinja2", ("<2",), "", "CVE-1"), Advisory("2", "x", ("<2",), ""))
    )
    second = Source(
        "b", None, (Advisory("3", "jinja2", ("<2",), "", "CVE-1"), Advisory("4", "x", ("<2",), ""))
    )
    assert [each.id for each in merge([first, second])] == ["1", "2", "4"]


def test_the_registrys_answers_make_it_as_new_as_the_oldest_of_them(root: Path) -> None:
    answers(root, {("jinja2", "3.1.6"): "2026-11-20", ("h11", "0.16.0"): "2026-11-01"})
    assert prepare(root, ("jinja2", "3.1.6"), ("h11", "0.16.0")).dated == date(2026, 11, 1)
    assert prepare(root, ("jinja2", "3.1.6")).dated == date(2026, 11, 20)


def test_one_pin_that_the_registry_did_not_answer_for_leaves_it_old(root: Path) -> None:
    answers(root, {("jinja2", "3.1.6"): "2026-11-20"})
    assert prepare(root, ("jinja2", "3.1.6"), ("h11", "0.16.0")).dated == date(2021, 7, 1)
    assert prepare(root, ("jinja2", "3.1.5")).dated == date(2021, 7, 1)


def test_what_the_registry_found_is_in_the_database(root: Path) -> None:
    found = [{"id": "PYSEC-1", "cve": "CVE-2", "summary": "bad", "link": "https://osv"}]
    answers(root, {("h11", "0.14.0"): "2026-11-20"}, found)
    full = json.loads((prepare(root).folder / "insecure_full.json").read_text(encoding="utf-8"))
    (entry,) = full["vulnerable_packages"]["h11"]
    assert entry["specs"] == ["==0.14.0"]
    assert entry["ids"][0]["id"] == "PYSEC-1"


def test_a_newer_copy_of_the_live_one_is_preferred_to_the_packaged(root: Path) -> None:
    copy = packaged(root / ".pipeline/cache/advisories/live", NEW)
    assert prepare(root).dated == date(2022, 7, 1)
    packaged(copy, {**NEW, "meta": {"schema_version": SCHEMA, "timestamp": STAMP - 86400}})
    assert prepare(root).dated == date(2021, 7, 1)


def test_the_same_inputs_are_laid_out_once(root: Path) -> None:
    first = prepare(root).folder
    made = (first / "insecure.json").stat().st_mtime_ns
    assert prepare(root).folder == first
    assert (first / "insecure.json").stat().st_mtime_ns == made
    known(root)
    assert prepare(root).folder != first


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"$meta": {"timestamp": 1}}', '{"$meta": {"timestamp": 1}, "a": 1}']
)
def test_a_damaged_packaged_database_is_a_failure(root: Path, content: str) -> None:
    packaged(root / "safety_db", content)
    with pytest.raises(Failed, match="advisory database"):
        prepare(root)


def test_a_missing_packaged_database_is_a_failure(root: Path) -> None:
    (root / "safety_db/insecure_full.json").unlink()
    with pytest.raises(Failed, match="advisory database"):
        prepare(root)


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        '[[advisory]]\nid = "x"\n',
        KNOWN.replace("<3.1.3", "all of them"),
        KNOWN.replace('["<3.1.3"]', "[]"),
        KNOWN.replace("2024-01-11", '"some day"'),
        KNOWN + 'colour = "red"\n',
    ],
)
def test_a_damaged_file_of_the_repository_is_a_failure(root: Path, text: str) -> None:
    known(root, text)
    with pytest.raises(Failed, match=r"known\.toml"):
        prepare(root)


@pytest.mark.parametrize("text", ["", "[]", '{"answers": 3}', '{"answers": {"a": {"1": {"asked": "x"}}}}'])
def test_a_damaged_answer_of_the_registry_is_a_failure(root: Path, text: str) -> None:
    answers(root, {})
    (root / "advisories/registry.json").write_text(text, encoding="utf-8")
    with pytest.raises(Failed, match=r"registry\.json"):
        prepare(root, ("a", "1"))


def test_both_documents_speak_of_the_same_specifiers() -> None:
    advisories = [Advisory("1", "a", ("<1", "<2"), ""), Advisory("2", "a", ("<2",), "")]
    brief, full = documents(advisories, 1)
    assert brief["vulnerable_packages"] == {"a": ["<1", "<2"]}
    assert [each["specs"] for each in full["vulnerable_packages"]["a"]] == [["<1", "<2"], ["<2"]]


def test_the_mode_is_one_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADVISORIES", raising=False)
    assert database.mode() == "auto"
    monkeypatch.setenv("ADVISORIES", "offline")
    with pytest.raises(Misused, match="auto, local, live"):
        database.mode()


def test_this_repositorys_own_are_readable_and_newer_than_the_packaged() -> None:
    source = sources.known(ROOT / sources.KNOWN)
    assert len({each.id for each in source.advisories}) == len(source.advisories) > 0
    assert source.dated is not None
    assert source.dated > date(2021, 7, 1)
    assert all(each.link.startswith("https://") and each.summary for each in source.advisories)
