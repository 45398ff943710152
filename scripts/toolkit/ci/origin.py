"""Where a run comes from: branch, commit, author and job link, on any CI system or none.

BRANCH and COMMIT in the environment win over everything; then what the CI system says, then git. Whether the
files here are that commit's only git can say: where it does not, they are not taken for clean.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.ci import git as door
from toolkit.ci.git import Git
from toolkit.ci.systems import VENDORS, Vendor

NO_GIT = "(no git)"
"""Branch where git does not answer; as NO_BRANCH it is no branch's name."""
NO_BRANCH = "(no branch)"
"""Branch of a detached checkout. No git branch can have this name: no rule about branches matches it."""


class Source(NamedTuple):
    """What is built and who asked: `commit` is 40 or 64 hex digits or "", `url` links to the CI job or is "".

    dirty is true unless the files here are known to be the commit's. trouble is why git, or the CI system
    beside it, does not tell commit and files (a sentence, with git's own words), remedy what mends that.
    """

    system: str
    branch: str
    commit: str
    author: str
    url: str
    dirty: bool
    trouble: str = ""
    remedy: str = ""

    @property
    def unnamed(self) -> str:
        """Why nobody says which branch this is; "" when somebody does."""
        return self.trouble if self.branch == NO_GIT else ""


def recognise(env: Mapping[str, str], git: Git) -> Source:
    """The source of this run; pure given its arguments.

    On a pull request the branch is its head; a head that belongs to a fork, or is named like its own target,
    becomes `pull/<head>` so that it never passes for the real branch. A tag becomes `(tag <name>)`, a
    detached checkout `(no branch)`, and outside of any repository the branch is `(no git)`.
    """
    checkout = _checkout(git)
    vendor = next((each for each in VENDORS if env.get(each.known_by)), None)
    branch = (vendor and _branch(vendor, env)) or checkout.branch
    commit = (vendor and env.get(vendor.commit, "")) or ""
    author = (vendor and _first(env, vendor.author)) or _line(git, "log", "-1", "--format=%an")
    # Buildkite's commit may be the word HEAD; anything that is not a full hash is looked up.
    named = _full(env.get("COMMIT", ""), git) or (commit if _is_full(commit) else "")
    dirty, trouble, remedy = _difference(checkout, named, git)
    return Source(
        system=vendor.system if vendor else checkout.system,
        branch=env.get("BRANCH") or branch,
        commit=named or checkout.commit,
        author=author,
        url=_url(vendor, env) if vendor else "",
        dirty=dirty,
        trouble=trouble,
        remedy=remedy,
    )


def here(root: Path) -> Source:
    """The source of a run in the checkout at `root`, by its environment and git; without git too."""
    return recognise(os.environ, door.at(root))


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
    trouble: str = ""
    remedy: str = ""


_STATUS = (
    *("status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--ignore-submodules=none"),
    # The whole checkout, without what a run itself leaves behind where nobody told git to ignore it.
    *("--", ":/", ":(exclude).pipeline", ":(exclude).sandbox"),
)


def _checkout(git: Git) -> _Checkout:
    """What `git status --porcelain=v2 --branch` says: header lines start with `# branch.`, changes do not."""
    status = git(_STATUS)
    lines = [line for line in status.answer.lines() if line.strip()]
    header = dict(line[len("# branch.") :].split(" ", 1) for line in lines if line.startswith("# branch."))
    if "head" not in header:
        return _Checkout("no git", NO_GIT, "", False, status.complaint, status.remedy)
    branch = NO_BRANCH if header["head"] == "(detached)" else header["head"]
    commit = header.get("oid", "")
    dirty = any(line[:2] in ("1 ", "2 ", "u ", "? ") for line in lines)
    if not _is_full(commit):
        remedy = "git add -A && git commit -m first"
        return _Checkout("git", branch, "", dirty, f"git: {header['head']} has no commit yet", remedy)
    return _Checkout("git", branch, commit, dirty)


def _difference(checkout: _Checkout, named: str, git: Git) -> tuple[bool, str, str]:
    """Whether the files here may be others than those of the commit that was named, else than those of git's.

    With the trouble and its remedy, where that is not just a change.
    """
    if checkout.commit in ("", named) or not named:
        unknown = bool(named) and not checkout.commit
        return checkout.dirty or unknown, checkout.trouble, checkout.remedy
    trees = [_line(git, "rev-parse", "--verify", f"{each}^{{tree}}") for each in (named, checkout.commit)]
    if trees[0] and trees[0] == trees[1]:
        return checkout.dirty, "", ""
    trouble = f"this run is for commit {named[:12]}, and {checkout.commit[:12]} is what is checked out here"
    return True, trouble, f"git checkout {named[:12]}, or unset the variable that names it"


def _line(git: Git, *arguments: str) -> str:
    """A one-line answer; "" when there is none."""
    return git(arguments).answer.reveal().strip()


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
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit) is not None


def _full(commit: str, git: Git) -> str:
    """COMMIT= may be short or a tag: git knows the full hash. Misused when it does not."""
    if not commit or _is_full(commit):
        return commit
    said = git(["rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}"])
    found = said.answer.reveal().strip()
    if not _is_full(found):
        raise Misused(
            f"COMMIT={commit}: git knows no such commit here",
            remedy="give all its digits, or fetch it first",
            evidence=[said.complaint] if said.failed else [],
        )
    return found
