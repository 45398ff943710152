"""Suites in repositories of their own: which commit runs, what it counts for, and what cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.runs import undoing

from tests.elsewhere import Elsewhere
from tests.scripts.suites.deployed import Deployed

RUN = """#!/bin/sh
echo "$(cat word) in $(pwd)"
printf '<testsuite><testcase name="pays">%s</testcase></testsuite>' "$(cat "$2/verdict")" > "$1"
"""
FAILS = '<failure message="it does not pay"/>'
TABLE = """
repository = "{url}"
ref = "{ref}"
path = "spec"
command = ["sh", "run", "{{report}}", "{{path}}"]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Elsewhere:
    """The repository of a suite that passes."""
    return Elsewhere(tmp_path / "acceptance", {"run": RUN, "word": "one", "spec/verdict": ""})


def table(suite: Elsewhere, ref: str = "main", more: str = "") -> str:
    return TABLE.format(url=suite.url, ref=ref) + more


def test_its_commit_is_told_and_a_new_one_is_taken(deployed: Deployed, suite: Elsewhere) -> None:
    deployed.suite(table(suite))
    first = suite.git("rev-parse", "HEAD")
    ended, output = deployed.run()
    assert ended == 0, output
    told = f"acceptance suite of {suite.url} at {first[:12]}"
    assert f"running {told}" in output
    assert deployed.outcome["reason"] == f"dev: 1 acceptance tests passed ({told})"
    assert deployed.details["suite"] == {"repository": suite.url, "commit": first}
    assert deployed.is_verified
    [log] = deployed.left("acceptance-dev.log")
    assert "one in " in log.read_text()

    second = suite.commit({"spec/verdict": FAILS, "word": "two"})
    ended, output = deployed.run()
    assert ended == 1, output
    assert f"1 of 1 acceptance tests failed: pays: it does not pay ({told[:-12]}{second[:12]})" in output
    assert deployed.git("status", "--porcelain") == ""


def test_it_counts_for_the_version_of_this_run_alone(deployed: Deployed, suite: Elsewhere) -> None:
    """Else a suite as somebody's files of today call it would verify what somebody else deployed."""
    deployed.suite(table(suite))
    (deployed.app / "code").write_text("two")
    before = deployed.head
    deployed.commit()
    ended, output = deployed.run()
    assert ended == 0, output
    assert f"{before[:12]} serves and this run is of {deployed.head[:12]}" in output
    assert not deployed.is_verified
    (deployed.root / "apps.toml").write_text((deployed.root / "apps.toml").read_text() + "\n# changed\n")
    deployed.serve(deployed.head)
    ended, output = deployed.run()
    assert ended == 0, output
    assert not deployed.is_verified, "how it is called is not what was committed"
    deployed.git("checkout", "--quiet", "--", ".")
    ended, output = deployed.run()
    assert ended == 0, output
    assert deployed.is_verified


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../outside", '"../outside" leaves the repository'),
        ("link", '"link" leaves the repository'),
        ("specs", "there is no specs in "),
    ],
)
def test_a_path_may_not_leave_it_and_must_be_there(
    deployed: Deployed, suite: Elsewhere, path: str, words: str
) -> None:
    (suite.root / "link").symlink_to("/tmp")
    suite.commit()
    deployed.suite(table(suite).replace('"spec"', f'"{path}"'))
    ended, output = deployed.run()
    assert ended == 2, output
    assert words in output
    assert "apps.tiny.suites.acceptance.path" in output


def test_one_that_cannot_be_had_is_misused_and_undoes_nothing(
    deployed: Deployed, suite: Elsewhere, tmp_path: Path
) -> None:
    deployed.suite(table(suite).replace(suite.url, (tmp_path / "gone").as_uri()), "smoke")
    ended, output = deployed.run("smoke")
    assert ended == 2, output
    assert "apps.tiny.suites.smoke.repository: there is no repository at file://" in output
    assert "correct the address" in output
    assert not undoing.needed([{**deployed.outcome, "id": "smoke-production"}]).undo


def test_an_address_that_holds_a_credential_shows_none(deployed: Deployed, suite: Elsewhere) -> None:
    text = table(suite).replace(f'"{suite.url}"', '{ env = "SUITE_ADDRESS" }')
    deployed.suite(text)
    ended, output = deployed.run(SUITE_ADDRESS="http://ada:a-word-for-tests@127.0.0.1:1/x.git")
    assert ended == 2, output
    assert "127.0.0.1:1/x.git cannot be reached" in output
    assert "a-word-for-tests" not in output
    ended, output = deployed.run()
    assert ended == 2, output
    assert "SUITE_ADDRESS holds no address" in output


def test_it_is_made_ready_in_its_own_folder_once(deployed: Deployed, suite: Elsewhere) -> None:
    suite.commit({"spec/toy.lock": "1", "spec/verdict": ""})
    language = """
[languages.toy]
prepare = [["sh", "-c", "pwd >> $PREPARED_IN"]]
lockfiles = ["toy.lock"]
env.WORD = "of toy"
suite = ["sh", "-c", 'echo $WORD in $(pwd); sh ../run "$0" "$1"', "{report}", "{path}"]
"""
    text = table(suite, more='language = "toy"\n')
    deployed.suite("\n".join(line for line in text.splitlines() if not line.startswith("command")) + language)
    prepared = deployed.root.parent / "prepared"
    for _ in range(2):
        ended, output = deployed.run(PREPARED_IN=str(prepared))
        assert ended == 0, output
    [folder] = prepared.read_text().splitlines()
    assert folder.endswith("/spec") and ".pipeline/checkouts/" in folder
    [log] = deployed.left("acceptance-dev.log")
    assert f"of toy in {folder}" in log.read_text()


def test_one_that_cannot_be_made_ready_has_found_nothing(deployed: Deployed, suite: Elsewhere) -> None:
    suite.commit({"toy.lock": "1"})
    language = '[languages.toy]\nprepare = [["sh", "-c", "echo no gems; exit 5"]]\nlockfiles = ["toy.lock"]\n'
    deployed.suite(table(suite, more=f'language = "toy"\n{language}'))
    ended, output = deployed.run()
    assert ended == 1, output
    assert "the acceptance suite of tiny could not begin" in deployed.outcome["reason"]
    assert deployed.outcome["details"]["inconclusive"] is True
    assert "no gems" in output


def test_pytest_files_elsewhere_run_by_their_own_pins(deployed: Deployed, suite: Elsewhere) -> None:
    suite.commit({"requirements.txt": "no-such-package-for-tests==1.0\n", "spec/test_a.py": ""})
    text = "\n".join(line for line in table(suite).splitlines() if not line.startswith("command"))
    deployed.suite(text)
    ended, output = deployed.run(PIP_INDEX_URL="http://127.0.0.1:1/simple", PIP_RETRIES="0")
    assert ended == 1, output
    assert "the packages of tiny-acceptance could not be installed" in output
    assert deployed.outcome["details"]["inconclusive"] is True
