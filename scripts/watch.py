#!/usr/bin/env python3
"""Watches the pods of an app for restarts and other alarms.

Without FOR it is the soak of a release: for the environment's soak time, failed at the first restart. Longer
than that, by a person or a timer, it goes on after an alarm, tells the channel once per cause, and again when
it is over.
"""

from __future__ import annotations

import argparse
import os
import sys

from toolkit.base.outcome import Misused, Outcome
from toolkit.settings import command, flags
from toolkit.settings.request import STAGE_FOLDER, Request
from toolkit.watch import soak, watching
from toolkit.watch.channel import Channel

UNITS = {"s": 1, "m": 60, "h": 3600}
LEAVE_SECONDS = 10.0


def seconds(word: str, name: str = "FOR") -> float:
    """90, 90s, 10m or 1h in seconds. Raises Misused for anything else."""
    number, unit = (word[:-1], UNITS[word[-1]]) if word[-1:] in UNITS else (word, 1)
    try:
        found = float(number) * unit
    except ValueError:
        found = -1.0
    if not 0 <= found < 10**7:
        raise Misused(f"{name}={word}: is no duration", remedy="say it as 90s, 10m or 1h")
    return found


def arguments(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("FOR") or None
    parser.add_argument(
        "--for", dest="duration", default=default, metavar="TIME",
        help="90s, 10m, 1h, 0 to look once; default: the soak time",
    )  # fmt: skip
    parser.add_argument(
        "--quiet", default="5m", metavar="TIME",
        help="in a long watch, how long without a restart until it is over; default: %(default)s",
    )  # fmt: skip
    flags.any_version(parser)


def several_arguments(parser: argparse.ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--app", metavar="APP", default="", help='apps of apps.toml; default: "all"')


def run(request: Request) -> Outcome:
    options = request.options
    apps = [request.app] if request.app.name else watching.chosen(request, options.app)
    soaks = [request._replace(app=app).policy.soak for app in apps]
    duration = seconds(options.duration) if options.duration else None
    quiet = seconds(options.quiet, "QUIET")
    channel = None
    if duration is not None and duration > max(soaks, default=0.0) and STAGE_FOLDER not in os.environ:
        channel = Channel(request.root, request.config.alert, request.say)
    long = soak.Long(channel, quiet) if channel else None
    if long:  # a long look is for the app, and not for a version
        request = request._replace(anything=True)
    try:
        if request.app.name:
            return watching.over(request, duration, long)
        return watching.over_several(request, apps, duration, long, named=options.app not in ("", "all"))
    finally:
        if channel:
            channel.close(LEAVE_SECONDS)


def main(argv: list[str]) -> int:
    """One app's watch is a run of that app; several are one stage of one run, since they go side by side."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--app", default="")
    word = early.parse_known_args(argv)[0].app
    about = __doc__ or ""
    if word and word != "all" and "," not in word:
        return command.main(run, stage="watch", help=about, app="one", place="one", arguments=arguments)
    return command.main(run, stage="watch", help=about, app="none", place="one", arguments=several_arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
