"""Start the whole platform on the sandbox and print where each app answers, or (--stop) stop it."""

from __future__ import annotations

import argparse
import sys

from toolkit.base.outcome import Outcome
from toolkit.deploying import whole_platform
from toolkit.settings import command
from toolkit.settings.command import Request


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stop", action="store_true", help="stop it; what is in it is kept")


def run(request: Request) -> Outcome:
    if request.options.stop:
        return whole_platform.stop(request)
    first = next(iter(request.config.environments.values())).spaces[0]
    return whole_platform.start(request, request.place or request.config.place(first))


if __name__ == "__main__":
    sys.exit(
        command.main(
            run,
            stage="platform",
            help=__doc__ or "",
            app="none",
            place="optional",
            arguments=arguments,
            record=False,
        )
    )
