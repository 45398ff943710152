#!/usr/bin/env python3
"""Lists what an app needs on a cluster that somebody looks after: what is there, and what is missing.

With --format yaml what is missing, to be filled in and applied. Exit code 1 when something is missing.
"""

from __future__ import annotations

import argparse
import sys

from toolkit.base import console
from toolkit.base.outcome import Failed, Outcome
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.handover import prerequisites, writing
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.settings.model import Where
from toolkit.typed import advice


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("list", "yaml"), default="list", help="default: list")


def run(request: Request) -> Outcome:
    request.app.require_code()
    assert request.place is not None  # noqa: S101
    known: dict[tuple[str, ...], Connection] = {}

    def connected(where: Where) -> Connection:
        key = request.cluster.credential(where)
        if key not in known:
            known[key] = connect(request.cluster, where, request.root)
        return known[key]

    found = [
        prerequisites.look(request.config, request.app, request.place, space, connected)
        for space in request.spaces
    ]
    typed = advice.here(
        f"make prerequisites APP={request.app.name} ENV={request.place.word} CLUSTER={request.cluster.name}"
    )
    if request.options.format == "yaml":
        sys.stdout.write(writing.to_fill_in(found, f"{typed} FORMAT=yaml"))
        return Outcome()
    missing = 0
    for each in found:
        console.say(f"{request.app.name} in {each.space}, on cluster {request.cluster.name}:")
        console.say("\n".join(f"  {line}" for line in writing.listed(each)))
        missing += sum(not item.is_met and item.is_there is not None for item in each.items) + len(
            each.problems
        )
    if missing:
        raise Failed(
            f"{missing} of what {request.app.name} needs in {request.place.word} are not there",
            remedy=f"see the fix below each, if it has one; {typed} FORMAT=yaml prints what to create",
        )
    return Outcome()


if __name__ == "__main__":
    sys.exit(
        command.main(
            run,
            stage="prerequisites",
            help=__doc__ or "",
            app="one",
            place="one",
            arguments=arguments,
            record=False,
        )
    )
