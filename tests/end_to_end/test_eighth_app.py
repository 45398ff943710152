"""An eighth app: one folder and one table, nothing else changed, and all of the pipeline is there for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.end_to_end import eighth
from tests.end_to_end.clone import Clone

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("eighth")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    made = Clone(tmp_path_factory.mktemp("eighth") / "form builder")
    yield made
    made.make("sandbox-down")


def test_a_folder_and_a_table_are_all_it_takes(clone: Clone) -> None:
    eighth.add(clone.folder)
    changed = subprocess.run(
        ["git", "-C", str(clone.folder), "status", "--porcelain"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert changed == [" M apps.toml", f"?? apps/{eighth.NAME}/"]
    clone.commit("an eighth app")
    code, output = clone.make("pipeline", f"APP={eighth.NAME}")
    assert code == 0, output
    record = clone.record()
    assert (record["app"], record["outcome"]) == (eighth.NAME, "passed")
    assert list(clone.outcomes()) == [
        *["lint", "security", "unit", "build"],
        *["deploy-test", "healthcheck-test", "smoke-test", "acceptance-test", "approve-production"],
        *["deploy-production", "healthcheck-production", "smoke-production", "watch-production", "alert"],
    ]
    assert set(clone.outcomes().values()) == {"passed"}


def test_make_knows_it_by_name(clone: Clone) -> None:
    code, output = clone.make("help")
    assert code == 0 and f" {eighth.NAME}," in output
    code, output = clone.make(f"lint-{eighth.NAME}")
    assert code == 0, output
    code, output = clone.make("smoke", f"APP={eighth.NAME}", "ENV=live-dev")
    assert code == 0, output


def test_it_goes_with_the_others_and_what_it_needs_goes_first(clone: Clone) -> None:
    code, output = clone.make("pipeline", f"APP={eighth.NAME},service-token-cache")
    assert code == 0, output
    runs = sorted((clone.folder / ".pipeline/runs").glob("*/run.json"))
    newest = {data["app"]: data for data in (json.loads(file.read_text()) for file in runs)}
    ended = {
        (name, stage["id"]): (stage["started"], stage["finished"])
        for name, data in newest.items()
        for stage in data["stages"]
    }
    for environment in ("test", "production"):
        needed = ended["service-token-cache", f"deploy-{environment}"]
        assert needed[1] <= ended[eighth.NAME, f"deploy-{environment}"][0]
    code, again = clone.make("pipeline", f"APP={eighth.NAME},service-token-cache")
    assert code == 0, again
    for line in again[again.rindex("app  ") :].splitlines()[1:3]:
        total, _, reused = line.partition(" stages, ")
        assert int(reused.split()[0]) == int(total.split()[-1]) - 2, "all but the rule and the alert"
