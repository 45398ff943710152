"""A checkout of one commit, made of the mirror: a repository of its own, which needs the mirror no more."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from toolkit.base import files
from toolkit.ci import git as door
from toolkit.ci.checkout import NO_BRANCH, look
from toolkit.ci.inputs import LEFTOVERS
from toolkit.ci.repositories import kept
from toolkit.ci.repositories.asking import Found, do, git
from toolkit.ci.repositories.remote import Remote
from toolkit.ci.repositories.troubles import Trouble, Way

_POINTER = b"version https://git-lfs.github.com/spec/"
_NOTES = Path(".git", "pipeline.json")
_SUBMODULE = re.compile(r"(?:into|in) submodule path '([^']+)'")


def make(where: str, remote: Remote, found: Found, mirror: Path, folder: Path) -> None:
    """Make it; it has its name when it is whole. Raises Trouble; then there is nothing of it."""
    made = kept.new(folder.parent)
    try:
        _check_out(where, remote, found, mirror, made)
        if (made / ".gitmodules").is_file():
            _with_submodules(where, remote, found, mirror, made)
        files.write(made / _NOTES, json.dumps(_pointers(remote, made)))
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def notes(folder: Path) -> tuple[str, ...]:
    """What is to be said of a checkout, each time that it is used."""
    return tuple(json.loads((folder / _NOTES).read_text(encoding="utf-8")))


def is_clean(folder: Path, found: Found) -> bool:
    """Whether it is still that commit, on its branch, and nothing in it was changed: several may use it."""
    seen = look(door.at(folder))
    as_made = (found.commit, found.branch or NO_BRANCH, False)
    return (seen.commit, seen.branch, seen.dirty) == as_made and (folder / _NOTES).is_file()


def _check_out(where: str, remote: Remote, found: Found, mirror: Path, made: Path) -> None:
    branch = found.branch or "detached"
    size = "sha256" if len(found.commit) == 64 else "sha1"
    words = ("init", "--quiet", f"--initial-branch={branch}", f"--object-format={size}", "--", str(made))
    do(where, remote, mirror.parent, *words)
    do(where, remote, made, "remote", "add", "origin", remote.url)
    fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--")
    here = remote._replace(url=str(mirror), user=None, word=None)
    do(where, here, made, *fetch, here.url, f"{found.commit}:refs/kept")
    exclude = "\n".join(["*.pyc", ".coverage.*", *sorted(LEFTOVERS - {".git"})])
    files.write(made / ".git" / "info" / "exclude", f"{exclude}\n")
    if found.is_tag:
        do(where, remote, made, "update-ref", found.name, found.commit)
    head = ("-B", branch) if found.branch else ("--detach",)
    do(where, remote, made, "checkout", "--quiet", "--force", *head, found.commit, "--")
    do(where, remote, made, "update-ref", "-d", "refs/kept")


def _with_submodules(where: str, remote: Remote, found: Found, mirror: Path, made: Path) -> None:
    """Fetch them; all of them where a server gives no single commits."""
    update = ("submodule", "--quiet", "update", "--init", "--recursive")
    try:
        do(where, remote, made, *update, "--depth=1")
        return
    except Trouble as error:
        if error.way is not Way.WHOLE:
            raise _of_submodule(where, remote, error) from None
    shutil.rmtree(made)
    _check_out(where, remote, found, mirror, made)
    try:
        do(where, remote, made, *update)
    except Trouble as error:
        raise _of_submodule(where, remote, error) from None


def _of_submodule(where: str, remote: Remote, error: Trouble) -> Trouble:
    named = _SUBMODULE.search("\n".join(error.evidence))
    which = f"submodule {re.split(f'/{kept.NEW}[0-9a-f]+/', named[1])[-1]}" if named else "submodules"
    reason = error.reason.removeprefix(f"{where}: ")
    return Trouble(f"{where}: {which} of {remote.url} cannot be had: {reason}", remedy=error.remedy)


def _pointers(remote: Remote, made: Path) -> list[str]:
    """What of it is a pointer to a file of git LFS, in place of the file."""
    said = git(made, remote)(("ls-files", "-z", "--", ":(attr:filter=lfs)"))
    left = [name for name in said.answer.reveal().split("\0") if name and _is_pointer(made / name)]
    if not left:
        return []
    many = f"{len(left)} files of git LFS, {left[0]} among them, are" if len(left) > 1 else f"{left[0]} is"
    return [f"{remote.url}: {many} not fetched, only what points there: install git-lfs (`git lfs install`)"]


def _is_pointer(file: Path) -> bool:
    if file.is_symlink() or not file.is_file() or file.stat().st_size > 1024:
        return False
    return file.read_bytes().startswith(_POINTER)
