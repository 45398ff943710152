"""Drills for the tests: those that were asked for run side by side, each test waits for its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from toolkit.base.outcome import PipelineError
from toolkit.cluster.api.connection import connect
from toolkit.drills import cases, fidelity, telling
from toolkit.drills.cases import Drill
from toolkit.drills.grounds.ground import Ground, NotHere
from toolkit.drills.running import Result
from toolkit.drills.yard import Task, Yard

from tests import ROOT

CAUSES = ROOT / "drills" / "causes.toml"
DRILLS = cases.load(CAUSES)
PATIENCE = 0.05  # 60 s become 3 s
# The drills are in two files, so that two workers can share them: these have containers that run.
RUNNING = frozenset(
    {"exit-at-start", "crash-once-ready", "out-of-memory", "liveness", "startup", "readiness", "dependency"}
    | {
        "readiness-command",
        "not-listening",
        "not-listening-tcp",
        "readiness-lost",
        "readiness-grpc",
        "superseded",
        "taken-away",
    }
    | {"stateful-set", "daemon-set", "migration-pod", "migration-removed"}
    | {"sidecar", "init-container", "disruption", "progress-deadline", "paused", "migration"}
    | {"migration-deadline", "wrong-image", "wrong-version", "wrong-answer", "restart-in-the-soak"}
)
KINDS = {"broken": False, "look-alike": True}

Results = dict[tuple[str, bool], Future[Result]]


def parameters(drills: list[Drill]) -> pytest.MarkDecorator:
    """Each of these drills and look-alikes as a test of its own."""
    rows = [pytest.param(each.name, word, id=f"{each.name}-{word}") for each in drills for word in KINDS]
    return pytest.mark.parametrize(("name", "kind"), rows)


def running(
    request: pytest.FixtureRequest, ground: Ground, work: Path, *, lanes: int, patience: float = PATIENCE
) -> Iterator[Results]:
    """Begin with what this file's selected tests want; ended and cleaned up after the last of them."""
    calls = [
        item.callspec.params
        for item in request.session.items
        if item.path == request.path and isinstance(item, pytest.Function) and hasattr(item, "callspec")
    ]
    wanted = [(row["name"], KINDS[row["kind"]]) for row in calls if "kind" in row]
    drills = cases.load(CAUSES, kubernetes=not ground.is_sandbox)
    yard = Yard(
        origin=ROOT / "drills",
        work=work,
        ground=ground,
        venvs=ROOT / ".pipeline" / "venvs",
        lanes=min(lanes, len(wanted)),
        patience=patience,
    )
    with yard:
        futures = yard.submit([Task(drills[name], look_alike) for name, look_alike in wanted])
        yield dict(zip(wanted, futures, strict=True))


def keep(results: Results, ground: Ground, patience: float, file: Path) -> None:
    """Write what is done as a report, for `make fidelity`, where every drill was run."""
    drills = cases.load(CAUSES, kubernetes=not ground.is_sandbox)
    if len(results) < len(KINDS) * len(drills):
        return
    said = connect(ground.cluster, "drill", ROOT).get("/version")["gitVersion"]
    report = fidelity.Report(ground.cluster.name, said, patience, file)
    for (name, look_alike), future in results.items():
        drill = drills[name]
        try:
            row = fidelity.row(future.result(0), drill.look_alike.differs if look_alike else drill.differs)
        except (PipelineError, TimeoutError) as error:
            row = fidelity.left_out(name, look_alike, str(error))
        report.add(row)


def check(results: Results, name: str, kind: str, seconds: float) -> None:
    """The drill came out as it must, within so many seconds; what it showed is in the message when not."""
    try:
        result = results[name, KINDS[kind]].result(seconds)
    except NotHere as error:
        pytest.skip(error.reason)
    assert result.problems == [], "\n".join(telling.paragraph(result, PATIENCE))
