"""Checkouts where something goes wrong: a run that is killed, a server that stumbles, a disk without room."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from toolkit.ci.origin import here
from toolkit.ci.repositories import cache, kept, run
from toolkit.ci.repositories.remote import Remote

from tests import ROOT
from tests.elsewhere import Elsewhere, served
from tests.scripts.ci.repositories.getting import WHERE, get

SCRIPT = """
import sys
from pathlib import Path
from toolkit.base.outcome import Misused
from toolkit.ci.repositories import run
from toolkit.ci.repositories.remote import Remote
home = Path(sys.argv[3])
try:
    print(*run.checkout("key", Remote.of(sys.argv[1], sys.argv[2], home), home))
except Misused as error:
    sys.exit(f"misused: {error.reason}")
"""


def start(address: str, ref: str, home: Path, *before: str) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    return subprocess.Popen(
        [*before, sys.executable, "-c", SCRIPT, address, ref, str(home)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.timeout(300)
def test_after_a_run_that_was_killed_the_next_one_works(origin: Elsewhere, tmp_path: Path) -> None:
    home, moments = tmp_path / "home", random.Random(12)  # noqa: S311 - moments
    commit = ""
    for number in range(20):
        commit = origin.commit({"app.py": f"{number}\n"})
        process = start(origin.url, "main", home)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0.1, 0.6))
        process.kill()
        process.communicate()
        checked = get(origin.url, "main", home)
        assert checked.commit == commit
        assert (checked.folder / "app.py").read_text() == f"{number}\n"
        assert not here(checked.folder).dirty
        kept.leave()
    place = cache.folder_of(Remote.of(origin.url, "main", home), home)
    assert not list(place.glob("new-*")) and not (place / "mirror.changing").exists()


def test_locks_of_git_that_a_killed_run_left_stop_nobody(origin: Elsewhere, tmp_path: Path) -> None:
    get(origin.url, "main", tmp_path / "home")
    place = cache.folder_of(Remote.of(origin.url, "main", tmp_path), tmp_path / "home")
    for name in ("mirror.git/shallow.lock", "mirror.git/config.lock", "mirror.changing"):
        (place / name).touch()
    commit = origin.commit({"app.py": "two\n"})
    assert get(origin.url, "main", tmp_path / "home").commit == commit


@pytest.mark.timeout(300)
def test_runs_at_once_share_what_is_kept(origin: Elsewhere, tmp_path: Path) -> None:
    origin.git("branch", "other")
    commit = origin.commit({"app.py": "two\n"})
    home = tmp_path / "home"
    for _ in range(4):
        running = [start(origin.url, ref, home) for ref in ("main", "other", "main", commit, "other")]
        said = [process.communicate(timeout=120)[0].strip() for process in running]
        assert [process.returncode for process in running] == [0] * 5, said
        assert said[0] == said[2] and said[1] == said[4] and len(set(said)) == 3, said
        for line in said:
            folder, of = line.split(" ")[:2]
            assert here(Path(folder)).commit == of and not here(Path(folder)).dirty
        shutil.rmtree(home)


def test_one_that_is_taken_out_is_made_again_of_the_same_commit(origin: Elsewhere, tmp_path: Path) -> None:
    first = get(origin.url, "main", tmp_path / "home")
    origin.commit({"app.py": "two\n"})
    kept.leave()
    shutil.rmtree(first.folder)
    again = run.checkout(WHERE, Remote.of(origin.url, "main", tmp_path), tmp_path / "home")
    assert again == first and (first.folder / "app.py").read_text() == "one\n"


def test_one_that_is_changed_and_that_nobody_uses_is_made_anew(origin: Elsewhere, tmp_path: Path) -> None:
    first = get(origin.url, "main", tmp_path / "home")
    (first.folder / "app.py").write_text("changed\n")
    kept.leave()
    assert get(origin.url, "main", tmp_path / "home") == first
    assert (first.folder / "app.py").read_text() == "one\n"


def test_the_hash_of_a_tags_own_object_is_its_commit(origin: Elsewhere, tmp_path: Path) -> None:
    origin.git("tag", "--annotate", "--message=one", "v1")
    tag, commit = origin.git("rev-parse", "v1"), origin.git("rev-parse", "HEAD")
    assert tag != commit
    assert get(origin.url, tag, tmp_path).commit == get(origin.url, tag, tmp_path).commit == commit


def test_a_disk_without_room_is_told_and_nothing_is_left(origin: Elsewhere, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    alone = (
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs -o size=512k none "$0" && exec "$@"',
        str(small),
    )
    if (
        not shutil.which("unshare")
        or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("a disk of its own cannot be mounted here")
    origin.commit({"large": os.urandom(1_000_000).hex()})
    process = start(origin.url, "main", small / "home", *alone)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1 and said.startswith("misused: key: "), said
    assert "No space left on device" in said or "no room" in said


def test_ctrl_c_in_the_middle_leaves_nothing_that_stops_the_next(origin: Elsewhere, tmp_path: Path) -> None:
    with served(tmp_path / "origin") as server:
        server.broken = 1  # it waits for its second try
        process = start(f"http://{server.host}/web/.git", "main", tmp_path / "home")
        while not server.asked and process.poll() is None:
            threading.Event().wait(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert get(f"http://{server.host}/web/.git", "main", tmp_path / "home").branch == "main"
