"""`python -m tests.kubernetes.landing`: of the ring what this machine can and what fits into CI's time.

What is left out is said by name, with its reason, and is no failure. Exit code 1 where a test failed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.kubernetes import cluster
from tests.kubernetes.landing.portions import BUILD, PORTIONS, Clock, Portion, clock
from tests.kubernetes.node import building, parts
from tests.kubernetes.node.node import Node
from tests.kubernetes.node.parts import NotPossible

LEAVE_SECONDS = 150.0
"""For a portion that is ended to take away what it has on the cluster."""
RING = "the ring on real Kubernetes"
FAILED = 1  # https://docs.pytest.org/en/stable/reference/exit-codes.html
LEAST_AGAIN = 3.0
"""Minutes that must be left to run again what failed."""


def main() -> int:
    """Run what can be run; the exit code."""
    begun = time.time()
    try:
        time_there_is = clock(os.environ, begun)
        given = cluster.given()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    node = Node()
    brings = given is None and not node.is_up()
    if reason := _why_none(node, time_there_is) if brings else "":
        print(f"Left out: {RING}: {reason}")
        return 0
    try:
        if brings and (reason := _why_not_up(node)):
            print(f"Left out: {RING}: {reason}", flush=True)
            return 0
        return max([_run(portion, time_there_is) for portion in PORTIONS])
    finally:
        if brings:
            node.down()
        print(f"In all, {RING} took {(time.time() - begun) / 60:.1f} min.", flush=True)


def _why_not_up(node: Node) -> str:
    """Bring it up; why this machine cannot, "" where it runs. The tests of the node tell that it can."""
    try:
        node.up()
    except NotPossible as error:
        return str(error)
    return ""


def _why_none(node: Node, given: Clock) -> str:
    """Why this machine cannot have a node now; "" where all of it is built."""
    try:
        parts.check()
        node.refuse_another()
        if building.is_built(node.places, node.version):
            return ""
        if lacks := given.lacks(BUILD, time.time()):
            return f"Kubernetes has to be built first: {lacks}"
        building.build(node.places, node.version, node.say)
    except NotPossible as error:
        return str(error)
    return ""


def _run(portion: Portion, given: Clock) -> int:
    """Run a portion, if it fits; its exit code, 0 where it was left out."""
    begun = time.time()
    if lacks := given.lacks(portion.minutes, begun):
        print(f"Left out: {portion.name} of {RING}: {lacks}", flush=True)
        return 0
    code = _tests(portion, given.left(begun), "--cache-clear")
    left = given.left(time.time())
    if code != FAILED or left < LEAST_AGAIN:
        return int(bool(code))
    print(f"{portion.name}: what failed is run once more, to tell what is broken from what is not steady.")
    code = _tests(portion, left, "--last-failed", "--last-failed-no-failures=none")
    if not code:
        print(f"NOT STEADY: {portion.name} of {RING}: what failed above passed the second time.", flush=True)
    return int(bool(code))


def _tests(portion: Portion, minutes: float, *flags: str) -> int:
    """pytest's exit code for a portion, which is ended when its time is over."""
    with tempfile.TemporaryDirectory(prefix="ring-") as folder:
        report = Path(folder, "report.xml")
        words = [sys.executable, "-m", "tests.kubernetes", f"--junitxml={report}", *flags]
        process = subprocess.Popen(words, env={**os.environ, "T": " ".join(portion.tests)})
        try:
            return process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            _end(process)
            print(f"Left out: the rest of {portion.name} of {RING}: the time of CI is over", flush=True)
            return FAILED if _has_failures(report) else 0
        except KeyboardInterrupt:
            _end(process)
            raise


def _end(process: subprocess.Popen[Any]) -> None:
    """As Ctrl-C does, so that it leaves nothing on the cluster; killed where it does not heed that."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _has_failures(report: Path) -> bool:
    """Whether a test had failed by then."""
    if not report.exists():
        return False
    return (
        re.search('<testsuite [^>]*(failures|errors)="[1-9]', report.read_text(encoding="utf-8")) is not None
    )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
