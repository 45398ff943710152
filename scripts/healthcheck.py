#!/usr/bin/env python3
"""Asks every pod and the app itself: healthy, ready, and what was deployed?"""

from __future__ import annotations

import argparse
import sys

from toolkit.base.outcome import Misused, Outcome
from toolkit.base.spaces import Space, side_by_side
from toolkit.health import healthcheck
from toolkit.health.healthcheck import Rule
from toolkit.settings import command, flags
from toolkit.settings.command import Request

LONGEST = 86_400.0  # seconds


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="good rounds in a row; default 3")
    parser.add_argument("--interval", type=float, default=0.5, metavar="S", help="seconds between rounds")
    parser.add_argument(
        "--within", type=float, default=60.0, metavar="S", help="give up after so many seconds"
    )
    flags.any_version(parser)


def run(request: Request) -> Outcome:
    options = request.options
    if options.rounds < 1 or not 0 <= options.interval < LONGEST or not 0 < options.within < LONGEST:
        raise Misused("--rounds must be 1 or more, --interval 0 or more, --within more than 0 seconds")
    rule = Rule(options.rounds, options.interval, options.within)

    def one(space: Space) -> Outcome:
        return healthcheck.in_space(request, space, rule)

    return side_by_side(request.spaces, healthcheck.where_deployed(request, one), request.say)


if __name__ == "__main__":
    sys.exit(
        command.main(
            run, stage="healthcheck", help=__doc__ or "", app="all", place="one", arguments=arguments
        )
    )
