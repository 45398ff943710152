"""Asks about every pin whom apps.toml names, and renews advisories/registry.json with the answers."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from toolkit.base.outcome import Failed, Outcome
from toolkit.checks import requirements
from toolkit.checks.advisories import answers, asking, database, sources
from toolkit.settings import command


def run(request: command.Request) -> Outcome:
    """Every pin of every app that has code, and of the toolkit itself."""
    folders = [app.path for app in request.config.apps.values() if not app.pending and app.path.is_dir()]
    files = [file for folder in [request.root, *folders] for file in requirements.files_of(folder)]
    pins = sorted(
        {(each.name, each.version) for file in files for each in requirements.read(file) if each.version}
    )
    names = request.config.security.ask
    request.say(f"asking {' and '.join(names) or 'nobody'} about {len(pins)} pins")
    cache = asking.folder(database.folder(request.root))
    told = asking.ask(cache, names, pins, datetime.now(UTC).date(), anew=True)
    for trouble in told.troubles:
        request.say(f"WARNING: {trouble}")
    if pins and not told.answers:
        raise Failed(
            f"nobody told anything about any of {len(pins)} pins",
            remedy="is the package registry reachable, and does it tell vulnerabilities? OSV does: "
            'ask = ["registry", "osv"] in [security] of apps.toml',
            evidence=told.troubles,
        )
    answers.keep(request.root / sources.ANSWERS, pins, told.answers)
    found = [f"{name} {version}" for (name, version), answer in told.answers.items() if answer.advisories]
    for each in found:
        request.say(f"vulnerable: {each}")
    if told.silent:
        names_of_silent = ", ".join(f"{name} {version}" for name, version in told.silent)
        request.say(f"WARNING: nobody answers for {len(told.silent)} pins: {names_of_silent}")
    reason = f"{len(told.answers)} of {len(pins)} pins are answered for, {len(found)} have advisories"
    return Outcome(
        reason=f"{reason}; kept in {sources.ANSWERS}",
        details={"pins": len(pins), "answered": len(told.answers), "vulnerable": found},
    )


if __name__ == "__main__":
    sys.exit(command.main(run, stage="advisories", help=__doc__ or "", app="none", place="none"))
