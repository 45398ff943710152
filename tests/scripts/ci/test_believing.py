"""What a CI job says is believed of the repository that it checked out, and of no other: on every system."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from toolkit.ci import origin
from toolkit.ci.systems import VENDORS, Vendor

from tests.ways import BARE, DEV, Foreign


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.system)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


def job(vendor: Vendor, folder: Path, commit: str, branch: str = "main") -> dict[str, str]:
    """The variables of a push to a branch."""
    ref = f"refs/heads/{branch}" if vendor.system in ("GitHub Actions", "Azure Pipelines") else branch
    return {
        vendor.known_by: "true",
        vendor.branch[0]: ref,
        vendor.commit: commit,
        vendor.author[0]: "somebody at the button",
        vendor.folder: str(folder),
    }


def seen(
    monkeypatch: pytest.MonkeyPatch, foreign: Foreign, folder: Path, variables: dict[str, str]
) -> origin.Source:
    for name in os.environ:
        if name not in foreign.env:
            monkeypatch.delenv(name)
    for name, value in {**foreign.env, **variables}.items():
        monkeypatch.setenv(name, value)
    return origin.here(folder)


@pytest.mark.parametrize("way", ["sibling checkout", "submodule", "nested clone", "linked worktree"])
def test_a_job_of_the_toolkits_repository_says_nothing_of_the_apps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Vendor, way: str
) -> None:
    app = Foreign(tmp_path, way, BARE, {"file": "one"})
    app.git(app.code, "checkout", "--quiet", "-b", "feature/x")
    variables = job(vendor, app.root, app.git(app.root, "rev-parse", "HEAD"))
    found = seen(monkeypatch, app, app.code, variables)
    assert (found.branch, found.commit, found.author) == ("feature/x", app.head, DEV)
    assert (found.system, found.dirty, found.trouble) == (vendor.system, False, "")
    own = origin.here(app.root)
    assert (own.branch, own.commit) == ("main", variables[vendor.commit])
    assert own.author == "somebody at the button"


@pytest.mark.parametrize("way", ["submodule", "nested clone"])
def test_a_job_of_the_apps_repository_that_has_the_toolkit_in_it_says_the_apps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Vendor, way: str
) -> None:
    """The other way round: what is called the app here is what the job checked out around it."""
    toolkit = Foreign(tmp_path, way, BARE, {"file": "one"})
    toolkit.git(toolkit.root, "checkout", "--quiet", "--detach")
    commit = toolkit.git(toolkit.root, "rev-parse", "HEAD")
    variables = job(vendor, toolkit.root, commit, "feature/y")
    found = seen(monkeypatch, toolkit, toolkit.root, variables)
    assert (found.branch, found.commit) == ("feature/y", commit)
    inner = origin.here(toolkit.code)
    assert (inner.branch, inner.commit, inner.author) == ("main", toolkit.head, DEV)


def test_two_checkouts_in_a_folder_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    """As actions/checkout with `path:` does it: the commit tells which of them the job is of."""
    app = Foreign(tmp_path, "sibling checkout", BARE, {"file": "one"})
    found = seen(monkeypatch, app, app.code, job(vendor, tmp_path, app.head, "release"))
    assert (found.branch, found.commit) == ("release", app.head)
    assert origin.here(app.root).branch == "ops/renovate"
    app.write("file", "two")
    app.commit()
    assert origin.here(app.code).trouble.endswith("is what is checked out here"), "another of that repository"


def test_a_shallow_checkout_is_the_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    app = Foreign(tmp_path, "sibling checkout", BARE, {"file": "one"})
    sha = app.commit("second")
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{app.code}", str(shallow)], check=True, env=app.env
    )
    app.git(shallow, "checkout", "--quiet", "--detach")
    found = seen(monkeypatch, app, shallow, job(vendor, shallow, sha))
    assert (found.branch, found.commit, found.dirty) == ("main", sha, False)
    monkeypatch.setenv("COMMIT", sha)
    assert origin.here(shallow).commit == sha


@pytest.mark.parametrize("inside", [True, False], ids=["in the job's folder", "elsewhere"])
def test_without_git_it_is_believed_in_the_jobs_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Vendor, inside: bool
) -> None:
    app = Foreign(tmp_path / "git", "sibling checkout", BARE, {"file": "one"})
    (work := tmp_path / "work").mkdir()
    folder = work if inside else tmp_path / "elsewhere"
    folder.mkdir(exist_ok=True)
    app.env["GIT_CEILING_DIRECTORIES"] = str(tmp_path)
    found = seen(monkeypatch, app, folder, job(vendor, work, "c" * 40))
    assert (found.branch, found.commit) == (("main", "c" * 40) if inside else ("(no git)", ""))
    assert found.dirty is inside, "nobody knows whether it is that commit"


def test_what_a_person_types_is_for_the_app_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    app = Foreign(tmp_path, "sibling checkout", BARE, {"file": "one"})
    variables = job(vendor, app.root, app.git(app.root, "rev-parse", "HEAD"))
    typed = {"BRANCH": "hotfix", "COMMIT": app.head[:10]}
    found = seen(monkeypatch, app, app.code, {**variables, **typed})
    assert (found.branch, found.commit) == ("hotfix", app.head)
    needed = origin.here(app.root, typed=False)
    assert (needed.branch, needed.commit) == ("main", variables[vendor.commit])
