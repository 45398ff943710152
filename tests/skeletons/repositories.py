"""The git repositories: seven of apps, one of what they share, one of secrets, one of acceptance suites."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from tests.elsewhere import Elsewhere
from tests.skeletons import charts, configuration
from tests.skeletons.charts import PARTS
from tests.skeletons.table import CHARTS, SKELETONS, Skeleton

CANARY = "marigold"
"""In every secret: nothing that is kept or printed may hold it."""
LOCKFILES = {
    "ruby": {
        "Gemfile": "source 'https://rubygems.org'\ngem 'rack'\n",
        "Gemfile.lock": "GEM\n  specs:\n    rack (3.1.8)\n",
    },
    "node": {
        "package.json": json.dumps({"name": "runner", "scripts": {"test": "node --test"}}),
        "package-lock.json": json.dumps(
            {"lockfileVersion": 3, "packages": {"": {}, "node_modules/express": {}}}
        ),
    },
}
ACCEPTANCE = '''"""{app}, from outside."""

import json
import os
import urllib.request


def test_it_answers_and_was_told_what_its_chart_says():
    said = json.load(urllib.request.urlopen(os.environ["URL"] + "/told", timeout=30))
    assert said["space"] == os.environ["SPACE"], said
    assert said["word"], said


def test_what_is_not_there_is_not_found():
    try:
        urllib.request.urlopen(os.environ["URL"] + "/nowhere", timeout=30)
    except urllib.error.HTTPError as error:
        assert error.code == 404
    else:
        raise AssertionError("it answered")
'''
SMOKE = '''"""It answers."""

import os
import urllib.request


def test_it_is_healthy():
    assert urllib.request.urlopen(os.environ["URL"] + "/health", timeout=30).read() == b"healthy"
'''


class Repository(Elsewhere):
    """One of them, on the branch that its people call the main one."""

    def __init__(self, root: Path, files: dict[str, str], main: str = "main") -> None:
        super().__init__(root, files)
        if main != "main":
            self.git("branch", "--move", "main", main)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


class Repositories:
    """All of them, below a folder."""

    def __init__(self, folder: Path, settings: configuration.Settings) -> None:
        self.folder = folder
        self.secrets = Repository(folder / "fb-secrets", dict(_secrets()))
        self.suites = Repository(folder / "fb-acceptance-tests", dict(_suites()))
        common = configuration.common(settings, self.secrets.url)
        self.common = Repository(folder / "fb-platform", {"common.toml": common})
        self.apps = {
            skeleton.name: Repository(
                folder / skeleton.repository, dict(self._files(skeleton)), main=skeleton.main
            )
            for skeleton in SKELETONS
        }

    def _files(self, skeleton: Skeleton) -> Iterator[tuple[str, str]]:
        code = PARTS / "code"
        yield from ((name, (code / name).read_text(encoding="utf-8")) for name in ("app.py", "word"))
        yield "spec/app_spec.py", (code / "app_spec.py").read_text(encoding="utf-8")
        yield "spec/smoke/smoke_spec.py", SMOKE
        yield from LOCKFILES[skeleton.language].items()
        for role, dockerfile in skeleton.images.items():
            text = (code / "Dockerfile").read_text(encoding="utf-8")
            yield dockerfile, text.replace("serve", "work") if role in skeleton.workers else text
        yield ".dockerignore", ".git\nspec\ndeploy-eks\nnode_modules\ncoverage\n"
        yield ".gitignore", "node_modules/\ncoverage/\nvendor/\n"
        if not skeleton.restarts:
            yield from charts.chart(skeleton).items()
        yield "pipeline.toml", configuration.pipeline(skeleton, self.common, self.suites.url)


def secret_of(skeleton: Skeleton, space: str, turn: int = 1) -> str:
    """What only the pods of a space may know."""
    return f"{CANARY}-{skeleton.name}-{space}-{turn}"


def digest_of(secret: str) -> str:
    """How an app tells of its secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def secrets_file(skeleton: Skeleton, space: str) -> str:
    """In the repository of secrets."""
    return f"{skeleton.repository}/{space}.yaml"


def _secrets() -> Iterator[tuple[str, str]]:
    for skeleton in CHARTS:
        for _, space in skeleton.places:
            text = charts.secret_values(skeleton, space, secret_of(skeleton, space))
            yield secrets_file(skeleton, space), text


def _suites() -> Iterator[tuple[str, str]]:
    yield from LOCKFILES["ruby"].items()
    for skeleton in SKELETONS:
        if skeleton.acceptance:
            yield f"spec/{skeleton.name}/app_spec.py", ACCEPTANCE.replace("{app}", skeleton.name)
