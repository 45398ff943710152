"""The CI systems that the toolkit recognises, one row each: a new one is a new row here.

Variable names are the vendors' own, from their pages on predefined or built-in environment variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

Folds = Callable[[str, float, float], tuple[str, str]]


def _gitlab(title: str, started: float, ended: float) -> tuple[str, str]:
    # https://docs.gitlab.com/ci/jobs/job_logs/: the page shows the time between the two marks
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    return (
        f"\x1b[0Ksection_start:{started:.0f}:{name}[collapsed=true]\r\x1b[0K{title}",
        f"\x1b[0Ksection_end:{ended:.0f}:{name}\r\x1b[0K",
    )


def _differ(one: str, other: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda env: bool(env.get(one)) and bool(env.get(other)) and env[one] != env[other]


class Vendor(NamedTuple):
    """One CI system: the variable that gives it away, then variables to try in order; urls are templates."""

    system: str
    known_by: str
    branch: tuple[str, ...]
    commit: str
    author: tuple[str, ...]
    url: tuple[str, ...]
    tag: str = ""
    head: tuple[str, ...] = ()
    """Set on a pull request only: the branch it wants to merge."""
    base: str = ""
    fork: Callable[[Mapping[str, str]], bool] = lambda _: False
    """Whether the pull request comes from another repository, where anybody may name a branch `main`."""
    folder: str = ""
    """Names the folder that the job's repository is checked out in."""
    workflow: str = ""
    """Names the run whose jobs belong together, also when one of them runs again."""
    folds: Folds = lambda *_: ("", "")
    """The lines around a part of the log that its page folds away, given title and times (s since 1970)."""


VENDORS = (
    Vendor(
        system="CircleCI",
        folder="CIRCLE_WORKING_DIRECTORY",
        workflow="CIRCLE_WORKFLOW_ID",
        known_by="CIRCLECI",
        branch=("CIRCLE_BRANCH",),  # of a forked pull request: pull/<number>
        tag="CIRCLE_TAG",
        commit="CIRCLE_SHA1",
        author=("CIRCLE_USERNAME",),
        url=("{CIRCLE_BUILD_URL}",),
    ),
    Vendor(
        system="GitHub Actions",
        folder="GITHUB_WORKSPACE",
        workflow="GITHUB_RUN_ID",
        known_by="GITHUB_ACTIONS",
        branch=("GITHUB_REF",),  # not GITHUB_REF_NAME: a tag may be named like a branch
        commit="GITHUB_SHA",
        author=("GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"),
        url=(
            "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}",
            "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
        ),
        head=("GITHUB_HEAD_REF",),
        base="GITHUB_BASE_REF",
        folds=lambda title, *_: (f"::group::{title}", "::endgroup::"),
    ),
    Vendor(
        system="GitLab CI",
        folder="CI_PROJECT_DIR",
        workflow="CI_PIPELINE_ID",
        known_by="GITLAB_CI",
        branch=("CI_COMMIT_BRANCH",),
        tag="CI_COMMIT_TAG",
        commit="CI_COMMIT_SHA",
        author=("GITLAB_USER_LOGIN",),
        url=("{CI_JOB_URL}",),
        head=("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",),
        base="CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        fork=_differ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "CI_MERGE_REQUEST_PROJECT_PATH"),
        folds=_gitlab,
    ),
    Vendor(
        system="Jenkins",
        folder="WORKSPACE",
        workflow="BUILD_TAG",
        known_by="JENKINS_URL",
        branch=("BRANCH_NAME", "GIT_LOCAL_BRANCH", "GIT_BRANCH"),
        tag="TAG_NAME",
        commit="GIT_COMMIT",
        author=("CHANGE_AUTHOR", "BUILD_USER_ID"),
        url=("{BUILD_URL}",),
        head=("CHANGE_BRANCH",),
        base="CHANGE_TARGET",
        fork=lambda env: bool(env.get("CHANGE_FORK")),
    ),
    Vendor(
        system="Azure Pipelines",
        folder="BUILD_SOURCESDIRECTORY",
        workflow="BUILD_BUILDID",
        known_by="TF_BUILD",
        branch=("BUILD_SOURCEBRANCH",),
        commit="BUILD_SOURCEVERSION",
        author=("BUILD_REQUESTEDFOR",),
        url=("{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",),
        head=("SYSTEM_PULLREQUEST_SOURCEBRANCH",),
        base="SYSTEM_PULLREQUEST_TARGETBRANCH",
        fork=lambda env: env.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true",
        folds=lambda title, *_: (f"##[group]{title}", "##[endgroup]"),
    ),
    Vendor(
        system="Buildkite",
        folder="BUILDKITE_BUILD_CHECKOUT_PATH",
        workflow="BUILDKITE_BUILD_ID",
        known_by="BUILDKITE",
        branch=("BUILDKITE_BRANCH",),  # of a pull request: its head
        tag="BUILDKITE_TAG",
        commit="BUILDKITE_COMMIT",
        author=("BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_AUTHOR"),
        url=("{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}", "{BUILDKITE_BUILD_URL}"),
        base="BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        folds=lambda title, *_: (f"--- {title}", ""),  # the next section ends this one
    ),
)


def workflow(system: str, env: Mapping[str, str]) -> str:
    """The run of a CI system that a job belongs to; "" outside of one, or where it does not tell."""
    vendor = next((each for each in VENDORS if each.system == system), None)
    told = env.get(vendor.workflow, "") if vendor and vendor.workflow else ""
    return f"{system} {told}" if told else ""
