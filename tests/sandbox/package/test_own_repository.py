"""From an empty repository with the installed package to a verified release, on the sandbox that is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests import installed
from tests.installed import APP, WHO, Repository

# Each test is one or two runs of the whole pipeline; the first one also waits for the installation.
pytestmark = pytest.mark.timeout(400)


class Released(NamedTuple):
    """The repository, and the version that the first run released."""

    repository: Repository
    version: str
    output: str


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    folder = tmp_path_factory.mktemp("own")
    programs = installed.whole(installed.wheel(folder / "dist"), folder / "venv")
    made = Repository(folder / "my app", programs)
    assert made.run("pipeline", "init").code == 0
    config = made.folder / "pipeline.toml"
    text = config.read_text().replace('#version = "/version"', 'version = "/version"')
    config.write_text(text.replace('soak = "10s"', 'soak = "1s"'))
    version = made.commit("a pipeline")
    done = made.run("pipeline", "run")
    assert done.code == 0, done.output
    yield Released(made, version, done.output)
    made.run("pipeline", "sandbox", "down")


def record(repository: Repository) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((repository.folder / ".pipeline/latest/run.json").read_text())
    return document


def serving(repository: Repository, space: str) -> str:
    """The version that runs there, verified."""
    rows = json.loads(repository.run("pipeline", "status", "--json").output)
    return next(str(row["version"]) for row in rows if row["space"] == space and row["verified"])


def test_from_nothing_to_a_verified_release(released: Released) -> None:
    repository, version, output = released
    assert f"my-app: {version} is verified in production" in output
    told = record(repository)
    assert (told["app"], told["commit"][:12], told["branch"], told["author"]) == (
        "my-app",
        version,
        "main",
        WHO,
    )
    alert = output.partition("is verified in production")[2]
    assert f"commit       {version}" in alert
    assert f"who          {WHO}" in alert
    assert repository.git("status", "--porcelain") == ""
    assert serving(repository, "live") == version


def test_a_broken_commit_fails_and_advice_is_what_can_be_typed(released: Released) -> None:
    repository = released.repository
    before = serving(repository, "live")
    repository.write("app.py", APP.replace("HTTPServer((", 'raise SystemExit("broken")\nHTTPServer(('))
    broken = repository.commit("broken")
    done = repository.run("pipeline", "run")
    assert done.code == 1, done.output
    assert f"version      {broken}" in done.output
    assert "make " not in done.output
    assert serving(repository, "live") == before


def test_a_good_commit_is_built_anew_and_answers_with_its_version(released: Released) -> None:
    repository = released.repository
    repository.write("app.py", APP.replace("Says which", "Still says which"))
    good = repository.commit("good")
    done = repository.run("pipeline", "run")  # its healthcheck asks /version
    assert done.code == 0, done.output
    assert "build passed in" in done.output
    assert serving(repository, "live") == good

    repository.git("checkout", "--quiet", "-b", "my-feature")
    branched = repository.commit("a feature")
    done = repository.run("pipeline", "run")
    assert done.code == 0, done.output
    assert (serving(repository, "dev"), serving(repository, "live")) == (branched, good)
    assert record(repository)["branch"] == "my-feature"
