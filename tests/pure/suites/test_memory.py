"""What is asked of a suite, what is remembered of it, and what is said of tests that are not steady."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import pytest
from toolkit.base import redaction
from toolkit.base.outcome import Misused
from toolkit.settings.model import App
from toolkit.suites import memory, report, selection
from toolkit.suites.memory import Memory
from toolkit.suites.selection import Selection


def asked(**words: str) -> Selection:
    return selection.of(argparse.Namespace(**words))


def test_what_the_flags_say() -> None:
    assert asked() == asked(shard="", repeat="", only="") == Selection(None, 1, "")
    assert asked(shard="2/4", repeat="20", only="failed") == Selection((2, 4), 20, "failed")
    partial = [asked(shard="1/1"), asked(only="failed"), asked(repeat="9")]
    assert [each.is_partial for each in partial] == [True, True, False]


def test_durations_of_a_part_are_not_kept() -> None:
    assert selection.of(argparse.Namespace(keep_durations=True)).keeps
    with pytest.raises(Misused, match="needs the whole suite"):
        selection.of(argparse.Namespace(keep_durations=True, only="failed"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"shard": "0/4"}, "SHARD=0/4: is no part of a whole"),
        ({"shard": "5/4"}, "SHARD=5/4: is no part"),
        ({"shard": "x"}, "SHARD=x: is no part"),
        ({"repeat": "0"}, "REPEAT=0: is no number of times"),
        ({"repeat": "1e3"}, "REPEAT=1e3: is no number"),
        ({"repeat": "²"}, "REPEAT=²: is no number"),
        ({"only": "slow"}, "ONLY=slow: is not known"),
    ],
)
def test_flags_that_make_no_sense_are_misused(words: dict[str, str], said: str) -> None:
    with pytest.raises(Misused, match=said) as error:
        asked(**words)
    assert error.value.remedy


def test_a_whole_run_replaces_what_was_known_and_a_part_adds_to_it() -> None:
    before = Memory({"a": 1.0, "gone": 2.0}, ("a", "gone"))
    results = {"a": [(2.0, "passed"), (4.0, "passed")], "b": [(1.0, "failed")]}
    whole = memory.after(before, results, is_partial=False)
    assert whole == Memory({"a": 3.0, "b": 1.0}, ("b",))
    part = memory.after(before, results, is_partial=True)
    assert part == Memory({"a": 3.0, "b": 1.0, "gone": 2.0}, ("b", "gone"))


def test_a_test_whose_name_is_a_secret_is_remembered_all_the_same() -> None:
    redaction.Secret("master")
    results = {"t::master": [(2.0, "failed")], "t::main": [(1.0, "passed")]}
    known = memory.after(Memory({}, (memory.key("t::gone"),)), results, is_partial=True)
    assert known.failed == ("sha256:" + hashlib.sha256(b"t::master").hexdigest(), "t::gone")
    assert set(known.durations) == {known.failed[0], "t::main"}
    well = {"t::master": [(2.0, "passed")]}
    assert memory.after(known, well, is_partial=True).failed == ("t::gone",)


def test_a_suite_that_broke_is_not_taken_for_one_in_which_nothing_failed() -> None:
    before = Memory({"a": 1.0}, ())
    broken = memory.after(before, {}, is_partial=False)
    assert broken == Memory({"a": 1.0}, (), ended=False)
    good = {"a": [(1.0, "passed")]}
    assert not memory.after(broken, good, is_partial=True).ended
    assert memory.after(broken, good, is_partial=False).ended
    assert not memory.after(before, good, is_partial=False, passed=False).ended
    assert memory.after(before, {"a": [(1.0, "failed")]}, is_partial=False, passed=False).ended


def test_it_is_kept_and_read_again_and_a_damaged_file_is_nothing(tmp_path: Path) -> None:
    app = App("tiny", "Tiny", 1, tmp_path / "tiny", "ns", "svc")
    file = memory.file_of(tmp_path, app, "smoke", "test-dev")
    assert memory.read(file) == Memory()
    kept = Memory({"a": 1.5}, ("b",), ended=False)
    memory.keep(file, kept)
    assert memory.read(file) == kept
    for damaged in ("", "[]", '{"durations": {"a": "x"}, "failed": 7}', '{"durations": [1]}'):
        file.write_text(damaged)
        assert memory.read(file) == Memory()


def test_durations_that_come_with_the_app(tmp_path: Path) -> None:
    suite = tmp_path / "tests" / "smoke"
    assert memory.committed(suite) == {}
    file = memory.commit(suite, {"b": [(1.0, "passed"), (2.04, "passed")], "a": [(1.0, "passed")]})
    assert json.loads(file.read_text()) == {"a": 1.0, "b": 2.0}
    assert memory.committed(suite) == {"a": 1.0, "b": 2.0}
    file.write_text("{")
    with pytest.raises(Misused, match=r"durations\.json: cannot be read"):
        memory.committed(suite)


def test_the_ten_slowest_and_the_ones_that_are_not_steady() -> None:
    results = {f"t{number:02}": [(number / 10, "passed")] for number in range(14)}
    results["flaky"] = [(0.2, "passed"), (9.0, "failed"), (0.1, "passed")]
    results["broken"] = [(0.0, "failed"), (0.0, "failed")]
    rows = report.slowest(results)
    assert [test for _, test in rows] == ["flaky", *(f"t{number:02}" for number in range(13, 4, -1))]
    assert report.table(rows)[0] == "   9.0 s  flaky"
    assert report.flaky(results) == ["flaky failed 1 of 3"]
