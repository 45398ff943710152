"""Asking git for an app of 10,000 files, whose they are and which they are, against `git status` itself."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.ci import inputs, origin

from tests.bench.measure import Claim, Cost, interleaved, prove

FILES, FOLDERS = 10_000, 100
ROUNDS = 15
LIMIT = 2.0


def of_all(work: Callable[[], object]) -> Cost:
    """What it cost in this process and in those that it started."""

    def spent() -> float:
        uses = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in uses)

    before, began = spent(), time.monotonic()
    work()
    return Cost(time.monotonic() - began, spent() - before)


def git(root: Path, *words: str) -> None:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    argv = ["git", "-C", str(root), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *words]
    subprocess.run(argv, check=True, capture_output=True, env=env)


def test_asking_git_costs_at_most_two_of_its_status(tmp_path: Path) -> None:
    app = tmp_path / "app"
    for number in range(FILES):
        file = app / f"folder-{number % FOLDERS}" / f"file-{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"NUMBER = {number}\n")
    git(app, "init", "--quiet", "--initial-branch=main")
    git(app, "add", "--all")
    git(app, "commit", "--quiet", "--message=first")
    assert len(inputs.listed(app)) == FILES
    assert not origin.here(app).dirty

    def asked() -> None:
        origin.here(app)
        inputs.listed(app)

    things = {
        "status": lambda: of_all(lambda: git(app, "status")),
        "asked": lambda: of_all(asked),
        "all of it": lambda: of_all(lambda: (origin.here(app), inputs.kept([app]))),
    }

    def compare() -> Sequence[Claim]:
        found = interleaved(things, ROUNDS)
        status, mine, whole = (found[name] for name in ("status", "asked", "all of it"))
        measured = (
            f"{mine.cpu * 1000:.0f} ms, git status {status.cpu * 1000:.0f} ms (processor time; wall "
            f"{mine.wall * 1000:.0f} and {status.wall * 1000:.0f} ms; medians of {ROUNDS})"
        )
        looked = f"{whole.cpu * 1000:.0f} ms"
        return [
            Claim(f"asking git for {FILES} files", measured, mine.cpu / status.cpu, LIMIT),
            Claim("and looking at each of them", looked, whole.cpu / status.cpu, None),
        ]

    prove(compare)
