"""Where the code of a folder comes from: branch, commit, author and job link, on any CI system or none.

BRANCH and COMMIT in the environment win over everything; then what the CI system says, where it speaks of the
folder's repository (believing.py); then git. Whether the files are that commit's only git can say: where it
does not, they are not taken for clean.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.ci import believing, checkout
from toolkit.ci import git as door
from toolkit.ci.checkout import NO_BRANCH, NO_GIT, Checkout, is_full, line
from toolkit.ci.git import At, Git
from toolkit.ci.systems import VENDORS, Vendor

__all__ = ["NO_BRANCH", "NO_GIT", "VENDORS", "Git", "Source", "foldable", "here", "recognise"]

TYPED = ("BRANCH", "COMMIT")
"""What a person types to say another branch or commit than git does: for the app that is named beside it."""


class Source(NamedTuple):
    """What is built and who asked: `commit` is 40 or 64 hex digits or "", `url` links to the CI job or is "".

    dirty is true unless the files here are known to be the commit's. trouble is why git, or the CI system
    beside it, does not tell commit and files (a sentence, with git's own words), remedy what mends that.
    top is the top of the repository that all of this is about, "" where there is none.
    """

    system: str
    branch: str
    commit: str
    author: str
    url: str
    dirty: bool
    trouble: str = ""
    remedy: str = ""
    top: str = ""

    @property
    def unnamed(self) -> str:
        """Why nobody says which branch this is; "" when somebody does."""
        return self.trouble if self.branch == NO_GIT else ""


def recognise(
    env: Mapping[str, str],
    git: Git,
    *,
    folder: Path = Path("/"),
    at: At = door.at,
    apart: Collection[Path] = (),
) -> Source:
    """The source of the folder that `git` asks about; pure given its arguments. Raises Misused for a COMMIT
    that git does not know.

    On a pull request the branch is its head; a head that belongs to a fork, or is named like its own target,
    becomes `pull/<head>` so that it never passes for the real branch. A tag becomes `(tag <name>)`, a
    detached checkout `(no branch)`, and outside of any repository the branch is `(no git)`.
    """
    seen = checkout.look(git, apart)
    job = next((each for each in VENDORS if env.get(each.known_by)), None)
    vendor = job if job and believing.speaks_of(job, env, seen, folder, git, at) else None
    branch = (vendor and _branch(vendor, env)) or seen.branch
    commit = (vendor and env.get(vendor.commit, "")) or ""
    author = (vendor and _first(env, vendor.author)) or seen.author
    # Buildkite's commit may be the word HEAD; anything that is not a full hash is looked up.
    named = _full(env.get("COMMIT", ""), seen, git) or (commit if is_full(commit) else "")
    dirty, trouble, remedy = _difference(seen, named, git)
    return Source(
        system=job.system if job else seen.system,
        branch=env.get("BRANCH") or branch,
        commit=named or seen.commit,
        author=author,
        url=_url(job, env) if job else "",
        dirty=dirty,
        trouble=trouble,
        remedy=remedy,
        top=seen.top,
    )


def here(
    folder: Path, *, also: Collection[Path] = (), apart: Collection[Path] = (), typed: bool = True
) -> Source:
    """The source of the code in `folder`, by this process's environment and git; without git too.

    also: what it is built from besides, each clean or not by its own repository; apart: folders below it
    that are others' business where they are repositories of their own; typed: whether BRANCH and COMMIT are
    for it.
    """
    real = checkout.existing(folder)
    env = {name: value for name, value in os.environ.items() if typed or name not in TYPED}
    seen = recognise(env, door.at(real), folder=real, apart=apart)
    for each in also:
        if seen.dirty or (seen.top and each.resolve().is_relative_to(seen.top)):
            continue
        seen = _with(seen, checkout.look(door.at(checkout.existing(each)), apart), each)
    return seen


def require_known(folders: Collection[Path], env: Mapping[str, str], at: At = door.at) -> None:
    """Raises Misused for a COMMIT that git does not know in any of these folders."""
    wrong: Misused | None = None
    for folder in folders if env.get("COMMIT") else ():
        git = at(checkout.existing(folder))
        try:
            _full(env["COMMIT"], checkout.look(git), git)
        except Misused as error:
            wrong = error
        else:
            return
    if wrong:
        raise wrong


def _with(source: Source, other: Checkout, folder: Path) -> Source:
    """A source with what else is built into it: clean only where that is clean too."""
    if other.top == source.top or not (other.dirty or other.trouble):
        return source
    differ = f"files of {folder}, which it is built from, differ from commit {other.commit[:12]}"
    why = other.trouble or differ
    return source._replace(dirty=True, trouble=why, remedy=other.remedy or f"git -C {folder} status")


def foldable(system: str, title: str, started: float, ended: float | None = None) -> tuple[str, str]:
    """The lines before and after a part of a log that `system` folds away under `title`; "" where it cannot.

    Times are seconds since 1970. Lines come without their newline.
    """
    vendor = next((each for each in VENDORS if each.system == system), None)
    until = started if ended is None else ended
    return vendor.folds(" ".join(title.split()), started, until) if vendor else ("", "")


def _difference(seen: Checkout, named: str, git: Git) -> tuple[bool, str, str]:
    """Whether the files here may be others than those of the commit that was named, else than those of git's.

    With the trouble and its remedy, where that is not just a change.
    """
    if seen.commit in ("", named) or not named:
        unknown = bool(named) and not seen.commit
        return seen.dirty or unknown, seen.trouble, seen.remedy
    trees = [line(git, "rev-parse", "--verify", f"{each}^{{tree}}") for each in (named, seen.commit)]
    if trees[0] and trees[0] == trees[1]:
        return seen.dirty, "", ""
    trouble = f"this run is for commit {named[:12]}, and {seen.commit[:12]} is what is checked out here"
    return True, trouble, f"git checkout {named[:12]}, or unset the variable that names it"


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


def _full(commit: str, seen: Checkout, git: Git) -> str:
    """COMMIT= may be short or a tag: git knows the full hash. Misused when it does not.

    Where there is no git at all (a tarball in CI) a full hash is taken as it is, and the files not for clean.
    """
    if not commit or commit == seen.commit or (is_full(commit) and not seen.top and not seen.commit):
        return commit
    said = git(["rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}"])
    found = said.answer.reveal().strip()
    if not is_full(found):
        raise Misused(
            f"COMMIT={commit}: git knows no such commit {f'in {seen.top}' if seen.top else 'here'}",
            remedy="fetch it first, or leave COMMIT out",
            evidence=[said.complaint] if said.failed else [],
        )
    return found
