"""A suite of pytest files: its interpreter, its command, and what its plugin is told."""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.runs.record import write_json
from toolkit.settings.elsewhere import Code
from toolkit.settings.model import Suite
from toolkit.suites import memory
from toolkit.suites.job import Job, report_of
from toolkit.suites.selection import Selection

PLUGIN = Path(__file__).parent / "plugin"
RESULTS = "results.json"  # what the plugin leaves


def job(
    python: Path,
    code: Code,
    suite: Suite,
    folder: Path,
    chosen: Selection,
    before: memory.Memory,
    committed: dict[str, float],
) -> Job:
    """How it is run by this interpreter; folder is for what a test leaves behind."""
    report = report_of(folder, "junit")
    env = _told(folder, chosen, before, committed)
    return Job(tuple(command(python, code, suite, report)), code.top, report, env=env)


def command(python: Path, code: Code, suite: Suite, junit: Path) -> list[str]:
    """The pytest command of a suite; its workers take the tests one by one, the longest first."""
    argv = [str(python), "-m", "pytest", str(code.path), f"--junitxml={junit}"]
    argv += ["--rootdir", str(code.top), "-ra", "--tb=short", "-p", "no:cacheprovider", "-p", "fb_selection"]
    return argv + (["-n", str(suite.workers), "--maxschedchunk", "1"] if suite.workers > 1 else [])


def _told(
    folder: Path, chosen: Selection, before: memory.Memory, committed: dict[str, float]
) -> dict[str, str]:
    """The environment of the plugin, and the folder for what a test leaves behind.

    The parts of a suite must be cut alike on every machine, so they go by what comes with the app alone.
    """
    durations = committed if chosen.shard else {**committed, **before.durations}
    wanted = folder / "selection.json"
    write_json(
        wanted,
        {
            "durations": durations,
            "shard": chosen.shard,
            "repeat": chosen.repeat,
            "only": list(before.failed) if chosen.only and before.ended else None,
        },
    )
    path = os.pathsep.join(filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH"))))
    results = folder / RESULTS
    results.unlink(missing_ok=True)
    return {
        "PYTHONPATH": path,
        "FB_SELECTION": str(wanted),
        "FB_RESULTS": str(results),
        "SUITE_REPORTS": str(folder),
    }
