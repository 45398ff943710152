#!/usr/bin/env python3
"""Runs an app's acceptance suite against the app where it is deployed, in all spaces side by side."""

from __future__ import annotations

import sys

from toolkit.base.outcome import Outcome
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.suites import running, selection


def run(request: Request) -> Outcome:
    return running.run(request, "acceptance")


if __name__ == "__main__":
    sys.exit(
        command.main(
            run, stage="acceptance", help=__doc__ or "", app="all", place="one", arguments=selection.arguments
        )
    )
