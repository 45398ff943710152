#!/usr/bin/env python3
"""Deploys an app to an environment and waits for the verdict."""

from __future__ import annotations

import argparse
import os
import sys

from toolkit import command, deployment, policy
from toolkit.command import Request
from toolkit.in_space import Options
from toolkit.outcome import Outcome


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--approve", action="store_true", help="approve this deployment (as APPROVE=1 does)")
    parser.add_argument(
        "--lock-wait", type=float, default=300.0, metavar="S", help="how long to wait for another deployment"
    )
    parser.add_argument(
        "--force-conflicts", action="store_true", help="take over fields that somebody changed by hand"
    )


def run(request: Request) -> Outcome:
    request.app.require_code()
    if request.options.approve:
        os.environ[policy.APPROVE] = "1"
    policy.check(request)
    options = Options(request.options.lock_wait, request.options.force_conflicts)
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
