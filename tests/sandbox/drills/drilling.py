"""Drills for the tests: those that were asked for run side by side, each test waits for its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from toolkit.drills import cases, telling
from toolkit.drills.cases import Drill
from toolkit.drills.grounds.sandbox import Sandbox as Ground
from toolkit.drills.running import Result
from toolkit.drills.yard import Task, Yard
from toolkit.settings.config import Config

from tests.sandbox.local import ROOT, Sandbox

DRILLS = cases.load(ROOT / "drills" / "causes.toml")
PATIENCE = 0.05  # 60 s become 3 s
LANES = 3
SECONDS = 900  # for all of them together, on a machine that is busy
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
    request: pytest.FixtureRequest, sandbox: Sandbox, work: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Results]:
    """Begin with what this file's selected tests want; ended and cleaned up after the last of them."""
    calls = [
        item.callspec.params
        for item in request.session.items
        if item.path == request.path and isinstance(item, pytest.Function) and hasattr(item, "callspec")
    ]
    wanted = [(row["name"], KINDS[row["kind"]]) for row in calls if "kind" in row]
    monkeypatch.setenv("SANDBOX_STATE", str(sandbox.state))
    yard = Yard(
        origin=ROOT / "drills",
        work=work,
        ground=Ground(Config.load(ROOT / "apps.toml").cluster("sandbox"), sandbox.state),
        venvs=ROOT / ".pipeline" / "venvs",
        lanes=min(LANES, len(wanted)),
        patience=PATIENCE,
    )
    with yard:
        futures = yard.submit([Task(DRILLS[name], look_alike) for name, look_alike in wanted])
        yield dict(zip(wanted, futures, strict=True))


def check(results: Results, name: str, kind: str) -> None:
    """The drill came out as it must; what it showed is in the message when not."""
    result = results[name, KINDS[kind]].result(SECONDS)
    assert result.problems == [], "\n".join(telling.paragraph(result, PATIENCE))
