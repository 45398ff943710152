"""Parts of a suite, what failed last, tests that are repeated: against an app that is really deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Ended, Platform, made_in

SUITES = """
[apps.tiny.suites.smoke]
workers = 2
env.URL = "{url}"
[apps.tiny.suites.acceptance]
workers = 2
env.URL = "{url}"
"""
SUITE = """
import os, pathlib, time, urllib.request
import pytest
HERE = pathlib.Path(PLACE)

def ran(name):
    with (HERE / "ran").open("a") as file:
        file.write(name + "\\n")

@pytest.mark.parametrize("number", range(4))
def test_good(number):
    ran(f"good{number}")
    assert urllib.request.urlopen(os.environ["URL"] + "/health").read() == b"ok"

def test_slow():
    ran("slow")
    time.sleep(0.4)

def test_bad():
    ran("bad")
    assert not (HERE / "broken").exists(), "it is broken"

def test_unsteady():
    ran("unsteady")
    try:
        (HERE / "unsteady").unlink()  # for one of them alone
    except FileNotFoundError:
        return
    raise AssertionError("it is not steady")
"""
ALL = ["bad", "good0", "good1", "good2", "good3", "slow", "unsteady"]


class Suite:
    """The suite, and what of it was run."""

    def __init__(self, platform: Platform, place: Path) -> None:
        self.platform, self.place = platform, place

    def run(self, kind: str = "acceptance", *words: str, **env: str) -> Ended:
        (self.place / "ran").unlink(missing_ok=True)
        return self.platform.run(kind, "--app", "tiny", "--env", self.platform.one, *words, **env)

    def ran(self) -> list[str]:
        file = self.place / "ran"
        return sorted(file.read_text().split()) if file.exists() else []

    @property
    def details(self) -> dict[str, Any]:
        return dict(self.platform.recorded()["stages"][0]["details"][self.platform.one])

    @property
    def evidence(self) -> Path:
        return self.platform.folder / ".pipeline/latest/stages"

    def is_verified(self) -> bool:
        rows = self.platform.status("--env", self.platform.one)
        return bool(rows[0]["verified"])


@pytest.fixture(scope="module")
def suite(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    place = tmp_path_factory.mktemp("place")
    with made_in(sandbox, tmp_path_factory.mktemp("selection")) as platform:
        platform.configure(suites=SUITES)
        platform.manifest(env={"SAY": "the pod's own words"})
        (platform.folder / "tiny" / "requirements-test.txt").write_text("pytest\npytest-xdist\n")
        for kind in ("smoke", "acceptance"):
            folder = platform.folder / "tiny" / "tests" / kind
            folder.mkdir(parents=True)
            (folder / f"test_{kind}.py").write_text(SUITE.replace("PLACE", repr(str(place))))
        ended = platform.deploy()
        assert ended.code == 0, ended.output
        yield Suite(platform, place)


def test_the_whole_suite_with_its_slowest_tests(suite: Suite) -> None:
    ended = suite.run()
    assert ended.code == 0, ended.output
    assert suite.ran() == ALL
    assert "the slowest tests:" in ended.output
    assert "tests/acceptance/test_acceptance.py::test_slow" in ended.output
    assert next(iter(suite.details["slowest"])).endswith("::test_slow")


def test_parts_cover_everything_once_and_verify_together(suite: Suite) -> None:
    seen: list[str] = []
    assert suite.platform.run("healthcheck", "--app", "tiny", "--env", suite.platform.one).code == 0
    assert suite.run("acceptance").code == 0
    for part in ("1/3", "2/3", "3/3"):
        assert not suite.is_verified()
        ended = suite.run("smoke", "--shard", part)
        assert ended.code == 0, ended.output
        assert suite.ran()
        seen += suite.ran()
    assert sorted(seen) == ALL
    assert suite.is_verified()


def test_what_failed_last_runs_again_alone_until_it_passes(suite: Suite) -> None:
    (suite.place / "broken").touch()
    failed = suite.run()
    assert failed.code == 1, failed.output
    assert "test_bad: AssertionError: it is broken" in failed.last
    assert "ONLY=failed" in failed.last
    again = suite.run("acceptance", "--only", "failed")
    assert (again.code, suite.ran()) == (1, ["bad"])
    (suite.place / "broken").unlink()
    mended = suite.run("acceptance", "--only", "failed")
    assert (mended.code, suite.ran()) == (0, ["bad"])
    nothing = suite.run("acceptance", "--only", "failed")
    assert (nothing.code, suite.ran()) == (0, [])
    assert "no acceptance test failed when they last ran here" in nothing.last


def test_what_failed_is_found_again_where_its_name_is_a_secret(suite: Suite) -> None:
    secret = {"SMTP_PASSWORD": "test_bad"}
    (suite.place / "broken").touch()
    failed = suite.run(**secret)
    assert (failed.code, suite.ran()) == (1, ALL)
    assert "test_bad" not in failed.output
    memory = suite.platform.folder / ".pipeline" / "suites" / f"tiny-acceptance-{suite.platform.one}.json"
    assert "test_bad" not in memory.read_text()
    (suite.place / "broken").unlink()
    again = suite.run("acceptance", "--only", "failed", **secret)
    assert (again.code, suite.ran()) == (0, ["bad"])
    assert suite.run("acceptance", "--only", "failed", **secret).code == 0
    assert suite.ran() == []


def test_a_suite_that_breaks_runs_whole_the_next_time(suite: Suite) -> None:
    broken = suite.platform.folder / "tiny" / "tests" / "acceptance" / "test_broken.py"
    broken.write_text("import no_such_module\n")
    failed = suite.run()
    broken.unlink()
    assert failed.code == 1, failed.output
    again = suite.run("acceptance", "--only", "failed")
    assert (again.code, suite.ran()) == (0, ALL)


def test_a_failure_leaves_what_the_pods_said(suite: Suite) -> None:
    (suite.place / "broken").touch()
    failed = suite.run()
    (suite.place / "broken").unlink()
    assert failed.code == 1, failed.output
    [log] = suite.evidence.glob("*/acceptance-*/tiny/logs/*.log")
    assert "the pod's own words" in log.read_text()
    assert f"acceptance-{suite.platform.one}" in failed.last


def test_a_test_that_is_not_steady_is_named_and_fails_the_suite(suite: Suite) -> None:
    (suite.place / "unsteady").touch()
    ended = suite.run("acceptance", "--repeat", "4")
    assert ended.code == 1, ended.output
    assert "flaky: tests/acceptance/test_acceptance.py::test_unsteady failed 1 of 4" in ended.last
    assert suite.ran().count("good3") == 4
    assert suite.run("acceptance", "--only", "failed").code == 0
    assert suite.ran() == ["unsteady"]


def test_a_part_that_no_test_falls_into_passes_and_says_so(suite: Suite) -> None:
    ended = suite.run("acceptance", "--shard", "9/9")
    assert (ended.code, suite.ran()) == (0, [])
    assert "no acceptance test falls into part 9 of 9" in ended.last


def test_words_that_make_no_sense_are_misused(suite: Suite) -> None:
    ended = suite.run("acceptance", "--shard", "5/4")
    assert ended.code == 2, ended.output
    assert "SHARD=5/4: is no part of a whole" in ended.last
    assert suite.ran() == []


def test_durations_can_be_kept_with_the_app(suite: Suite) -> None:
    ended = suite.run("acceptance", "--keep-durations")
    assert ended.code == 0, ended.output
    file = suite.platform.folder / "tiny" / "tests" / "acceptance" / "durations.json"
    durations = json.loads(file.read_text())
    assert len(durations) == len(ALL)
    assert max(durations, key=lambda test: durations[test]).endswith("::test_slow")
    parts = [(suite.run("acceptance", "--shard", f"{number}/2").code, suite.ran()) for number in (1, 2)]
    assert [code for code, _ in parts] == [0, 0]
    assert sorted([*parts[0][1], *parts[1][1]]) == ALL
    alone = next(ran for _, ran in parts if "slow" in ran)
    assert len(alone) < len(ALL) / 2, "the slow test should have less beside it"
