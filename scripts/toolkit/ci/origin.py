"""Where a run comes from: branch, commit, author and job link, on any CI system or none.

BRANCH and COMMIT in the environment win over everything; then what the CI system says, then git.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import Misused, PipelineError
from toolkit.ci.systems import VENDORS, Vendor

Git = Callable[[Sequence[str]], str]

NO_BRANCH = "(no branch)"
"""Branch of a detached checkout. No git branch can have this name: no rule about branches matches it."""


class Source(NamedTuple):
    """What is built and who asked: `commit` is 40 hex digits or "", `url` links to the CI job or is ""."""

    system: str
    branch: str
    commit: str
    author: str
    url: str
    dirty: bool


def recognise(env: Mapping[str, str], git: Git) -> Source:
    """The source of this run; pure given its arguments.

    `git` takes the arguments after the word git and returns what it prints, "" when it fails or is missing.
    On a pull request the branch is its head; a head that belongs to a fork, or is named like its own target,
    becomes `pull/<head>` so that it never passes for the real branch. A tag becomes `(tag <name>)`, a
    detached checkout `(no branch)`, and outside of any repository the branch is `(no git)`.
    """
    checkout = _checkout(git(["status", "--porcelain=v2", "--branch", "--untracked-files=normal"]))
    vendor = next((each for each in VENDORS if env.get(each.known_by)), None)
    branch = (vendor and _branch(vendor, env)) or checkout.branch
    commit = (vendor and env.get(vendor.commit, "")) or ""
    author = (vendor and _first(env, vendor.author)) or git(["log", "-1", "--format=%an"]).strip()
    return Source(
        system=vendor.system if vendor else checkout.system,
        branch=env.get("BRANCH") or branch,
        # Buildkite's commit may be the word HEAD; anything that is not a full hash is looked up.
        commit=_full(env.get("COMMIT", ""), git) or (commit if _is_full(commit) else checkout.commit),
        author=author,
        url=_url(vendor, env) if vendor else "",
        dirty=checkout.dirty,
    )


def here(root: Path) -> Source:
    """The source of a run in the checkout at `root`, by its environment and git; without git too."""

    def git(arguments: Sequence[str]) -> str:
        try:
            ran = tools.run(["git", "-C", str(root), *arguments], check=False, echo=False, timeout=30)
        except PipelineError:
            return ""
        return ran.output if ran.code == 0 else ""

    return recognise(os.environ, git)


def foldable(system: str, title: str, started: float, ended: float | None = None) -> tuple[str, str]:
    """The lines before and after a part of a log that `system` folds away under `title`; "" where it cannot.

    Times are seconds since 1970. Lines come without their newline.
    """
    vendor = next((each for each in VENDORS if each.system == system), None)
    until = started if ended is None else ended
    return vendor.folds(" ".join(title.split()), started, until) if vendor else ("", "")


class _Checkout(NamedTuple):
    system: str
    branch: str
    commit: str
    dirty: bool


def _checkout(status: str) -> _Checkout:
    """What `git status --porcelain=v2 --branch` says: header lines start with `# branch.`, changes do not."""
    lines = [line for line in status.splitlines() if line.strip()]
    header = dict(line[len("# branch.") :].split(" ", 1) for line in lines if line.startswith("# branch."))
    if "head" not in header:
        return _Checkout("no git", "(no git)", "", False)
    branch = NO_BRANCH if header["head"] == "(detached)" else header["head"]
    commit = header.get("oid", "")
    dirty = any(line[:2] in ("1 ", "2 ", "u ", "? ") for line in lines)
    return _Checkout("git", branch, commit if _is_full(commit) else "", dirty)


def _branch(vendor: Vendor, env: Mapping[str, str]) -> str:
    base = _plain(env.get(vendor.base, "")) if vendor.base else ""
    head = _plain(_first(env, vendor.head))
    if vendor.tag and env.get(vendor.tag) and not head:
        return f"(tag {env[vendor.tag]})"
    branch = head or _plain(_first(env, vendor.branch))
    foreign = bool(branch) and (branch == base or vendor.fork(env))
    return f"pull/{branch}" if foreign else branch


def _plain(ref: str) -> str:
    if ref.startswith("refs/tags/"):
        return f"(tag {ref.removeprefix('refs/tags/')})"
    return ref.removeprefix("refs/heads/").removeprefix("refs/").removeprefix("origin/")


def _first(env: Mapping[str, str], names: Sequence[str]) -> str:
    return next((env[name] for name in names if env.get(name)), "")


def _url(vendor: Vendor, env: Mapping[str, str]) -> str:
    for template in vendor.url:
        names = re.findall(r"{(\w+)}", template)
        if all(env.get(name) for name in names):
            return template.format_map(env).replace(" ", "%20")
    return ""


def _is_full(commit: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}", commit) is not None


def _full(commit: str, git: Git) -> str:
    """COMMIT= may be short or a tag: git knows the full hash. Misused when it does not."""
    if not commit or _is_full(commit):
        return commit
    found = git(["rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"]).strip()
    if not _is_full(found):
        raise Misused(
            f"COMMIT={commit}: git knows no such commit here", remedy="give all 40 digits, or fetch it first"
        )
    return found
