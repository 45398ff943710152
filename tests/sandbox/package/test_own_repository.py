"""From an empty repository with the installed package to a verified release, on the sandbox that is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests import installed
from tests.installed import APP, WHO, Repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    folder = tmp_path_factory.mktemp("own")
    programs = installed.whole(installed.wheel(folder / "dist"), folder / "venv")
    made = Repository(folder / "my app", programs)
    yield made
    made.run("pipeline", "sandbox", "down")


def record(repository: Repository) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((repository.folder / ".pipeline/latest/run.json").read_text())
    return document


def serving(repository: Repository, space: str) -> str:
    """The image label that names the version, of what runs there."""
    done = repository.run("pipeline", "status", "--json")
    rows = json.loads(done.output[done.output.index("[") :])
    return json.dumps([row for row in rows if row.get("space") == space])


def test_an_apps_own_repository_from_nothing_to_a_verified_release(repository: Repository) -> None:
    assert repository.run("pipeline", "init").code == 0
    config = repository.folder / "pipeline.toml"
    config.write_text(config.read_text().replace('#version = "/version"', 'version = "/version"'))
    first = repository.commit("a pipeline")
    done = repository.run("pipeline", "run")
    assert done.code == 0, done.output
    assert f"my-app: {first} is verified in production" in done.output
    told = record(repository)
    assert (told["app"], told["commit"][:12], told["branch"], told["author"]) == (
        "my-app",
        first,
        "main",
        WHO,
    )
    alert = done.output.partition("is verified in production")[2]
    assert f"commit       {first}" in alert
    assert f"who          {WHO}" in alert
    assert repository.git("status", "--porcelain") == ""

    # A broken commit fails and what served goes on serving; advice is what can be typed here.
    repository.write("app.py", APP.replace("HTTPServer((", 'raise SystemExit("broken")\nHTTPServer(('))
    broken = repository.commit("broken")
    done = repository.run("pipeline", "run")
    assert done.code == 1, done.output
    assert "make " not in done.output.partition("what to do")[2].partition("\n")[0]
    assert broken in done.output
    assert first in serving(repository, "live")
    assert broken not in serving(repository, "live")

    # A good one is built anew and serves: its address /version is asked by the healthcheck.
    repository.write("app.py", APP.replace("Says which", "Still says which"))
    good = repository.commit("good")
    done = repository.run("pipeline", "run")
    assert done.code == 0, done.output
    assert "build passed" in done.output
    assert good in serving(repository, "live")

    # A feature branch stops at test.
    repository.git("checkout", "--quiet", "-b", "my-feature")
    repository.write("app.py", APP.replace("Says which", "Says in a branch which"))
    branched = repository.commit("a feature")
    done = repository.run("pipeline", "run")
    assert done.code == 0, done.output
    assert branched in serving(repository, "dev")
    assert good in serving(repository, "live")
    assert record(repository)["branch"] == "my-feature"
