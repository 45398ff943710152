#!/usr/bin/env python3
"""Deploys an app to an environment and waits for the verdict."""

from __future__ import annotations

import argparse
import os
import sys

from toolkit.base.outcome import Misused, Outcome
from toolkit.deploying import deployment
from toolkit.deploying.in_space import Options
from toolkit.rules import policy
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.settings.request import STAGE_FOLDER

SETTLE = "5"  # seconds
LONGEST = 3600.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--approve", action="store_true", help="approve this deployment (as APPROVE=1 does)")
    parser.add_argument(
        "--lock-wait", type=float, default=300.0, metavar="S", help="how long to wait for another deployment"
    )
    parser.add_argument(
        "--turn-wait",
        type=float,
        default=os.environ.get("TURN_WAIT") or "600",
        metavar="S",
        help="wait for another run's checks",
    )
    for flag, variable, about in (
        ("--force", "FORCE", "deploy a version that was rolled back and is held"),
        ("--take-over", "TAKE_OVER", "take over fields that somebody changed by hand"),
        ("--restart", "RESTART", "make the pods anew even when nothing changed"),
    ):
        parser.add_argument(
            flag, action="store_true", default=is_set(variable), help=f"{about} ({variable}=1)"
        )
    parser.add_argument(
        "--settle", type=float, default=os.environ.get("SETTLE") or SETTLE, metavar="S",
        help="how long new pods must last once they are ready; default: %(default)s s, in a pipeline 0",
    )  # fmt: skip
    parser.add_argument(
        "--no-preflight",
        action="store_true",
        default=os.environ.get("PREFLIGHT") == "0",
        help="write without having looked whether it can work (PREFLIGHT=0)",
    )


def is_set(variable: str) -> bool:
    """Whether an environment variable says yes."""
    return os.environ.get(variable, "") not in ("", "0")


def run(request: Request) -> Outcome:
    request.app.require_code()
    if request.options.approve:
        os.environ[policy.APPROVE] = "1"
    policy.check(request)
    given = request.options
    if not 0 <= given.settle < LONGEST:
        raise Misused(f"--settle is {given.settle:g}: it must be 0 or more seconds")
    options = Options(
        lock_wait=given.lock_wait,
        turn_wait=given.turn_wait,
        take_over=given.take_over,
        insist=given.force,
        restarting=given.restart,
        preflight=not given.no_preflight,
        settle=0.0 if STAGE_FOLDER in os.environ else given.settle,
    )
    return deployment.deploy(request, options)


if __name__ == "__main__":
    sys.exit(
        command.main(
            run,
            stage="deploy",
            help="Apply an app's manifests and wait for the rollout's verdict.",
            place="one",
            arguments=arguments,
        )
    )
