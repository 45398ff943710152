#!/usr/bin/env python3
"""Shows which version of each app runs in each space, since when, by whom, verified or not; what is amiss.

With --app its last releases too.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor

from toolkit.base import console
from toolkit.base.outcome import Failed, Outcome, PipelineError
from toolkit.base.redaction import redact
from toolkit.cluster.api.connection import connect
from toolkit.reporting import overview, status_table
from toolkit.reporting.overview import Row
from toolkit.runs import closing
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.settings.model import App, Place


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--app", metavar="APP", default="", help="only this app")
    parser.add_argument("--json", action="store_true", help="for machines")


def _aside(text: str) -> None:
    """For a person, beside what a machine reads."""
    sys.stderr.write(f"{redact(text)}\n")


def run(request: Request) -> Outcome:
    config = request.config
    unannounced = closing.settle(config.root, _aside if request.options.json else console.say)
    if unannounced and not request.options.json:
        console.say(
            f"not announced yet: {', '.join(data['run'] for data in unannounced)}: `make alert` does it"
        )
    apps = [config.app(request.options.app)] if request.options.app else list(config.apps.values())
    places = [request.place] if request.place else [config.place(name) for name in config.environments]
    wanted = [(app, place, space) for place in places for app in apps for space in app.spaces_in(place)]
    spaces = list(dict.fromkeys(space for _, _, space in wanted))
    problems: dict[tuple[str, str], PipelineError] = {}

    held = request.cluster.by_credential(wanted, lambda spot: spot[0].where(spot[2]))

    def rows_of(mine: list[tuple[App, Place, str]]) -> list[Row]:
        app, _, space = mine[0]
        try:
            connection = connect(request.cluster, app.where(space), request.root)
            return [overview.row(connection, app, place.environment.name, space) for app, place, _ in mine]
        except PipelineError as error:
            problems[space, app.name] = error
            return [
                Row(app.name, place.environment.name, space, notes=(error.reason,)) for app, place, _ in mine
            ]

    with ThreadPoolExecutor(max_workers=8) as executor:
        found = [row for rows in executor.map(rows_of, held) for row in rows]
    order = {app.name: place for place, app in enumerate(apps)}
    found.sort(key=lambda row: (order[row.app], spaces.index(row.space)))
    alone = bool(request.options.app)
    if request.options.json:
        console.say(json.dumps(overview.as_json(found, history=alone), indent=2))
    else:
        idle = overview.without_code(found)
        console.say("\n".join(status_table.status([row for row in found if row.app not in idle])))
        if idle:
            console.say(f"no code yet: {', '.join(sorted(idle, key=lambda name: order[name]))}")
        if alone and (known := status_table.history(found)):
            console.say("\n".join(["", "releases:", *known]))
    if held and len(problems) == len(held):
        first = next(iter(problems.values()))
        raise Failed(first.reason, remedy=first.remedy)
    return Outcome()


if __name__ == "__main__":
    sys.exit(
        command.main(
            run,
            stage="status",
            help=__doc__ or "",
            app="none",
            place="optional",
            arguments=arguments,
            record=False,
        )
    )
