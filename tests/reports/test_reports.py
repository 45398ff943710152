"""Kinds of fault that were reported in public, of whatever tool: each has a folder that shows it here.

One more is one more folder, tests/reports/<the kind>/report.toml:

    title = "the kind of fault, in one sentence"
    reported = ["https://..."]    # one to three threads or pages about that very kind

and what proves that it goes right here, at least one of

- an input of its own, in the folder:
  - objects.yaml, seen.yaml, expected.toml: a rollout, as in tests/scenarios (see tests/scenario.py);
  - deploy/ and expected.json: manifests, as in tests/pure/cases/manifests;
  - [stage] name, and if need be app ("tiny"), flags, env, settings (lines of the app's table), with [expect]
    code and says or never: a stage script on the small repository of tests/scripts/tiny_app.py, over which
    the files below app/ (its app) and root/ (its top) are laid;
- inputs = ["tests/scenarios/<name>"]: one that other tests have too is not copied but played from there; also
  folders of tests/pure/cases/manifests and files of tests/pure/cases/diagnosis;
- tests = ["tests/...py::test_..."]: where only something bigger shows it. They run where they are; here it is
  made sure that they are still there and that nobody skips them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ROOT, scenario
from tests.pure.cluster.diagnosis import case
from tests.pure.cluster.verdict import playing
from tests.pure.objects import comes_to
from tests.reports import reading
from tests.reports.reading import FOLDERS, Proof, Report
from tests.scripts import tiny_app

PROOFS = [
    pytest.param(folder, proof, id=f"{folder.name}: {proof}")
    for folder in FOLDERS
    for proof in reading.load(folder).proofs
]
GOOD = 'title = "a kind"\nreported = ["https://issues.example/1"]\n'


@pytest.mark.parametrize(("folder", "proof"), PROOFS)
def test_what_was_reported_goes_right_here(folder: Path, proof: Proof, tmp_path: Path) -> None:
    report = reading.load(folder)
    if proof.how == "test":
        assert not (why := reading.missing(proof.what)), why
    elif proof.how == "stage":
        run_stage(report, tmp_path)
    else:
        place = folder if proof.what == folder.name else ROOT / proof.what
        PLAYERS[proof.how](place)


PLAYERS: dict[str, Callable[[Path], None]] = {
    "rollout": lambda place: playing.check(scenario.load(place)),
    "manifests": comes_to.check,
    "diagnosis": case.check,
}


def run_stage(report: Report, home: Path) -> None:
    stage, expect = report.said["stage"], report.said["expect"]
    repo = tiny_app.repository(home)
    repo.configure(stage.get("settings", ""))
    for part, place in (("app", repo.app), ("root", repo.root)):
        if (report.folder / part).is_dir():
            shutil.copytree(report.folder / part, place, dirs_exist_ok=True)
    done = repo.run(stage["name"], stage.get("app", "tiny"), *stage.get("flags", []), env=stage.get("env"))
    assert done.code == expect["code"], done.output
    assert not [words for words in expect.get("says", []) if words not in done.output], done.output
    assert not [words for words in expect.get("never", []) if words in done.output], done.output


def test_there_are_reports_and_no_folder_without_one() -> None:
    assert len(FOLDERS) > 40
    others = {path for path in reading.HOME.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert others == set(FOLDERS)


def test_no_two_reports_have_the_same_title() -> None:
    titles = [reading.load(folder).said["title"] for folder in FOLDERS]
    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + 'fixed = "yes"\ntests = ["a"]\n', "fixed is not known"),
        ('title = "a kind"\ntests = ["a"]\n', "reported needs one to three addresses"),
        ('title = "a kind"\nreported = []\ntests = ["a"]\n', "reported needs one to three addresses"),
        ('title = "a kind"\nreported = ["issue 5"]\ntests = ["a"]\n', "issue 5 is no https address"),
        (
            'title = "a kind"\nreported = ["https://a", "https://b", "https://c", "https://d"]\n',
            "one to three",
        ),
        ('reported = ["https://issues.example/1"]\ntests = ["a"]\n', "title is missing"),
        (GOOD, "nothing proves it"),
        (GOOD + 'tests = "tests/a.py::test_a"\n', "tests is of the wrong type"),
        (GOOD + 'inputs = ["tests/scenarios/no-such-one"]\n', "no-such-one does not exist"),
        (GOOD + 'inputs = ["tests/pure/test_rooms.py"]\n', "lies in none of"),
        (GOOD + '[stage]\nname = "lint"\n', "[stage] and [expect] go together"),
        (GOOD + '[stage]\nname = "lint"\n[expect]\ncode = 0\n', "expect needs code, and says or never"),
        (GOOD + '[stage]\nname = "lint"\ncolour = 1\n[expect]\ncode = 0\nsays = ["x"]\n', "stage.colour"),
    ],
)
def test_what_is_wrong_with_a_report_is_named(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "report.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"report\.toml|nothing proves it") as caught:
        reading.load(tmp_path)
    assert says in str(caught.value)


def test_a_file_that_nobody_reads_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.toml").write_text(GOOD + 'tests = ["a"]\n', encoding="utf-8")
    (tmp_path / "object.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=r"nobody reads object\.yaml"):
        reading.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def test_a() -> None: ...\n", ""),
        ("import pytest\n@pytest.mark.skipif(not x, reason='')\ndef test_a() -> None: ...\n", ""),
        ("def test_b() -> None: ...\n", "has no test test_a; did you mean test_b?"),
        ("# def test_a() -> None: ...\n", "has no test test_a"),
        ("@pytest.mark.skip(reason='')\ndef test_a() -> None: ...\n", "is skipped"),
        ("@pytest.mark.xfail\ndef test_a() -> None: ...\n", "is skipped"),
        ("def test_a() -> None:\n    if x:\n        pytest.skip('')\n", ""),
        ("def test_a() -> None:\n    pytest.skip('later')\n", "is skipped"),
        ("pytest.skip('', allow_module_level=True)\ndef test_a() -> None: ...\n", "is skipped as a whole"),
        ("pytestmark = [pytest.mark.skip]\ndef test_a() -> None: ...\n", "is skipped as a whole"),
    ],
)
def test_a_named_test_has_to_be_there_and_to_run(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(text, encoding="utf-8")
    why = reading.missing("test_x.py::test_a", tmp_path)
    assert why.endswith(says) if says else not why
    assert reading.missing("test_y.py::test_a", tmp_path) == "test_y.py does not exist"
