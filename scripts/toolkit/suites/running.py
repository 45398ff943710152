"""Runs an app's smoke or acceptance suite against the app where it is deployed."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from pathlib import Path

from toolkit.base import console, tools
from toolkit.base.outcome import Misused, Outcome, TimedOut
from toolkit.base.spaces import Space, side_by_side
from toolkit.checks import venvs
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release.releases import Release
from toolkit.cluster.standing.verified import Look
from toolkit.health.healthcheck import deployed, where_deployed
from toolkit.runs.record import write_json
from toolkit.settings import secrecy
from toolkit.settings.model import App, Suite
from toolkit.settings.needed import has_suite, part
from toolkit.settings.request import Request, version
from toolkit.suites import memory, report, selection, words
from toolkit.suites.environment import environment_of
from toolkit.suites.selection import Selection

PLUGIN = Path(__file__).parent / "plugin"
RESULTS = "results.json"  # what the plugin leaves


def run(request: Request, kind: str) -> Outcome:
    """Run the suite of that kind ("smoke", "acceptance") in every space of the request, side by side."""
    app = request.app
    app.require_code()
    selection.of(request.options)  # what makes no sense is said once, before anything begins
    if not has_suite(app, kind, request.environment):
        where = f" for {request.environment}" if kind in app.suites else ""
        if request.named:
            raise Misused(
                f"{app.name} has no {kind} suite{where}",
                remedy=f"declare it in apps.toml: [apps.{app.name}.suites.{kind}]",
            )
        return Outcome(reason=f"{app.name} has no {kind} suite{where}")

    def one(space: Space) -> Outcome:
        return in_space(request, kind, space)

    return side_by_side(request.spaces, where_deployed(request, one), request.say)


_one_environment = threading.Lock()


def in_space(request: Request, kind: str, space: Space, *, again: bool = False) -> Outcome:
    """Run the suite of that kind in one space. again: on a release that it was passed for before.

    Raises NotDeployed; Misused when its files are not there; Superseded when another release serves than the
    one that is meant, or came meanwhile.
    """
    app = request.app
    suite = app.suites[kind]
    if not (app.path / suite.path).exists():
        key = f"apps.{app.name}.suites.{kind}.path"
        raise Misused(
            f"{app.name}: there is no {app.path / suite.path}", remedy=f"correct {key} in apps.toml"
        )
    chosen = selection.of(request.options)
    remembered = memory.file_of(request.root, app, kind, space.name)
    before = memory.read(remembered)
    if chosen.only and before.ended and not before.failed:
        return Outcome(reason=f"no {kind} test failed when they last ran here, so none was run")
    with _one_environment:
        python = venvs.python_for(app, request.root, request.say)
    connection, release = deployed(request, space)
    look = Look(request, space, connection, release)
    # A suite tells of the version that it comes with: of another one it proves nothing.
    own = again or version(request.source) == release.version
    if not own:
        space.say(f"this is the {kind} suite of {version(request.source)}: it counts for no other version")

    def work() -> Outcome:
        return _run(request, kind, space, connection, release, python, chosen, before)

    return look.judged(part(kind, chosen.shard), work, counts=own and not chosen.only)


def _run(
    request: Request,
    kind: str,
    space: Space,
    connection: Connection,
    release: Release,
    python: Path,
    chosen: Selection,
    before: memory.Memory,
) -> Outcome:
    app = request.app
    suite = app.suites[kind]
    remembered = memory.file_of(request.root, app, kind, space.name)
    folder = request.evidence / f"{kind}-{space.name}"
    folder.mkdir(parents=True, exist_ok=True)
    told = _told(folder, chosen, before, {} if chosen.keeps else memory.committed(app, suite.path))
    with ExitStack() as stack:
        env = environment_of(request, connection, suite, space.name, stack) | told
        space.say(f"running {kind} tests")
        try:
            ran = tools.run(
                command(python, app, suite, _junit(folder)),
                cwd=app.path,
                env=env,
                inherited=secrecy.for_the_app(os.environ, request.config, request.cluster, app),
                check=False,
                echo=False,
                timeout=suite.deadline,
            )
        except TimedOut as error:
            memory.keep(remembered, memory.after(before, {}, is_partial=True))
            words.keep(folder, request, connection, space.name)
            raise _too_late(kind, app, suite, folder, error) from None
    folder.with_suffix(".log").write_text(ran.output, encoding="utf-8")
    results = memory.results(folder / RESULTS)
    if chosen.shard and ran.code == report.NO_TESTS and not results:
        number, count = chosen.shard
        details = {"version": release.version, "part": f"{number}/{count}"}
        return Outcome(reason=f"no {kind} test falls into part {number} of {count}", details=details)
    outcome = report.judge(kind, ran, report.read(_junit(folder)), report.flaky(results))
    known = memory.after(before, results, is_partial=chosen.is_partial, passed=outcome.passed)
    memory.keep(remembered, known)
    outcome = _tell(kind, space, outcome, results)
    if not outcome.passed:
        words.keep(folder, request, connection, space.name)
        again = f"make {kind} APP={app.name} ENV={space.name}"
        return outcome._replace(
            remedy=f"what was asked and answered stands above; the pods' logs and what a browser saw are in "
            f"{console.shown(folder)}; what failed runs again with: {again} ONLY=failed"
        )
    if chosen.keeps:
        file = memory.commit(app, suite.path, results)
        space.say(f"wrote {console.shown(file)}")
    about = {"version": release.version, **({"part": part("", chosen.shard).strip()} if chosen.shard else {})}
    return outcome._replace(details={**outcome.details, **about})


def _junit(folder: Path) -> Path:
    return folder.with_suffix(".xml")


def _too_late(kind: str, app: App, suite: Suite, folder: Path, error: TimedOut) -> TimedOut:
    return TimedOut(
        f"the {kind} suite did not end within {suite.deadline:.0f} s",
        remedy=f"raise apps.{app.name}.suites.{kind}.deadline, or find the test that hangs; "
        f"the pods' logs are in {console.shown(folder)}",
        evidence=error.evidence,
    )


def command(python: Path, app: App, suite: Suite, junit: Path) -> list[str]:
    """The pytest command of a suite; its workers take the tests one by one, the longest first."""
    argv = [str(python), "-m", "pytest", str(app.path / suite.path), f"--junitxml={junit}"]
    argv += ["--rootdir", str(app.path), "-ra", "--tb=short", "-p", "no:cacheprovider", "-p", "fb_selection"]
    return argv + (["-n", str(suite.workers), "--maxschedchunk", "1"] if suite.workers > 1 else [])


def _told(
    folder: Path, chosen: Selection, before: memory.Memory, committed: dict[str, float]
) -> dict[str, str]:
    """The environment of the plugin, and the folder for what a test leaves behind.

    The parts of a suite must be cut alike on every machine, so they go by what comes with the app alone.
    """
    durations = committed if chosen.shard else {**committed, **before.durations}
    wanted = folder / "selection.json"
    write_json(
        wanted,
        {
            "durations": durations,
            "shard": chosen.shard,
            "repeat": chosen.repeat,
            "only": list(before.failed) if chosen.only and before.ended else None,
        },
    )
    path = os.pathsep.join(filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH"))))
    results = folder / RESULTS
    for earlier in (results, _junit(folder)):
        earlier.unlink(missing_ok=True)
    return {
        "PYTHONPATH": path,
        "FB_SELECTION": str(wanted),
        "FB_RESULTS": str(results),
        "SUITE_REPORTS": str(folder),
    }


def _tell(kind: str, space: Space, outcome: Outcome, results: memory.Results) -> Outcome:
    """Show the slowest tests, and keep them with the outcome."""
    rows = report.slowest(results)
    if kind == "acceptance" and rows:
        space.say("the slowest tests:")
        for line in report.table(rows):
            space.say(line)
    slow = {"slowest": {test: round(seconds, 2) for seconds, test in rows}} if rows else {}
    return outcome._replace(details={**outcome.details, **slow})
