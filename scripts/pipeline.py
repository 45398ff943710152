"""Take a commit of an app through the whole pipeline: checks, test, production, alert."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from typing import Any

from toolkit import command, console, plan, record, tools, views
from toolkit.command import Request
from toolkit.engine import Engine
from toolkit.outcome import Outcome
from toolkit.reuse import Reuse


def arguments(parser: argparse.ArgumentParser) -> None:
    fresh = os.environ.get("FRESH", "") not in ("", "0")
    parser.add_argument("--fresh", action="store_true", default=fresh, help="reuse nothing (FRESH=1)")


def run(request: Request) -> Outcome:
    request.app.require_code()
    from toolkit.cluster.fingerprint import fingerprint  # here: --help needs no Kubernetes client

    root, app, cluster = request.root, request.app, request.cluster
    announce(request, record.settle(root))
    source = request.source
    made = plan.for_run(request.config, app, source.branch)
    kept = record.Record.start(root, app.name, **command.about(source, cluster), alerted=False)
    what = f"{app.title} {kept.data['version']} of {source.branch}"
    console.say(f"{what} on {cluster.name}, run {kept.data['run']}")
    state = partial(fingerprint, request.config, cluster)
    reuse = Reuse(request.config, app, cluster, source, state)
    view = views.choose(made, source.system)
    outcome = Engine(made, app, cluster, kept, reuse, view, fresh=request.options.fresh).run()
    seconds = record.seconds_between(kept.data["started"], kept.data["finished"])
    stage = outcome.details.get("stage", "")
    console.report(app.title, outcome, log=kept.log_of(stage) if stage else kept.file, seconds=seconds)
    return Outcome(outcome.kind)  # without a reason: it has been said


def announce(request: Request, killed: list[dict[str, Any]]) -> None:
    """Send the alerts of runs that were killed before they could do it themselves."""
    for data in killed:
        console.say(f"run {data['run']} was killed; its record is closed, its alert is sent now")
        alert = plan.script("alert", data["app"], request.config.file)
        tools.run([*alert, "--run", data["run"]], check=False, echo=False)
        record.Record(request.root / record.HOME / "runs" / data["run"], {**data, "alerted": True}).save()


if __name__ == "__main__":
    sys.exit(command.main(run, stage="pipeline", help=__doc__, app="one", arguments=arguments, record=False))
