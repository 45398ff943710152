#!/usr/bin/env python3
"""Prints the least Role, ServiceAccount and RoleBinding per namespace with which the stages of an app work.

As YAML for `kubectl apply -f -`; without --env for every environment that the app goes to.
"""

from __future__ import annotations

import sys

from toolkit.base.outcome import Outcome
from toolkit.cluster.handover import writing
from toolkit.cluster.handover.roles import Granted
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.typed import advice


def run(request: Request) -> Outcome:
    request.app.require_code()
    every = [environment.everywhere for environment in request.config.environments.values()]
    granted = Granted(
        request.config, request.cluster, request.app, [request.place] if request.place else every
    )
    where = f" ENV={request.place.word}" if request.place else ""
    typed = advice.here(f"make role APP={request.app.name}{where} CLUSTER={request.cluster.name}")
    sys.stdout.write(writing.roles(granted, typed))
    return Outcome()


if __name__ == "__main__":
    sys.exit(command.main(run, stage="role", help=__doc__ or "", app="one", place="optional", record=False))
