"""Which checks make a version of an app verified in an environment, and what of them is missing. Pure.

The one place that decides it: the releases in the cluster, status, rollback and the alerts all ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from toolkit.settings.apps.suites import KINDS as SUITES
from toolkit.settings.model import App, Environment

SUPERSEDED = "superseded"
"""In the details of a check that is for a version: another one, which serves instead."""


def has_suite(app: App, kind: str, environment: str) -> bool:
    """Whether an app has a suite of that kind that is meant for an environment."""
    suite = app.suites.get(kind)
    return suite is not None and (not suite.environments or environment in suite.environments)


def checks(app: App, environment: Environment) -> tuple[str, ...]:
    """The stages that must pass for a version after it was deployed, in their order: those of the plan."""
    suites = [kind for kind in SUITES if has_suite(app, kind, environment.name)]
    return ("healthcheck", *suites, *(["watch"] if app.policy_in(environment).soak else []))


def missing(needed: Iterable[str], passed: Collection[str]) -> tuple[str, ...]:
    """The checks that have not passed; a version is verified where there are none."""
    known = whole(passed)
    return tuple(check for check in needed if check not in known)


def part(check: str, shard: tuple[int, int] | None) -> str:
    """The name under which a pass of a part of a suite is noted: acceptance 2/4; of all of it: acceptance."""
    return f"{check} {shard[0]}/{shard[1]}" if shard else check


def whole(passed: Iterable[str]) -> set[str]:
    """The checks that passed, with those whose parts have all passed."""
    known = set(passed)
    for each in list(known):
        check, _, piece = each.partition(" ")
        _, _, count = piece.partition("/")
        if count.isdigit() and all(f"{check} {n}/{count}" in known for n in range(1, int(count) + 1)):
            known.add(check)
    return known
