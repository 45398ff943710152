"""The scans that need more than a command: bandit and safety. Each ends in findings or in the reason why it
could not run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from toolkit.base import tools
from toolkit.base.outcome import Failed, Misused, Outcome
from toolkit.checks import commands, requirements
from toolkit.checks.advisories import database
from toolkit.checks.reports.findings import Finding
from toolkit.checks.security import bandit, safety

if TYPE_CHECKING:
    from toolkit.settings.command import Request

TIMEOUT_SECONDS = 300.0
ADVICE = (
    "`make advisories` asks about every pin; where your package registry tells no vulnerabilities, "
    'let OSV be asked too: ask = ["registry", "osv"] in [security]'
)


@dataclass(frozen=True)
class Scan:
    """What a scan found, or why it did not come to an end, and what the record should keep."""

    findings: Sequence[Finding] = ()
    failure: Outcome | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def run_bandit(request: Request, row: Sequence[str], _today: date) -> Scan:
    """bandit over the app's code, its tests left out, and over the folders that the row names after it."""
    settings, report = request.evidence / "bandit.ini", request.evidence / "bandit.json"
    settings.write_text(bandit.SETTINGS, encoding="utf-8")
    within = request.app.path in bandit.TOOLKIT.parents
    toolkit = bandit.TOOLKIT.relative_to(request.app.path) if within else None
    more = commands.expand(row[1:], commands.placeholders(request))
    argv = bandit.argv(sys.executable, settings, report, more, toolkit)
    # Its plugin loader keeps a cache, by default in the home directory.
    caches = {"XDG_CACHE_HOME": str(request.root / ".pipeline" / "cache")}
    ran = commands.run(argv, cwd=request.app.path, timeout=TIMEOUT_SECONDS, env=caches)
    try:
        return Scan(bandit.read(report, ran.code, ran.tail()))
    except Failed as failure:
        return Scan(failure=failure.outcome)


def run_safety(request: Request, _row: Sequence[str], today: date) -> Scan:
    """safety over every pin of the app's requirements files, by the best advisories that can be had."""
    app, root = request.app, request.root
    files = requirements.files_of(app.path)
    wanted = [each for file in files for each in requirements.read(file)]
    if not wanted:
        raise Misused(
            f"{app.name}: there are no requirements*.txt with packages in {app.path}",
            remedy=f'pin its packages, or set `security = [["bandit"]]` in [apps.{app.name}]',
        )
    loose = [each for each in wanted if not each.version]
    wanted = [each for each in wanted if each.version]
    unpinned = [safety.unpinned(each, app.path) for each in loose]
    try:
        pins = sorted({(each.name, each.version) for each in wanted})
        policy = request.config.security
        advisories = database.prepare(root, database.mode(), pins, today, request.say, policy.ask)
        _announce(request, advisories, today)
        report, home = request.evidence / "safety.json", root / ".pipeline" / "cache" / "safety"
        home.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        pinned = request.evidence / "pins.txt"  # safety stumbles over what is not a pin, and over a BOM
        pinned.write_text("".join(f"{name}=={pin}\n" for name, pin in pins), encoding="utf-8")
        argv = safety.argv(sys.executable, advisories.folder, [pinned], report)
        request.say(f"$ {tools.quoted(argv)}")
        # Not shown as it runs: it prints the same report, as JSON, and an advertisement.
        ran = tools.run(argv, env=safety.environment(home), check=False, echo=False, timeout=TIMEOUT_SECONDS)
        found = safety.read(report, ran.code, wanted, app.path, ran.tail())
    except Failed as failure:
        return Scan(unpinned, failure=failure.outcome)
    age = advisories.age(today)
    return Scan(
        [*unpinned, *found],
        details={
            "packages": len(pins),
            "advisories": advisories.description,
            "advisories_age": age,
            "advisories_of": str(advisories.dated or ""),
            "unanswered": len(advisories.unknown) if advisories.asked else 0,
        },
    )


def scan(request: Request, words: Sequence[str], today: date) -> Scan | None:
    """`bandit [folder ...]` and `safety`; None for all else, which stages/rows.py runs."""
    if words[0] == "bandit" and not any(word.startswith("-") for word in words):
        return run_bandit(request, words, today)
    return run_safety(request, words, today) if tuple(words) == ("safety",) else None


def _announce(request: Request, advisories: database.Database, today: date) -> None:
    """Say what the packages are judged by; warn when it is old, fail when apps.toml says so."""
    age = advisories.age(today)
    request.say(f"advisories: {advisories.description}")
    for warning in advisories.warnings:
        request.say(f"WARNING: {warning}")
    for trouble in advisories.troubles:
        request.say(f"WARNING: {trouble}: what was found lately is not known")
    if advisories.asked and advisories.unknown:
        names = ", ".join(f"{name} {version}" for name, version in advisories.unknown)
        request.say(f"WARNING: nobody answers for {len(advisories.unknown)} pins: {names}")
    old = f"{age} days old" if age is not None else "of no known age"
    for limit, where in _limits(request):
        if _older(age, limit):
            raise Failed(
                f"the advisories are {old}, more than {where} in {request.config.file.name} allows",
                remedy=ADVICE,
            )
    if _older(age, request.config.security.warn_after):
        request.say(
            f"WARNING: the advisories are {old}; a pass says nothing of what was found since. {ADVICE}"
        )


def _limits(request: Request) -> Iterator[tuple[float, str]]:
    """How old advisories may be: for every run, and for one that may go on to an environment with a limit.

    The embedded sandbox is no such place, whatever its environments are called.
    """
    if request.config.security.fail_after:
        yield request.config.security.fail_after, "security.advisories_fail_after"
    if request.cluster.provision:
        return
    for environment in request.config.environments.values():
        rules = request.app.policy_in(environment)
        limit = rules.advisories_fail_after
        if limit and request.app.goes_to(environment.name) and rules.admits(request.source.branch):
            yield limit, f"{rules.where('advisories_fail_after')}.advisories_fail_after"


def _older(age: int | None, seconds: float) -> bool:
    return age is None or age * 86400 > seconds
