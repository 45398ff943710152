"""Approve a commit for an environment, or (--check) say whether it may go there."""

from __future__ import annotations

import argparse
import getpass
import sys

from toolkit.base.outcome import Outcome
from toolkit.rules import policy
from toolkit.rules.approval import Basis
from toolkit.settings import command
from toolkit.settings.command import Request


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="only say whether branch and approval allow it")


def run(request: Request) -> Outcome:
    request.app.require_code()
    if request.options.check:
        return Outcome(reason=policy.check(request))
    given = policy.approve(request, getpass.getuser())
    stood = Basis(given["commit"], given["images"], given["checks"]).words
    return Outcome(
        reason=f"{given['by']} approved {given['version']} of {given['app']} for {given['environment']}; "
        f"it stands on: {stood}",
        details=given,
    )


if __name__ == "__main__":
    sys.exit(command.main(run, stage="approve", help=__doc__, app="one", place="one", arguments=arguments))
