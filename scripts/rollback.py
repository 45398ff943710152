#!/usr/bin/env python3
"""Puts the last verified release before the current one back, in all spaces side by side."""

from __future__ import annotations

import argparse
import os
import sys

from toolkit.base.outcome import Outcome
from toolkit.base.spaces import Space, side_by_side
from toolkit.deploying import recovery
from toolkit.runs import closing, undoing
from toolkit.settings import command
from toolkit.settings.command import Request


def arguments(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("TO", "")
    parser.add_argument("--to", default=default, metavar="VERSION", help="a version that was verified here")
    parser.add_argument(
        "--failed", action="store_true", help="only if the current release is not verified: its checks failed"
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="what people read about the version's hold")
    parser.add_argument("--lock-wait", type=float, default=300.0, metavar="S", help="wait for a deployment")


def run(request: Request) -> Outcome:
    options = request.options
    closing.settle(request.root, request.say)
    why, hold = options.why, True
    if options.failed:
        # A CI job cannot tell a stage that was refused from one that failed; the record can.
        found = undoing.in_record(request.root, request.app.name, request.environment, request.source.commit)
        if not found.undo:
            return Outcome(reason=f"nothing to undo: {found.why}")
        why, hold = why or found.cause, found.against

    def one(space: Space) -> Outcome:
        if options.failed:
            return recovery.undo(request, space, why, wait=options.lock_wait, hold=hold)
        return recovery.by_hand(request, space, options.to, why, wait=options.lock_wait)

    return side_by_side(request.spaces, one, request.say)


if __name__ == "__main__":
    sys.exit(
        command.main(run, stage="rollback", help=__doc__ or "", app="one", place="one", arguments=arguments)
    )
