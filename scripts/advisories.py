"""Asks the package registry what it knows of every pin, and renews advisories/registry.json with it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from toolkit.base.outcome import Failed, Outcome
from toolkit.checks import requirements
from toolkit.checks.advisories import registry, sources
from toolkit.settings import command


def run(request: command.Request) -> Outcome:
    """Every pin of every app that has code, and of the toolkit itself."""
    folders = [app.path for app in request.config.apps.values() if not app.pending and app.path.is_dir()]
    files = [file for folder in [request.root, *folders] for file in requirements.files_of(folder)]
    pins = sorted(
        {(each.name, each.version) for file in files for each in requirements.read(file) if each.version}
    )
    asked = registry.configured()
    request.say(f"asking {asked.address} about {len(pins)} pins")
    today = datetime.now(UTC).date()
    answers = registry.ask(asked, pins, today)
    file = request.root / sources.REGISTRY
    registry.keep(file, pins, answers)
    silent = [f"{name} {version}" for name, version in pins if (name, version) not in answers]
    found = [f"{name} {version}" for (name, version), answer in answers.items() if answer["advisories"]]
    if pins and not answers:
        raise Failed(
            f"{asked.address} told nothing about any of {len(pins)} pins", remedy="is the registry reachable?"
        )
    for each in found:
        request.say(f"vulnerable: {each}")
    if silent:
        request.say(f"WARNING: it told nothing about {len(silent)} pins: {', '.join(silent)}")
    reason = f"{len(answers)} of {len(pins)} pins are answered for, {len(found)} have advisories"
    return Outcome(
        reason=f"{reason}; kept in {sources.REGISTRY}",
        details={"pins": len(pins), "answered": len(answers), "vulnerable": found},
    )


if __name__ == "__main__":
    sys.exit(command.main(run, stage="advisories", help=__doc__ or "", app="none", place="none"))
