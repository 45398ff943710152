"""An app's own interpreter: a virtual environment with its pinned packages, kept while nothing changes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toolkit.base import tools
from toolkit.base.outcome import Failed, Misused, TimedOut
from toolkit.checks import requirements
from toolkit.settings.model import App

FILES = ("requirements.txt", "requirements-test.txt")
INSTALL_SECONDS = 600.0
KEPT = 2
"""How many environments of one app are kept: the current one, and the one of the branch before."""
IN_USE_SECONDS = 3600.0
"""One that was used this recently may still be running tests."""

_COMPLETE = "complete"


def python_for(app: App, root: Path, say: Callable[[str], None] = print) -> Path:
    """The interpreter of the app's environment below root/.pipeline/venvs, made if it is not there.

    It holds the packages of requirements.txt and requirements-test.txt; where they have hashes, pip insists
    on them. Raises Misused when there is no such file, Failed with pip's words when pip fails, TimedOut after
    10 minutes. Two callers at once make one environment; one that was left half-made is made again.
    """
    files = [file for file in (app.path / name for name in FILES) if file.is_file()]
    if not files:
        raise Misused(
            f"{app.name}: there is neither {' nor '.join(FILES)} in {app.path}",
            remedy="pin the app's packages there, with hashes: uv pip compile --generate-hashes",
        )
    wanted = [each for file in files for each in requirements.read(file)]
    venvs = root / ".pipeline" / "venvs"
    venv = venvs / f"{app.name}-{_key(wanted)}"
    python = venv / "bin" / "python"
    venvs.mkdir(parents=True, exist_ok=True)
    with _alone(venvs / f"{app.name}.lock", say):
        marker = venv / _COMPLETE
        if not marker.is_file() or not python.exists():
            shutil.rmtree(venv, ignore_errors=True)
            say(f"installing {len(wanted)} packages for {app.name}")
            _make(venv, install(python, files, hashed=any(each.hashed for each in wanted)), app.name)
            marker.touch()
        os.utime(marker)
        used = {
            path: _used(path)
            for path in venvs.glob(f"{app.name}-*")
            if path.is_dir() and _is_of(path, app.name)
        }
        for old in stale(used.items(), venv, time.time()):
            shutil.rmtree(old, ignore_errors=True)
    return python


def install(python: Path, files: Sequence[Path], *, hashed: bool) -> list[str]:
    """The command that installs the files' packages into python's environment, by the toolkit's own pip."""
    argv = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    argv += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--quiet"]
    argv += ["--require-hashes"] if hashed else []
    for file in files:
        argv += ["--requirement", str(file)]
    return argv


def stale(used: Iterable[tuple[Path, float]], current: Path, now: float) -> list[Path]:
    """Which environments of an app to remove, given when each was last used (seconds since the epoch)."""
    others = sorted((each for each in used if each[0] != current), key=lambda each: each[1], reverse=True)
    return [path for path, last in others[KEPT - 1 :] if now - last > IN_USE_SECONDS]


def _key(wanted: Iterable[requirements.Requirement]) -> str:
    """Names the inputs: the files that are read, included ones too, and the interpreter."""
    digest = hashlib.sha256(f"{sys.version} {os.path.realpath(sys.executable)}".encode())
    for file in sorted({each.file for each in wanted}):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _make(venv: Path, argv: Sequence[str], name: str) -> None:
    # Without its own pip an environment is made in a fifth of the time.
    tools.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], echo=False, timeout=60)
    ran = tools.run(argv, check=False, echo=False, timeout=INSTALL_SECONDS)
    if ran.code != 0:
        lines = ran.tail(200)
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        raise Failed(
            f"the packages of {name} could not be installed: {(errors or lines or ['pip said nothing'])[-1]}",
            remedy="can the registry be reached, and do the pins and hashes in requirements*.txt agree?",
            evidence=lines[-12:],
        )


def _is_of(path: Path, name: str) -> bool:
    # "user-datastore-<key>" must not be taken for one of an app called "user".
    return path.name.rpartition("-")[0] == name


def _used(venv: Path) -> float:
    try:
        return (venv / _COMPLETE).stat().st_mtime
    except OSError:
        return 0.0


@contextmanager
def _alone(lock: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock that ends with the process; wait for another holder as long as an installation may take."""
    deadline = time.monotonic() + INSTALL_SECONDS
    with lock.open("w") as handle:
        waiting = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waiting:
                    say("waiting for another run to install the same packages")
                waiting = True
                if time.monotonic() > deadline:
                    raise TimedOut(f"another run has held {lock} for {INSTALL_SECONDS:g} s") from None
                time.sleep(0.1)
        yield
