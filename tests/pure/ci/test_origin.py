"""Branch, commit, author and job link on every CI system, from its own variables alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from toolkit.base.outcome import Misused
from toolkit.base.redaction import Raw
from toolkit.ci import origin
from toolkit.ci.git import Said

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
SILENT = Said(Raw(), "git: not a git repository", "git init")


def git(status: str = "", author: str = "", commits: dict[str, str] | None = None) -> origin.Git:
    def answer(arguments: Sequence[str]) -> Said:
        if arguments[0] == "status":
            return Said(Raw(status)) if status else SILENT
        if arguments[0] == "log":
            return Said(Raw(author and f"{author}\n"))
        found = (commits or {}).get(arguments[-1], "")
        return Said(Raw(found)) if found else Said(Raw(), "git: Needed a single revision", "")

    return answer


DETACHED = git(f"# branch.oid {OTHER}\n# branch.head (detached)\n", "Ada Lovelace")
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SHA": SHA,
    "GITHUB_ACTOR": "ada",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "forms/pipeline",
    "GITHUB_RUN_ID": "77",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_HEAD_REF": "",
    "GITHUB_BASE_REF": "",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_COMMIT_SHA": SHA,
    "GITLAB_USER_LOGIN": "ada",
    "CI_JOB_URL": "https://gitlab.example/j/1",
}
JENKINS = {"JENKINS_URL": "https://j.example/", "GIT_COMMIT": SHA, "BUILD_URL": "https://j.example/job/x/1/"}
AZURE = {
    "TF_BUILD": "True",
    "BUILD_SOURCEVERSION": SHA,
    "BUILD_SOURCEBRANCH": "refs/heads/feature/x",
    "BUILD_REQUESTEDFOR": "Ada Lovelace",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.example/forms/",
    "SYSTEM_TEAMPROJECT": "form builder",
    "BUILD_BUILDID": "9",
}
BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_BRANCH": "main",
    "BUILDKITE_COMMIT": SHA,
    "BUILDKITE_BUILD_CREATOR": "Ada",
    "BUILDKITE_BUILD_URL": "https://buildkite.example/b/5",
    "BUILDKITE_JOB_ID": "abc",
    "BUILDKITE_PULL_REQUEST": "false",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "",
}
CIRCLE = {
    "CIRCLECI": "true",
    "CIRCLE_BRANCH": "main",
    "CIRCLE_SHA1": SHA,
    "CIRCLE_USERNAME": "ada",
    "CIRCLE_BUILD_URL": "https://circleci.example/gh/forms/pipeline/12",
}


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (CIRCLE, ("CircleCI", "main", SHA, "ada", "https://circleci.example/gh/forms/pipeline/12")),
        (
            GITHUB,
            ("GitHub Actions", "main", SHA, "ada", "https://github.example/forms/pipeline/actions/runs/77"),
        ),
        (
            GITLAB | {"CI_COMMIT_BRANCH": "main"},
            ("GitLab CI", "main", SHA, "ada", "https://gitlab.example/j/1"),
        ),
        (
            JENKINS | {"BRANCH_NAME": "main", "BUILD_USER_ID": "ada"},
            ("Jenkins", "main", SHA, "ada", "https://j.example/job/x/1/"),
        ),
        (
            AZURE,
            (
                "Azure Pipelines",
                "feature/x",
                SHA,
                "Ada Lovelace",
                "https://dev.azure.example/forms/form%20builder/_build/results?buildId=9",
            ),
        ),
        (BUILDKITE, ("Buildkite", "main", SHA, "Ada", "https://buildkite.example/b/5#abc")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_push_on_each_system(env: dict[str, str], expected: tuple[str, ...]) -> None:
    source = origin.recognise(env, DETACHED)
    assert (source.system, source.branch, source.commit, source.author, source.url) == expected


@pytest.mark.parametrize(
    ("env", "branch"),
    [
        (
            GITHUB
            | {"GITHUB_REF": "refs/pull/12/merge", "GITHUB_HEAD_REF": "fix", "GITHUB_BASE_REF": "main"},
            "fix",
        ),
        # A fork may call its branch main: that is not our main.
        (
            GITHUB
            | {"GITHUB_REF": "refs/pull/12/merge", "GITHUB_HEAD_REF": "main", "GITHUB_BASE_REF": "main"},
            "pull/main",
        ),
        (GITHUB | {"GITHUB_REF": "refs/tags/main"}, "(tag main)"),
        (CIRCLE | {"CIRCLE_BRANCH": "pull/12"}, "pull/12"),
        (CIRCLE | {"CIRCLE_BRANCH": "", "CIRCLE_TAG": "v1"}, "(tag v1)"),
        (GITLAB | {"CI_COMMIT_TAG": "main"}, "(tag main)"),
        (GITLAB | {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix"}, "fix"),
        (
            GITLAB
            | {
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "main",
                "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "next",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "eve/pipeline",
                "CI_MERGE_REQUEST_PROJECT_PATH": "forms/pipeline",
            },
            "pull/main",
        ),
        (JENKINS | {"BRANCH_NAME": "PR-24", "CHANGE_BRANCH": "fix", "CHANGE_TARGET": "main"}, "fix"),
        (JENKINS | {"BRANCH_NAME": "PR-24", "CHANGE_BRANCH": "main", "CHANGE_FORK": "eve"}, "pull/main"),
        (JENKINS | {"GIT_BRANCH": "origin/feature/x"}, "feature/x"),
        (
            AZURE
            | {
                "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
                "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix",
                "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
                "SYSTEM_PULLREQUEST_ISFORK": "False",
            },
            "fix",
        ),
        (
            AZURE
            | {"SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/main", "SYSTEM_PULLREQUEST_ISFORK": "True"},
            "pull/main",
        ),
        (AZURE | {"BUILD_SOURCEBRANCH": "refs/tags/v1"}, "(tag v1)"),
        (BUILDKITE | {"BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"}, "pull/main"),
        (BUILDKITE | {"BUILDKITE_BRANCH": "fix", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"}, "fix"),
        (BUILDKITE | {"BUILDKITE_TAG": "v1", "BUILDKITE_BRANCH": "v1"}, "(tag v1)"),
    ],
)
def test_pull_requests_forks_and_tags(env: dict[str, str], branch: str) -> None:
    assert origin.recognise(env, DETACHED).branch == branch


def test_a_rerun_names_who_started_it_and_links_to_its_attempt() -> None:
    source = origin.recognise(
        GITHUB | {"GITHUB_TRIGGERING_ACTOR": "grace", "GITHUB_RUN_ATTEMPT": "2"}, DETACHED
    )
    assert (source.author, source.url[-13:]) == ("grace", "77/attempts/2")


def test_what_the_system_does_not_say_is_asked_of_git() -> None:
    source = origin.recognise(
        {"BUILDKITE": "true", "BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD"}, DETACHED
    )
    assert source == origin.Source("Buildkite", "main", OTHER, "Ada Lovelace", "", dirty=False)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (f"# branch.oid {SHA}\n# branch.head main\n# branch.ab +1 -0\n", ("git", "main", SHA, False)),
        (
            f"# branch.oid {SHA}\n# branch.head main\n1 .M N... 100644 100644 100644 a b f\n",
            ("git", "main", SHA, True),
        ),
        (f"# branch.oid {SHA}\n# branch.head main\n? new file\n", ("git", "main", SHA, True)),
        (f"# branch.oid {SHA}\n# branch.head (detached)\n", ("git", "(no branch)", SHA, False)),
        ("# branch.oid (initial)\n# branch.head main\n", ("git", "main", "", False)),
        ("", ("no git", "(no git)", "", False)),
    ],
    ids=["clean", "changed", "untracked", "detached", "no commit yet", "no git"],
)
def test_a_plain_checkout(status: str, expected: tuple[str, str, str, bool]) -> None:
    source = origin.recognise({}, git(status, "Ada Lovelace"))
    assert (source.system, source.branch, source.commit, source.dirty) == expected
    assert source.author == "Ada Lovelace"
    assert source.url == ""


def test_branch_and_commit_of_the_caller_win() -> None:
    source = origin.recognise(CIRCLE | {"BRANCH": "feature/x", "COMMIT": OTHER}, DETACHED)
    assert (source.branch, source.commit) == ("feature/x", OTHER)


def test_empty_branch_and_commit_are_not_set() -> None:
    source = origin.recognise(CIRCLE | {"BRANCH": "", "COMMIT": ""}, DETACHED)
    assert (source.branch, source.commit) == ("main", SHA)


def test_a_short_commit_is_looked_up() -> None:
    known = git(commits={"0123456^{commit}": SHA + "\n"})
    assert origin.recognise({"COMMIT": "0123456"}, known).commit == SHA


def test_a_commit_that_git_does_not_know_is_misuse() -> None:
    with pytest.raises(Misused, match="COMMIT=nonsense: git knows no such commit"):
        origin.recognise({"COMMIT": "nonsense"}, DETACHED)


@pytest.mark.parametrize(
    ("system", "lines"),
    [
        ("GitHub Actions", ("::group::lint (passed)", "::endgroup::")),
        ("Azure Pipelines", ("##[group]lint (passed)", "##[endgroup]")),
        ("Buildkite", ("--- lint (passed)", "")),
        (
            "GitLab CI",
            (
                "\x1b[0Ksection_start:100:lint_passed[collapsed=true]\r\x1b[0Klint (passed)",
                "\x1b[0Ksection_end:107:lint_passed\r\x1b[0K",
            ),
        ),
        ("CircleCI", ("", "")),
        ("Jenkins", ("", "")),
        ("git", ("", "")),
    ],
)
def test_foldable_sections(system: str, lines: tuple[str, str]) -> None:
    assert origin.foldable(system, "lint\n(passed)", 100.4, 107.0) == lines
