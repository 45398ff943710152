"""What is kept is masked, and can still be read back by the next program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toolkit.base import redaction
from toolkit.base.outcome import Failed, Kind, Outcome
from toolkit.base.redaction import Raw, Secret
from toolkit.runs import words
from toolkit.runs.record import Record, as_outcome, read_json, write_json

CANARY = "canary-value-1f8a"
PEM = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEF", "-----END PRIVATE KEY-----"]


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_registered", set())
    monkeypatch.setattr(words, "_public", set(words._public))


@pytest.mark.parametrize(
    "value",
    [
        f"it said {CANARY}", [CANARY], {"a": {"b": [{"reason": f"x{CANARY}x"}]}}, {f"test[{CANARY}]": 1},
        {"details": {"said": [f"{CANARY}", {"deep": CANARY}]}}, {"reason": CANARY},
        {"evidence": [CANARY, "x"]},
    ],
)  # fmt: skip
def test_a_secret_is_in_no_text_and_no_key_that_is_kept(tmp_path: Path, value: object) -> None:
    Secret(CANARY)
    write_json(tmp_path / "kept.json", value)
    assert CANARY not in (tmp_path / "kept.json").read_text()
    assert "***" in (tmp_path / "kept.json").read_text()


def test_what_its_key_or_its_neighbours_give_away_is_masked(tmp_path: Path) -> None:
    kept = {"Authorization": "Basic dXNlcjpwYXNz", "lines": PEM, "evidence": ["before", *PEM, "after"]}
    write_json(tmp_path / "kept.json", kept)
    text = (tmp_path / "kept.json").read_text()
    assert "dXNlcjpwYXNz" not in text and PEM[1] not in text
    assert json.loads(text)["evidence"] == ["before", "***", "after"]


@pytest.mark.parametrize("word", ["passed", "running", "outcome", "submitter", "deploy-test", "details"])
def test_a_variable_of_an_ordinary_word_breaks_no_record(tmp_path: Path, word: str) -> None:
    words.public(["submitter", "deploy-test"])
    redaction.register_environment({"SOME_TOKEN": word})
    kept = Record.start(tmp_path, "submitter", commit="c" * 40, version="c" * 12)
    entry = kept.begin("deploy-test", "deploy", "test")
    kept.end(entry, Outcome(reason=f"it is {word}", details={"images": {"api": "x"}}))
    kept.finish(Outcome())
    found = read_json(kept.file)
    assert (found["app"], found["outcome"], found["run"]) == ("submitter", "passed", kept.folder.name)
    [stage] = found["stages"]
    assert (stage["id"], as_outcome(stage).kind) == ("deploy-test", Kind.PASSED)
    assert stage["reason"] == "it is ***"


def test_a_commit_stays_readable_when_a_cache_key_is_made_of_it(tmp_path: Path) -> None:
    redaction.register_environment({"CACHE_KEY": "c" * 40, "OTHER_KEY": "c" * 12})
    write_json(tmp_path / "kept.json", {"commit": "c" * 40, "version": "c" * 12, "reason": "c" * 40})
    assert read_json(tmp_path / "kept.json") == {"commit": "c" * 40, "version": "c" * 12, "reason": "***"}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("master", True), ("fb-mini", True), ("postgres", True), ("secret1", True), ("submitter-live", True),
        ("true", False), ("1", False), (CANARY, False), ("correct-horse-battery", False), ("A1" * 20, False),
    ],
)  # fmt: skip
def test_a_variable_that_hides_an_ordinary_word_is_named(value: str, named: bool) -> None:
    words.public(["submitter-live"])
    environ = {"POSTGRES_PASSWORD": value, "HOME": "master"}
    assert words.ordinary(environ) == (["POSTGRES_PASSWORD"] if named else [])


def test_output_of_a_program_shows_itself_only_without_secrets() -> None:
    Secret(CANARY)
    raw = Raw(f"one {CANARY}\n\ntwo\n" + "\n".join(PEM) + "\n")
    assert CANARY in raw.reveal() and raw.lines()[0] == f"one {CANARY}"
    for shown in (raw.shown, str(raw), f"{raw}", repr(raw), "\n".join(raw.tail()), "%s" % raw):  # noqa: UP031
        assert CANARY not in shown and PEM[1] not in shown
    assert raw.tail(2) == ("two", "***")


def test_what_is_raised_is_without_secrets() -> None:
    Secret(CANARY)
    error = Failed(f"it said {CANARY}", remedy=f"use {CANARY}", evidence=[CANARY, *PEM])
    assert (error.reason, error.remedy, error.evidence) == ("it said ***", "use ***", ("***", "***"))
    assert CANARY not in f"{error} {error!r} {error.outcome}" and PEM[1] not in str(error.outcome)
