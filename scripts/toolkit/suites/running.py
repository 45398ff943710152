"""Runs an app's smoke or acceptance suite against the app where it is deployed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from toolkit.base import console, tools
from toolkit.base.outcome import Misused, Outcome, TimedOut
from toolkit.base.spaces import Space, side_by_side
from toolkit.checks import venvs
from toolkit.checks.reports.opening import without_secrets
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release.releases import Release
from toolkit.cluster.standing.verified import Look
from toolkit.health.healthcheck import deployed, where_deployed
from toolkit.settings import secrecy
from toolkit.settings.elsewhere import Code, code_of
from toolkit.settings.model import App, Suite
from toolkit.settings.needed import has_suite, part
from toolkit.settings.request import Request, version
from toolkit.suites import by_command, by_pytest, memory, ready, report, selection, words
from toolkit.suites.environment import environment_of
from toolkit.suites.job import Job
from toolkit.suites.selection import Selection

MakeJob = Callable[[Path], Job]


def run(request: Request, kind: str) -> Outcome:
    """Run the suite of that kind ("smoke", "acceptance") in every space of the request, side by side."""
    app = request.app
    app.require_code()
    chosen = selection.of(request.options)  # what makes no sense is said once, before anything begins
    if not has_suite(app, kind, request.environment):
        where = f" for {request.environment}" if kind in app.suites else ""
        if request.named:
            raise Misused(
                f"{app.name} has no {kind} suite{where}",
                remedy=f"declare it in apps.toml: [apps.{app.name}.suites.{kind}]",
            )
        return Outcome(reason=f"{app.name} has no {kind} suite{where}")
    if app.suites[kind].command:
        by_command.require_whole(app, kind, chosen)
    code_of(request.config, app, kind)

    def one(space: Space) -> Outcome:
        return in_space(request, kind, space)

    return side_by_side(request.spaces, where_deployed(request, one), request.say)


_one_environment = threading.Lock()


def in_space(request: Request, kind: str, space: Space, *, again: bool = False) -> Outcome:
    """Run the suite of that kind in one space. again: on a release that it was passed for before.

    Raises NotDeployed; Misused when its files are not there, or cannot be had; Superseded when another
    release serves than the one that is meant, or came meanwhile.
    """
    app = request.app
    suite = app.suites[kind]
    with _one_environment:
        code = code_of(request.config, app, kind)
    chosen = selection.of(request.options)
    before = memory.Memory()
    if not suite.command:
        before = memory.read(memory.file_of(request.root, app, kind, space.name))
        if chosen.only and before.ended and not before.failed:
            return Outcome(reason=f"no {kind} test failed when they last ran here, so none was run")
    job = _maker(request, kind, code, space, chosen, before)
    connection, release = deployed(request, space)
    look = Look(request, space, connection, release)
    counts = again or _counts(request, kind, code, release, space)

    def work() -> Outcome:
        return _run(request, kind, space, connection, release, code, job, chosen, before)

    return look.judged(part(kind, chosen.shard), work, counts=counts and not chosen.only)


def _counts(request: Request, kind: str, code: Code, release: Release, space: Space) -> bool:
    """Whether a pass is one of the release that serves: of that of this run's commit.

    An app's own suite tells of the version that it comes with, and proves nothing of another one. Which
    commit of a suite from elsewhere judges a version, and how, is said by this run's configuration: it judges
    what this run is about, and not what somebody else deployed.
    """
    mine = version(request.source)
    if mine == release.version:
        return True
    if code.is_elsewhere:
        space.say(
            f"{release.version} serves and this run is of {mine}: what the suite says counts for neither"
        )
    else:
        space.say(f"this is the {kind} suite of {mine}: it counts for no other version")
    return False


def _maker(
    request: Request, kind: str, code: Code, space: Space, chosen: Selection, before: memory.Memory
) -> MakeJob:
    """What makes the job of a suite, once it is made ready: an interpreter only where one is asked for."""
    app, suite = request.app, request.app.suites[kind]
    whose = app._replace(name=f"{app.name}-{kind}", path=code.top) if code.is_elsewhere else app

    def python() -> Path:
        with _one_environment:
            return venvs.python_for(whose, request.root, request.say)

    if not suite.command:
        with ready.or_not_judged(app, kind):
            interpreter = python()
        known = {} if chosen.keeps else memory.committed(code.path)
        return lambda folder: by_pytest.job(interpreter, code, suite, folder, chosen, before, known)
    ways = request.config.ways[suite.language] if suite.language else app.ways
    home = by_command.home_of(code, ways.lockfiles)
    with ready.or_not_judged(app, kind), _one_environment:
        env = ready.environment(request, kind, ways, home)
    return lambda folder: by_command.job(code, home, suite, folder, space.name, env, request.root, python)


def _run(
    request: Request,
    kind: str,
    space: Space,
    connection: Connection,
    release: Release,
    code: Code,
    make: MakeJob,
    chosen: Selection,
    before: memory.Memory,
) -> Outcome:
    app = request.app
    suite = app.suites[kind]
    remembered = memory.file_of(request.root, app, kind, space.name)
    folder = request.evidence / f"{kind}-{space.name}"
    folder.mkdir(parents=True, exist_ok=True)
    job = make(folder)
    with ExitStack() as stack:
        env = environment_of(request, connection, suite, space.name, stack, job.words)
        space.say(f"running {code.told(kind) if code.is_elsewhere else f'{kind} tests'}")
        try:
            ran = tools.run(
                job.argv,
                cwd=job.cwd,
                env={**env, **job.env},
                inherited=secrecy.for_the_app(os.environ, request.config, request.cluster, app),
                check=False,
                echo=False,
                timeout=suite.deadline,
                apart=job.prints,
                alone=True,
            )
        except TimedOut as error:
            without_secrets(job.report)
            if not suite.command:
                memory.keep(remembered, memory.after(before, {}, is_partial=True))
            words.keep(folder, request, connection, space.name)
            raise _too_late(kind, app, suite, folder, error) from None
    folder.with_suffix(".log").write_text(ran.output, encoding="utf-8")
    if job.prints:
        job.report.write_text(ran.answer.reveal(), encoding="utf-8")
    found = report.read(job.report, job.format, code.top)
    if suite.command:
        results = {} if isinstance(found, report.NotReadable) else report.results(found)
    else:
        results = memory.results(folder / by_pytest.RESULTS)
        if chosen.shard and ran.code == report.NO_TESTS and not results:
            number, count = chosen.shard
            details = {"version": release.version, "part": f"{number}/{count}"}
            return Outcome(reason=f"no {kind} test falls into part {number} of {count}", details=details)
    outcome = report.judge(kind, ran, found, report.flaky(results))
    if not suite.command:
        known = memory.after(before, results, is_partial=chosen.is_partial, passed=outcome.passed)
        memory.keep(remembered, known)
    outcome = _of_which(kind, code, _tell(kind, space, outcome, results))
    if not outcome.passed:
        words.keep(folder, request, connection, space.name)
        return outcome._replace(remedy=_remedy(request, kind, space, folder, outcome))
    if chosen.keeps:
        file = memory.commit(code.path, results)
        space.say(f"wrote {console.shown(file)}")
    about = {"version": release.version, **({"part": part("", chosen.shard).strip()} if chosen.shard else {})}
    return outcome._replace(details={**outcome.details, **about})


def _too_late(kind: str, app: App, suite: Suite, folder: Path, error: TimedOut) -> TimedOut:
    return TimedOut(
        f"the {kind} suite did not end within {suite.deadline:.0f} s",
        remedy=f"raise apps.{app.name}.suites.{kind}.deadline, or find the test that hangs; "
        f"the pods' logs are in {console.shown(folder)}",
        evidence=error.evidence,
    )


def _remedy(request: Request, kind: str, space: Space, folder: Path, outcome: Outcome) -> str:
    app = request.app
    again = f"make {kind} APP={app.name} ENV={space.name}"
    again += "" if app.suites[kind].command else " ONLY=failed"
    said = (
        outcome.remedy,
        f"what was asked and answered stands above; the pods' logs and what a browser saw are in "
        f"{console.shown(folder)}; what failed runs again with: {again}",
    )
    return "\n".join(filter(None, said))


def _of_which(kind: str, code: Code, outcome: Outcome) -> Outcome:
    """The outcome, with the suite that it is of: of one from elsewhere its repository and its commit."""
    if not code.is_elsewhere:
        return outcome
    details = {**outcome.details, "suite": {"repository": code.url, "commit": code.commit}}
    return outcome._replace(reason=f"{outcome.reason} ({code.told(kind)})", details=details)


def _tell(kind: str, space: Space, outcome: Outcome, results: memory.Results) -> Outcome:
    """Show the slowest tests, and keep them with the outcome."""
    rows = report.slowest(results)
    if kind == "acceptance" and rows:
        space.say("the slowest tests:")
        for line in report.table(rows):
            space.say(line)
    slow = {"slowest": {test: round(seconds, 2) for seconds, test in rows}} if rows else {}
    return outcome._replace(details={**outcome.details, **slow})
