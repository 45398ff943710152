#!/usr/bin/env python3
"""Says whether the programs of apps.toml are here, and whether a cluster can be deployed to from here.

As JSON for `make doctor`, which prints it.

Without --app for every app, without --env for every environment.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from toolkit.base.outcome import Outcome
from toolkit.base.redaction import redact
from toolkit.cluster.handover.checkup import Checkup, Finding
from toolkit.images import asking
from toolkit.preparing import asked
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.settings.sandbox import is_sandbox


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--app", metavar="APP", default="", help="only this app")


def findings(request: Request) -> Iterator[Finding]:
    """Those of programs, and of a cluster; of the sandbox there are none: it starts by itself."""
    config, cluster = request.config, request.cluster
    every = [app for app in config.apps.values() if not (app.pending or app.common)]
    named = request.options.app
    is_named = named not in ("", "all")
    apps = [config.app(each) for each in named.split(",")] if is_named else every
    yield from (Finding(*each) for each in asked.findings(apps, config.ways, named=is_named))
    if is_sandbox(cluster):
        return
    places = [request.place] if request.place else [each.everywhere for each in config.environments.values()]
    yield from Checkup(config, cluster, apps, places).findings()
    if cluster.builder != "sandbox":
        yield from (Finding(*each) for each in asking.of_builder(cluster, apps))


def run(request: Request) -> Outcome:
    print(redact(json.dumps([list(each) for each in findings(request)])))
    return Outcome()


if __name__ == "__main__":
    sys.exit(
        command.main(
            run,
            stage="doctor",
            help=__doc__ or "",
            app="none",
            place="optional",
            arguments=arguments,
            record=False,
        )
    )
