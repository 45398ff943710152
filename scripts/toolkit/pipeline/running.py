"""One run of one app's pipeline: its plan, its record and the engine that runs it, and how it ended, told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from toolkit.base import console, tools
from toolkit.base.outcome import Outcome
from toolkit.pipeline import plan
from toolkit.pipeline.engine import Engine
from toolkit.pipeline.gate import OPEN, Gate
from toolkit.pipeline.plan import Plan
from toolkit.pipeline.reuse import Reuse
from toolkit.pipeline.views import View
from toolkit.runs import record
from toolkit.settings import command
from toolkit.settings.request import Request


def settle(request: Request) -> None:
    """Close the records of runs that were killed, and send the alerts that they could not send themselves."""
    for data in record.settle(request.root):
        console.say(f"run {data['run']} was killed; its record is closed, its alert is sent now")
        alert = plan.script("alert", data["app"], request.config.file)
        tools.run([*alert, "--run", data["run"]], check=False, echo=False)
        closed: dict[str, Any] = {**data, "alerted": True}
        record.Record(request.root / record.HOME / "runs" / data["run"], closed).save()


def begin(request: Request, view: Callable[[Plan], View], *, fresh: bool, gate: Gate = OPEN) -> Engine:
    """Begin the record of a run of the request's app; the engine runs it. Raises Misused without its code."""
    from toolkit.cluster.release.fingerprint import fingerprint  # here: --help needs no Kubernetes client

    app, cluster, source = request.app, request.cluster, request.source
    app.require_code()
    made = plan.for_run(request.config, app, source.branch, source.unnamed)
    kept = record.Record.start(request.root, app.name, **command.about(source, cluster), alerted=False)
    what = f"{app.title} {kept.data['version']} of {source.branch}"
    console.say(f"{what} on {cluster.name}, run {kept.data['run']}")
    state = partial(fingerprint, request.config, cluster)
    reuse = Reuse(request.config, app, cluster, source, state)
    return Engine(made, app, cluster, kept, reuse, view(made), fresh=fresh, gate=gate)


def tell(engine: Engine, outcome: Outcome) -> None:
    """Say how a run ended: what, why, the evidence, the remedy, where the log is."""
    kept = engine.record
    stage = outcome.details.get("stage", "")
    seconds = record.seconds_between(kept.data["started"], kept.data["finished"])
    console.report(engine.app.title, outcome, log=kept.log_of(stage) if stage else kept.file, seconds=seconds)
