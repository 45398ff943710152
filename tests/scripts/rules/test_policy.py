"""What reaches an environment with rules is a commit; what was approved is that commit, as it was then."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from toolkit.base.outcome import Kind, Outcome, Refused
from toolkit.ci.systems import VENDORS
from toolkit.rules import policy
from toolkit.runs.record import Record
from toolkit.settings.config import Config
from toolkit.settings.request import Request

from tests import ROOT

APPS = """
default_cluster = "cloud"
[environments.test]
spaces = ["test-dev"]
[environments.production]
spaces = ["live"]
branches = ["main"]
approval = "APPROVAL"
[clusters.cloud]
kubeconfig = "no-such-file"
[clusters.sandbox]
builder = "sandbox"
kubeconfig = ".sandbox/kubeconfig"
[apps.toy]
path = "toy"
namespace = "toy-{space}"
service = "toy"
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


class Repository:
    """A checkout of one app, and the scripts run on it."""

    def __init__(self, root: Path, approval: str) -> None:
        self.root = root
        (root / "toy").mkdir(parents=True)
        (root / "toy" / "file").write_text("one")
        (root / "apps.toml").write_text(APPS.replace("APPROVAL", approval))
        hidden = {"BRANCH", "COMMIT", "APPROVE", *(vendor.known_by for vendor in VENDORS)}
        self.env = {
            name: value
            for name, value in os.environ.items()
            if name not in hidden and not name.startswith(("GIT_", "PIPELINE_"))
        }
        self.env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        self.env["GIT_CEILING_DIRECTORIES"] = str(root.parent)

    def git(self, *words: str) -> str:
        argv = [
            "git",
            "-C",
            str(self.root),
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            *words,
        ]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env=self.env).stdout.strip()

    def commit(self, *options: str) -> str:
        """Make it a repository with everything committed; the commit."""
        self.git("init", "-q", "-b", "main", *options)
        self.git("add", "toy", "apps.toml")
        self.git("commit", "-qm", "first")
        return self.git("rev-parse", "HEAD")

    def run(self, script: str, *flags: str, **env: str) -> subprocess.CompletedProcess[str]:
        argv = [
            sys.executable,
            str(ROOT / "scripts" / f"{script}.py"),
            "--config",
            str(self.root / "apps.toml"),
        ]
        ran = subprocess.run(
            [*argv, "--app", "toy", *flags], capture_output=True, text=True, env={**self.env, **env},
            timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in ran.stdout + ran.stderr
        return ran

    def approve(self, *flags: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run("approve", "--env", "production", *flags, **env)

    def built(self, digest: str) -> None:
        """As if the image had been built."""
        file = self.root / ".pipeline" / "images" / "toy.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        image = f"registry.example/fb-toy-app@sha256:{digest * 64}"
        file.write_text(json.dumps({"cloud": {"images": {"app": image}}}))

    def checked(self, kind: Kind, stage: str = "acceptance", environment: str | None = "test") -> None:
        """As if a stage had run for the commit that is checked out."""
        sha = self.git("rev-parse", "HEAD")
        made = Record.start(self.root, "toy", commit=sha, version=sha[:12], cluster="cloud")
        entry = made.begin(f"{stage}-{environment}" if environment else stage, stage, environment)
        made.end(entry, Outcome(kind, "because"))
        made.finish(Outcome(kind))


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "a clone", "manual")


@pytest.mark.parametrize("approval", ["auto", "manual"])
@pytest.mark.parametrize("env", [{}, {"BRANCH": "main"}, {"BRANCH": "main", "APPROVE": "1"}], ids=str)
def test_without_a_commit_nothing_goes_there(tmp_path: Path, approval: str, env: dict[str, str]) -> None:
    repo = Repository(tmp_path / "a clone", approval)
    deployed = repo.run("deploy", "--env", "production", **env)
    approved = repo.approve("--cluster", "sandbox", **env)
    for done in (deployed, approved):
        assert done.returncode == 3, done.stdout
        assert "only a commit goes to production, and there is none: git: not a git repository" in done.stdout
        assert "fix: git init" in done.stdout and "merge it" not in done.stdout


def test_gits_refusal_and_its_way_out_are_told_not_the_branch_rule(repo: Repository) -> None:
    repo.commit()
    doubted = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    done = repo.run("deploy", "--env", "production", **doubted)
    assert done.returncode == 3
    assert "detected dubious ownership in repository" in done.stdout
    assert f"fix: git config --global --add safe.directory '{repo.root}'" in done.stdout
    plan = repo.run("plan", **doubted)
    assert "which branch this is nobody says: git: detected dubious ownership" in plan.stdout


@pytest.mark.parametrize("how", ["changed", "doubted"])
def test_what_may_not_be_the_commit_goes_to_the_sandbox_only(repo: Repository, how: str) -> None:
    sha = repo.commit()
    env = {"APPROVE": "1"}
    if how == "changed":
        (repo.root / "toy" / "file").write_text("two")
    else:
        env |= {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "COMMIT": sha, "BRANCH": "main"}
    done = repo.approve("--check", **env)
    assert done.returncode == 3, done.stdout
    assert "takes commits only" in done.stdout
    assert ("files here differ from commit" in done.stdout) is (how == "changed")
    assert ("is not known: git: detected dubious ownership" in done.stdout) is (how == "doubted")
    assert repo.approve("--check", "--cluster", "sandbox", **env).returncode == 0
    assert repo.approve(**env).returncode == 3, "and it cannot be approved"


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)], ids=["sha1", "sha256"])
def test_an_approval_is_of_what_it_stood_on(repo: Repository, options: tuple[str, ...]) -> None:
    sha = repo.commit(*options)
    repo.built("a")
    repo.checked(Kind.PASSED)
    given = repo.approve()
    assert given.returncode == 0, given.stdout
    assert "it stands on: 1 images, 1 checks passed" in given.stdout
    assert repo.approve("--check").returncode == 0
    repo.checked(Kind.PASSED)
    repo.checked(Kind.PASSED, "smoke")
    repo.checked(Kind.INTERRUPTED)
    assert repo.approve("--check").returncode == 0, "passed again is not changed"

    repo.built("b")
    other = repo.approve("--check")
    assert other.returncode == 3
    assert f"waits for another approval of {sha[:12]}" in other.stdout
    assert "the images are others than those that were approved" in other.stdout
    assert repo.approve().returncode == 0 and repo.approve("--check").returncode == 0

    repo.checked(Kind.FAILED)
    failed = repo.approve("--check")
    assert failed.returncode == 3
    assert "acceptance-test has failed since; when it was approved it had passed" in failed.stdout
    assert "make approve APP=toy ENV=production" in failed.stdout
    assert "not passed: acceptance-test" in repo.approve().stdout
    assert repo.approve("--check").returncode == 0
    repo.checked(Kind.TIMED_OUT, "unit", None)
    assert "unit has timed out since" in repo.approve("--check").stdout


def test_how_a_check_of_production_itself_ended_is_no_part_of_it(repo: Repository) -> None:
    repo.commit()
    assert repo.approve().returncode == 0
    repo.checked(Kind.FAILED, "deploy", "production")
    assert repo.approve("--check").returncode == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"commit": 1}', '{"app": "other"}', '{"images": [1]}'])
def test_a_damaged_approval_is_none(repo: Repository, content: str) -> None:
    repo.commit()
    repo.approve()
    [file] = (repo.root / ".pipeline" / "approvals").iterdir()
    file.write_text(content)
    assert repo.approve("--check").returncode == 3


def test_a_variable_that_masks_the_branch_does_not_close_production(repo: Repository) -> None:
    repo.commit()
    (repo.root / "apps.toml").write_text(APPS.replace("APPROVAL", "auto").replace('"main"', '"master"'))
    repo.git("checkout", "-qb", "master")
    repo.git("commit", "-qam", "second")
    done = repo.approve("--check", POSTGRES_PASSWORD="master")
    assert done.returncode == 0, done.stdout
    assert (
        "WARNING: POSTGRES_PASSWORD is masked because of its name, and holds an ordinary word" in done.stdout
    )


OWN = """
[apps.toy.environments.production]
approval = "manual"
branches = ["release"]
[apps.plain]
path = "toy"
namespace = "plain-{space}"
service = "plain"
"""


def test_an_apps_own_rules_hold_at_the_gate_and_for_nobody_else(tmp_path: Path) -> None:
    """The environment says auto: a gate that asked it would let everything in."""
    repo = Repository(tmp_path / "a clone", "auto")
    file = repo.root / "apps.toml"
    file.write_text(file.read_text() + OWN)
    repo.commit()
    for script in (["approve", "--check"], ["deploy"]):
        done = repo.run(*script, "--env", "production")
        assert done.returncode == 3, done.stdout
        where = "apps.toy.environments.production in apps.toml"
        assert f'branch "main" may not go to production: {where} says branches = [release]' in done.stdout
    repo.git("switch", "-qc", "release")
    waiting = repo.approve("--check")
    assert waiting.returncode == 3
    assert f'{where} says approval = "manual"' in waiting.stdout
    assert repo.run("deploy", "--env", "production").returncode == 3
    assert repo.approve().returncode == 0
    assert repo.approve("--check").returncode == 0
    other = repo.run("approve", "--app", "plain", "--env", "production", "--check")
    assert (
        other.returncode == 3
        and "environments.production in apps.toml says branches = [main]" in other.stdout
    )
    repo.git("switch", "-q", "main")
    assert repo.run("approve", "--app", "plain", "--env", "production", "--check").returncode == 0


def test_what_goes_along_is_held_to_its_own_rules(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "a clone", "auto")
    file = repo.root / "apps.toml"
    file.write_text(file.read_text() + OWN)
    repo.commit()
    config = Config.load(file)
    plain, toy = config.app("plain"), config.app("toy")
    place = config.place("production")
    options = argparse.Namespace()
    request = Request(config, config.cluster(None), plain, place, place.spaces, options, repo.root)
    policy.along(request, [plain])
    with pytest.raises(Refused, match=r"apps\.toy\.environments\.production in"):
        policy.along(request, [plain, toy])
