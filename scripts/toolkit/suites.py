"""Runs an app's smoke or acceptance suite against the app where it is deployed."""

from __future__ import annotations

import base64
import os
import re
import threading
import xml.etree.ElementTree as ElementTree
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from toolkit import gateway, tools, venvs
from toolkit.cluster import releases
from toolkit.cluster.connection import Connection, connect
from toolkit.cluster.fields import mapping, text
from toolkit.cluster.resources import built_in
from toolkit.health.healthcheck import NotDeployed, deployed, where_deployed
from toolkit.model import App, SecretKey, Suite
from toolkit.outcome import Failed, Kind, Misused, Outcome, TimedOut
from toolkit.request import Request
from toolkit.spaces import Space, side_by_side
from toolkit.tools import Secret

NO_TESTS = 5  # pytest's exit code when it collected nothing
_PLACEHOLDER = re.compile(r"\{(\w+)(?::([\w-]+)(?:@([\w-]+))?)?\}")


@dataclass(frozen=True)
class Result:
    """What a JUnit file says. failures: (test, first line of its message)."""

    tests: int
    skipped: int
    failures: tuple[tuple[str, str], ...]


def run(request: Request, kind: str) -> Outcome:
    """Run the suite of that kind ("smoke", "acceptance") in every space of the request, side by side."""
    app = request.app
    app.require_code()
    if not goes_to(app, kind, request.environment):
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


def goes_to(app: App, kind: str, environment: str) -> bool:
    """Whether an app has a suite of that kind that is meant for an environment."""
    suite = app.suites.get(kind)
    return suite is not None and (not suite.environments or environment in suite.environments)


_one_environment = threading.Lock()


def in_space(request: Request, kind: str, space: Space) -> Outcome:
    """Run the suite of that kind in one space. Raises NotDeployed; Misused when its files are not there."""
    app = request.app
    suite = app.suites[kind]
    if not (app.path / suite.path).exists():
        key = f"apps.{app.name}.suites.{kind}.path"
        raise Misused(
            f"{app.name}: there is no {app.path / suite.path}", remedy=f"correct {key} in apps.toml"
        )
    with _one_environment:
        python = venvs.python_for(app, request.root, request.say)
    namespace = app.namespace_in(space.name)
    connection, release = deployed(request, space)
    report = request.evidence / f"{kind}-{space.name}.xml"
    report.unlink(missing_ok=True)
    with ExitStack() as stack:
        env = environment_of(request, connection, suite, space.name, stack)
        argv = command(python, app, suite, report)
        space.say(f"running {kind} tests")
        try:
            ran = tools.run(argv, cwd=app.path, env=env, check=False, echo=False, timeout=suite.deadline)
        except TimedOut as error:
            raise TimedOut(
                f"the {kind} suite did not end within {suite.deadline:.0f} s",
                remedy=f"raise apps.{app.name}.suites.{kind}.deadline, or find the test that hangs",
                evidence=error.evidence,
            ) from None
    (request.evidence / f"{kind}-{space.name}.log").write_text(ran.output, encoding="utf-8")
    outcome = judge(kind, ran, read(report))
    if not outcome.passed:
        again = f"make {kind} APP={app.name} ENV={space.name}"
        outcome = outcome._replace(
            remedy=f"what was asked and answered stands above; to run it again: {again}"
        )
    counts = outcome.passed and kind in releases.CHECKS
    if counts and releases.passed(connection, namespace, app.name, kind, release.images):
        space.say(f"release {release.version} is verified")
    return outcome


def command(python: Path, app: App, suite: Suite, report: Path) -> list[str]:
    """The pytest command of a suite."""
    argv = [str(python), "-m", "pytest", str(app.path / suite.path), f"--junitxml={report}"]
    argv += ["--rootdir", str(app.path), "-ra", "--tb=short", "-p", "no:cacheprovider"]
    return argv + (["-n", str(suite.workers)] if suite.workers > 1 else [])


def environment_of(
    request: Request, connection: Connection, suite: Suite, space: str, stack: ExitStack
) -> dict[str, str]:
    """The suite's environment: placeholders filled in, secrets read from the cluster, gateways opened."""
    opened: dict[tuple[str, str], str] = {}
    connections = {space: connection}

    def connected(where: str) -> Connection:
        if where not in connections:
            connections[where] = connect(request.cluster, where, request.root)
        return connections[where]

    def url(other: App, where: str) -> str:
        if (other.name, where) not in opened:
            if other.url:
                opened[other.name, where] = other.url.replace("{space}", where).rstrip("/")
            else:
                _service(connected(where), other, where)
                home, service = other.namespace_in(where), other.service_in(where)
                opened[other.name, where] = stack.enter_context(
                    gateway.opened(connected(where), home, service, other.port)
                )
        return opened[other.name, where]

    def fill(found: re.Match[str]) -> str:
        word, name, where = found.groups()
        if word == "space" and name is None:
            return space
        if word not in ("url", "internal"):
            raise Misused(f"apps.{request.app.name}.suites: {found.group(0)} is not a known placeholder")
        other, where = request.config.app(name) if name else request.app, where or space
        if word == "url":
            return url(other, where)
        service = _service(connected(where), other, where)
        return f"http://{text(service, 'spec', 'clusterIP')}:{other.port}"

    # The gateway is on this machine: no proxy may be asked for it.
    local = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost")))
    filled = {"NO_PROXY": local, "no_proxy": local}
    for variable, value in suite.env.items():
        if isinstance(value, SecretKey):
            secret = value.secret.replace("{space}", space)
            home = (value.namespace or request.app.namespace).replace("{space}", space)
            filled[variable] = secret_of(connection, home, secret, value.key).reveal()
        else:
            filled[variable] = _PLACEHOLDER.sub(fill, value)
    return filled


def secret_of(connection: Connection, namespace: str, name: str, key: str) -> Secret:
    """One key of a Secret in the cluster. Raises Failed, naming both, when it is not there."""
    found = connection.find(built_in("Secret").path(namespace, name))
    encoded = mapping(found, "data").get(key)
    if not isinstance(encoded, str):
        missing = f"has no key {key}" if found else "does not exist"
        raise Failed(f"the Secret {name} in {namespace} {missing}; the suite needs it")
    return Secret(base64.b64decode(encoded).decode("utf-8", "replace"))


def _service(connection: Connection, app: App, space: str) -> dict[str, object]:
    service = connection.find(built_in("Service").path(app.namespace_in(space), app.service_in(space)))
    if service is None:
        raise NotDeployed(app, space)
    return service


def read(report: Path) -> Result | None:
    """A JUnit file; None when there is none, or none that can be read."""
    try:
        root = ElementTree.parse(report).getroot()  # noqa: S314 - written by the pytest that we started
    except (OSError, ElementTree.ParseError):
        return None
    cases = list(root.iter("testcase"))
    failures = []
    for case in cases:
        for problem in (*case.findall("failure"), *case.findall("error")):
            message = _message(problem)
            named = f"{case.get('classname', '')}::{case.get('name', '')}".strip(":")
            failures.append((named, message))
            break
    return Result(len(cases), sum(1 for case in cases if case.find("skipped") is not None), tuple(failures))


def _message(problem: ElementTree.Element) -> str:
    """The first line of what went wrong; where pytest only says that something did, the line that tells."""
    message = (problem.get("message") or "").strip()
    said = [line[1:].strip() for line in (problem.text or "").splitlines() if line.startswith("E ")]
    if said and message.startswith(("collection failure", "failed on ")):
        return said[-1]
    return next(iter(message.splitlines() or said), "no message")


def judge(kind: str, ran: tools.Ran, result: Result | None) -> Outcome:
    """The outcome of a suite: no tests, or none that ran, is a failure."""
    tail = tuple(line for line in ran.output.splitlines() if line.strip())[-15:]
    if result is None:
        reason = f"the {kind} suite ended with code {ran.code} and left no report"
        return Outcome(Kind.FAILED, reason, evidence=tail)
    details = {"tests": result.tests, "failures": len(result.failures), "seconds": round(ran.seconds, 2)}
    if result.failures:
        listed = "; ".join(f"{test}: {message}" for test, message in result.failures[:5])
        more = f"; and {len(result.failures) - 5} more" if len(result.failures) > 5 else ""
        reason = f"{len(result.failures)} of {result.tests} {kind} tests failed: {listed}{more}"
        return Outcome(Kind.FAILED, reason, evidence=tail, details=details)
    if ran.code == NO_TESTS or result.tests == result.skipped:
        return Outcome(Kind.FAILED, f"the {kind} suite ran no test at all", evidence=tail, details=details)
    if ran.code != 0:
        reason = f"the {kind} suite ended with code {ran.code}"
        return Outcome(Kind.FAILED, reason, evidence=tail, details=details)
    return Outcome(reason=f"{result.tests} {kind} tests passed", details=details)
