#!/usr/bin/env python3
"""Breaks a real deployment on purpose, and shows what the pipeline makes of it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from toolkit.base import console
from toolkit.base.outcome import Kind, Misused, Outcome
from toolkit.cluster.api.connection import connect
from toolkit.drills import cases, telling
from toolkit.drills.fidelity import Report
from toolkit.drills.grounds import choosing
from toolkit.drills.yard import Task, Yard
from toolkit.runs.record import HOME
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.settings.sandbox import is_sandbox

KEPT = 3  # how many invocations' records stay
IN_USE_SECONDS = 3600.0  # one that is younger may still be going on
KINDS = {"both": (False, True), "broken": (False,), "look-alike": (True,)}


def arguments(parser: argparse.ArgumentParser) -> None:
    environ = os.environ.get
    parser.add_argument("--cause", default=environ("CAUSE", ""), help="a drill, several with commas, or all")
    parser.add_argument("--list", action="store_true", help="only list the drills")
    parser.add_argument("--only", choices=list(KINDS), default="both", help="default: %(default)s")
    parser.add_argument("--state", type=Path, metavar="DIR", help="of the sandbox; default: the repository's")
    parser.add_argument("--work", type=Path, metavar="DIR", help="for records; default: .pipeline/drills")
    parser.add_argument("--lanes", type=int, default=3, help="how many side by side; default: %(default)s")
    parser.add_argument(
        "--patience",
        type=float,
        default=environ("PATIENCE_SCALE") or "0.1",
        help="factor of the patience with what may get better; default: %(default)s, in production 1",
    )
    parser.add_argument("--keep", action="store_true", help="leave the drills' namespaces in the cluster")
    parser.add_argument("--report", type=Path, metavar="FILE", help="how each came out, as JSON")


def run(request: Request) -> Outcome:
    options, root = request.options, request.root
    known = cases.load(root / "drills" / "causes.toml", kubernetes=not is_sandbox(request.cluster))
    if options.list:
        console.say("\n".join(telling.listing(known.values())))
        return Outcome()
    wanted = cases.chosen(known, options.cause)
    if not 0 < options.patience < 1000:
        raise Misused(f"PATIENCE_SCALE={options.patience:g}: must be a factor, more than 0")
    ground = choosing.choose(request.cluster, root, options.state)
    work = (options.work or root / HOME / "drills").resolve() / time.strftime(f"%Y%m%dT%H%M%S-{os.getpid()}")
    tasks = [Task(case, kind) for case in wanted for kind in KINDS[options.only]]
    report = None
    if options.report:
        said = connect(request.cluster, "drill", root).get("/version").get("gitVersion", "")
        report = Report(request.cluster.name, said, options.patience, options.report)
    yard = Yard(
        origin=root / "drills",
        work=work,
        ground=ground,
        venvs=root / HOME / "venvs",
        lanes=max(1, min(options.lanes, len(tasks))),
        patience=options.patience,
        keep=options.keep,
        say=console.say,
    )
    with yard:
        wrong = telling.tell_all(tasks, yard.submit(tasks), options.patience, console.say, report)
    for old in sorted(work.parent.iterdir())[:-KEPT]:
        if time.time() - old.stat().st_mtime > IN_USE_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    return Outcome(Kind.FAILED, f"wrong: {', '.join(wrong)}") if wrong else Outcome()


if __name__ == "__main__":
    sys.exit(
        command.main(run, stage="drill", help=__doc__ or "", app="none", arguments=arguments, record=False)
    )
