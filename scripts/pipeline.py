"""Take a commit of an app, or of all of them, through the whole pipeline: checks, test, production, alert."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from toolkit.base.outcome import Misused, Outcome
from toolkit.images import fitting
from toolkit.pipeline import fleet, running, views
from toolkit.settings import command
from toolkit.settings.command import Request


def arguments(parser: argparse.ArgumentParser) -> None:
    fresh = os.environ.get("FRESH", "") not in ("", "0")
    parser.add_argument("--fresh", action="store_true", default=fresh, help="reuse nothing (FRESH=1)")
    parser.add_argument(
        "--jobs", metavar="N", default="", help="several apps: stages at a time; default: as many as cores"
    )


def run(request: Request) -> Outcome:
    foresee(request)
    running.settle(request)
    engine = running.begin(
        request, lambda made: views.choose(made, request.source.system), fresh=request.options.fresh
    )
    outcome = engine.run()
    running.tell(engine, outcome)
    return Outcome(outcome.kind)  # without a reason: it has been said


def foresee(request: Request) -> None:
    """Raises for what would end it in any case: said at once, and not after minutes of tests."""
    request.app.require_code()
    fitting.foresee(request)


def together(requests: Sequence[Request]) -> Outcome:
    options = requests[0].options
    return fleet.run(requests, jobs=jobs_of(options.jobs), fresh=options.fresh, foresee=foresee)


def jobs_of(word: str) -> int:
    """How many stages at a time."""
    if not word:
        return max(2, fleet.cores())
    if not (word.isascii() and word.isdecimal()) or int(word) < 1:
        raise Misused(f"JOBS={word}: must be a number from 1 on", remedy=f"this machine has {fleet.cores()}")
    return int(word)


if __name__ == "__main__":
    sys.exit(
        command.main(
            run,
            stage="pipeline",
            help=__doc__,
            app="one",
            arguments=arguments,
            record=False,
            together=together,
        )
    )
