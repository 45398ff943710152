"""Print the plan of a pipeline: what runs, after what, and why the rest does not."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from toolkit.base import console
from toolkit.base.outcome import Outcome
from toolkit.pipeline import plan
from toolkit.settings import command
from toolkit.settings.command import Request
from toolkit.typed import advice


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--branch", default="", help="plan for this branch instead of the one that is checked out"
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(request: Request) -> Outcome:
    branch = request.options.branch or request.source.branch
    unnamed = "" if request.options.branch else request.source.unnamed
    made = plan.for_run(request.config, request.app, branch, unnamed)
    if request.options.json:
        rows = [
            {**dataclasses.asdict(stage), "target": advice.here(stage.target(request.app))}
            for stage in made.stages
        ]
        skipped = [dataclasses.asdict(each) for each in made.skipped]
        print(
            json.dumps({"app": made.app, "branch": made.branch, "stages": rows, "skipped": skipped}, indent=2)
        )
        return Outcome()
    pending = f"\nIt cannot run yet: {request.app.pending}." if request.app.pending else ""
    console.say(f"{request.app.title}, branch {branch}:{pending}\n")
    width = max(len(stage.id) for stage in made.stages)
    for stage in made.stages:
        console.say(f"  {stage.id:<{width}}  {stage.about:<34} {stage.when}")
    if made.skipped:
        console.say("\nNot run:")
    reasons: dict[str, list[str]] = {}
    for each in made.skipped:
        reasons.setdefault(each.why, []).append(each.id)
    for why, ids in reasons.items():
        console.say(f"  {', '.join(ids)}:\n    {why}")
    return Outcome()


if __name__ == "__main__":
    sys.exit(command.main(run, stage="plan", help=__doc__, app="one", arguments=arguments, record=False))
