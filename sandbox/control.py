"""Starting, stopping and resetting a sandbox from outside its daemon."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sandbox.state import IGNORED, IMAGES, Daemon, SandboxError, State

START_SECONDS, STOP_SECONDS = 40.0, 45.0
LOG_BYTES = 5 * 1024 * 1024
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
)  # the daemon needs no more of ours


def check_machine() -> None:
    """Raises SandboxError when this machine cannot run a sandbox."""
    if sys.platform != "linux":
        raise SandboxError(
            "the sandbox needs Linux: it gives every pod an address of its own in 127.0.0.0/8, which other "
            "systems do not offer without set-up",
            2,
        )
    if not hasattr(os, "pidfd_open"):
        raise SandboxError("the sandbox needs Linux 5.3 or newer and a Python that was built for it", 2)


def up(state: State) -> tuple[dict[str, Any], bool]:
    """Start the sandbox unless it runs. Returns (daemon.json, whether it was started now). Raises
    SandboxError."""
    check_machine()
    state.create()
    with state.changing():
        running = state.daemon()
        if running is not None:
            return running.details, False
        return _start(state), True


def _start(state: State) -> dict[str, Any]:
    reader, writer = os.pipe()
    package = Path(__file__).resolve().parent.parent
    env = {
        name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith("SANDBOX_")
    }
    env["PYTHONPATH"] = str(package)
    if state.log.exists() and state.log.stat().st_size > LOG_BYTES:
        state.log.replace(state.log.with_suffix(".log.1"))
    with state.log.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "serve", "--state", str(state.root), "--report", str(writer)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=env, pass_fds=(writer,),
            start_new_session=True,
        )  # fmt: skip
    os.close(writer)
    try:
        told = _first_line(reader, START_SECONDS)
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        os.close(reader)
    if told is None:
        child.kill()
        child.wait()
        raise SandboxError(f"the sandbox was not ready within {START_SECONDS:.0f} s; see {state.log}", 4)
    if "error" in told:
        raise SandboxError(told["error"], child.wait() or 1)
    if "ready" not in told:
        raise SandboxError(f"the sandbox ended while it was starting; see {state.log}")
    return dict(told["ready"])


def _first_line(reader: int, seconds: float) -> dict[str, Any] | None:
    """The JSON line that the daemon reports; {} when it ended without one, None when time is over."""
    deadline = time.monotonic() + seconds
    data = b""
    while b"\n" not in data:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return None
        more = os.read(reader, 1 << 16)
        if not more:
            return {}
        data += more
    told: dict[str, Any] = json.loads(data)
    return told


def down(state: State) -> str:
    """Stop pods and daemon. Returns what happened, for a person."""
    if not state.root.is_dir():
        return "the sandbox is not running"
    with state.changing():
        return _down(state)


def _down(state: State) -> str:
    from sandbox.node.processes.orphans import end_orphans

    running = state.daemon()
    stopped = running is not None and _end(running)
    orphans = end_orphans(state.root / "pods")
    state.note.unlink(missing_ok=True)
    if running is None:
        if orphans:
            return (
                f"the sandbox was not running; {orphans} containers that a killed one had left were stopped"
            )
        return "the sandbox is not running"
    return "the sandbox is stopped" if stopped else "the sandbox did not stop by itself and was killed"


def _end(daemon: Daemon) -> bool:
    return daemon.end(STOP_SECONDS)


def reset(state: State, *, images: bool) -> str:
    """Stop, and remove all state; built images and layers stay unless ``images``."""
    from sandbox.base.files import remove_tree

    if not state.root.is_dir():
        return "there is no sandbox here"
    with state.changing():
        _down(state)
        for entry in state.root.iterdir():
            if entry.name in ("change.lock", IGNORED) or (entry.name in IMAGES and not images):
                continue
            remove_tree(entry)
    return f"{state.root} is empty now" if images else f"{state.root} is empty now, except for built images"
