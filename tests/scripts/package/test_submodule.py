"""The toolkit as a submodule of an app's repository: `make -C pipeline <target> CONFIG=../pipeline.toml`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import ROOT
from tests.end_to_end.clone import Clone
from tests.installed import WHO, Repository


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toolkit as it stands, in a repository that can be cloned."""
    return Clone(tmp_path_factory.mktemp("toolkit") / "its own").folder


def test_it_works_on_the_app_around_it(repository: Repository, origin: Path) -> None:
    repository.git("submodule", "--quiet", "add", str(origin), "pipeline")
    toolkit = repository.folder / "pipeline"
    (toolkit / ".venv").symlink_to(ROOT / ".venv")  # setting one up is what every CI run does anyway
    number = subprocess.run(
        ["cksum"], input=str(toolkit.resolve()), text=True, capture_output=True, check=True
    )
    (toolkit / ".venv" / f".ready-{number.stdout.split()[0]}").touch()
    init = repository.run("python3", "-m", "form_builder_pipeline", "init", env={"PYTHONPATH": "pipeline"})
    assert init.code == 0, init.output
    version = repository.commit("a pipeline")
    make = ("make", "-C", "pipeline", "--no-print-directory")

    done = repository.run(*make, "lint", "CONFIG=../pipeline.toml", "APP=my-app")
    assert done.code == 0, done.output
    assert "1 file already formatted" in done.output, "the toolkit is not linted as the app's code"
    record = json.loads((repository.folder / ".pipeline/latest/run.json").read_text())
    assert (record["commit"][:12], record["branch"], record["author"]) == (version, "main", WHO)
    assert not (toolkit / ".pipeline").exists()

    scanned = repository.run(*make, "security", "CONFIG=../pipeline.toml")
    assert scanned.code == 0, scanned.output  # of the app's own code, not of the toolkit's

    repository.write("app.py", "import os\n")
    done = repository.run(*make, "lint", "CONFIG=../pipeline.toml")
    assert "F401" in done.output
    repository.git("checkout", "--quiet", "--", "app.py")
    repository.git("checkout", "--quiet", "-b", "my-feature")
    done = repository.run(*make, "deploy", "CONFIG=../pipeline.toml", "ENV=production")
    advised = "make -C pipeline pipeline CONFIG=../pipeline.toml APP=my-app"
    assert f"branches may go to test: {advised}" in done.output
    again = repository.run(*advised.replace("pipeline pipeline", "pipeline plan").split())
    assert 'branch "my-feature" stops before' in again.output
    done = repository.run(*make, "plan", "CONFIG=../nowhere.toml")
    assert "nowhere.toml: no such file" in done.output
    done = repository.run(*make, "doctor", "CONFIG=../pipeline.toml")
    assert ".venv is set up" in done.output
