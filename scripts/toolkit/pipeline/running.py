"""One run of one app's pipeline: its plan, its record and the engine that runs it, and how it ended, told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from toolkit.base import console, tools
from toolkit.base.outcome import Outcome, PipelineError
from toolkit.pipeline import plan
from toolkit.pipeline.engine import Engine
from toolkit.pipeline.gate import OPEN, Gate
from toolkit.pipeline.plan import Plan
from toolkit.pipeline.reuse import Reuse
from toolkit.pipeline.views import View
from toolkit.runs import closing, record
from toolkit.settings import command
from toolkit.settings.request import Request

ANNOUNCE_SECONDS = 45.0


def settle(request: Request) -> None:
    """Close the records of runs that were killed, and send the alerts that they could not send themselves."""
    for data in closing.settle(request.root, console.say):
        console.say(f"the alert of run {data['run']} is sent now")
        alert = plan.script("alert", data["app"], request.config.file)
        if tools.run([*alert, "--run", data["run"]], check=False, echo=False).code == 0:
            record.Record(request.root / record.HOME / "runs" / data["run"], {**data, "alerted": True}).save()


def announce(request: Request, engine: Engine) -> None:
    """Tell the channel that a run began, where its messages can change; beside the run, which it never holds
    up. What it cannot say in time is dropped: how the run ended will be told."""
    if not request.config.alert.token.text():
        return
    run = str(engine.record.data["run"])
    alert = [*plan.script("alert", engine.app.name, request.config.file), "--started", "--run", run]

    def tell() -> None:
        with suppress(PipelineError):
            tools.run(alert, check=False, echo=False, timeout=ANNOUNCE_SECONDS)

    threading.Thread(target=tell, name="announce", daemon=True).start()


def begin(request: Request, view: Callable[[Plan], View], *, fresh: bool, gate: Gate = OPEN) -> Engine:
    """Begin the record of a run of the request's app; the engine runs it. Raises Misused without its code."""
    from toolkit.cluster.release.fingerprint import fingerprint  # here: --help needs no Kubernetes client

    app, cluster, source = request.app, request.cluster, request.source
    app.require_code()
    made = plan.for_run(request.config, app, source.branch, source.unnamed)
    kept = record.Record.start(
        request.root, app.name, **command.about(source, cluster, request.config), alerted=False
    )
    what = f"{app.title} {kept.data['version']} of {source.branch}"
    console.say(f"{what} on {cluster.name}, run {kept.data['run']}")
    state = partial(fingerprint, request.config, cluster)
    reuse = Reuse(request.config, app, cluster, source, state)
    engine = Engine(made, app, cluster, kept, reuse, view(made), fresh=fresh, gate=gate)
    announce(request, engine)
    return engine


def tell(engine: Engine, outcome: Outcome) -> None:
    """Say how a run ended: what, why, the evidence, the remedy, where the log is."""
    kept = engine.record
    stage = outcome.details.get("stage", "")
    seconds = record.seconds_between(kept.data["started"], kept.data["finished"])
    console.report(engine.app.title, outcome, log=kept.log_of(stage) if stage else kept.file, seconds=seconds)
