"""Whether the variables of a CI job speak of a repository: they do of the one that the job checked out.

A job may have others beside it (sibling checkouts) or in it (submodules, nested clones), of which its commit
and branch say nothing. In this order:

1. What is checked out is the commit that the variables name: they speak of it.
2. git does not answer there (a tarball, no git): they are believed in the job's folder, and nowhere else.
3. The job's folder (CIRCLE_WORKING_DIRECTORY, GITHUB_WORKSPACE, ...) lies in a repository: of that one alone.
4. It does not, or is not known: of the repository that knows the commit.

Of all others git alone speaks. Who started the job, and its link, are the job's in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolkit.ci.checkout import Checkout, is_full, line, top_of
from toolkit.ci.git import At, Git
from toolkit.ci.systems import Vendor


def speaks_of(vendor: Vendor, env: Mapping[str, str], seen: Checkout, folder: Path, git: Git, at: At) -> bool:
    """Whether a vendor's variables are about the repository that `seen` is of; folder lies in it."""
    commit = env.get(vendor.commit, "")
    if is_full(commit) and commit == seen.commit:
        return True
    told = env.get(vendor.folder, "")
    job = Path(told).expanduser() if told else None
    if not seen.top:
        return job is None or not job.is_dir() or folder.resolve().is_relative_to(job.resolve())
    if job is not None and job.is_dir() and (top := top_of(job, at)):
        return top == seen.top
    return is_full(commit) and bool(
        line(git, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    )
