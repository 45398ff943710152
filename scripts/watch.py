#!/usr/bin/env python3
"""Watches the pods of an app for restarts, for the environment's soak time or as long as it is told."""

from __future__ import annotations

import argparse
import os
import sys

from toolkit import command, soak
from toolkit.command import Request
from toolkit.healthcheck import where_deployed
from toolkit.outcome import Misused, Outcome
from toolkit.spaces import Space, side_by_side

UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(word: str) -> float:
    """90, 90s, 10m or 1h in seconds. Raises Misused for anything else."""
    number, unit = (word[:-1], UNITS[word[-1]]) if word[-1:] in UNITS else (word, 1)
    try:
        found = float(number) * unit
    except ValueError:
        found = -1.0
    if not 0 <= found < 10**7:
        raise Misused(f"FOR={word}: is no duration", remedy="say it as 90s, 10m or 1h")
    return found


def arguments(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("FOR") or None
    parser.add_argument(
        "--for", dest="duration", default=default, metavar="TIME", help="90s, 10m, 1h; default: the soak time"
    )


def run(request: Request) -> Outcome:
    given = request.options.duration
    duration = seconds(given) if given else request.place.environment.soak if request.place else 0.0

    def one(space: Space) -> Outcome:
        return soak.watch(request, space, duration)

    return side_by_side(request.spaces, where_deployed(request, one), request.say)


if __name__ == "__main__":
    sys.exit(
        command.main(run, stage="watch", help=__doc__ or "", app="all", place="one", arguments=arguments)
    )
