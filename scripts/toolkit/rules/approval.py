"""What an approval stands on: the commit, the images that were built of it, and how its checks ended.

An approval is of exactly that. What was not known when it was given (nothing was built yet) binds nothing;
what was known and is different now, or a check that failed since, needs another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.ci.origin import Source
from toolkit.runs import built, record
from toolkit.runs.record import HOME, read_json, write_json
from toolkit.runs.words import masked
from toolkit.settings.model import App, Cluster, Environment
from toolkit.settings.request import version

LOOK_BACK = 50  # runs of the same app
_PASSED = "passed"
# Ends that say something of the version; others (interrupted, refused) leave the earlier word standing.
_TELLING = (_PASSED, "failed", "timed out")


class Basis(NamedTuple):
    """images: role to digest; checks: stage to how it ended last for this version."""

    commit: str
    images: dict[str, str]
    checks: dict[str, str]

    @property
    def words(self) -> str:
        """What it is, for a sentence."""
        passed = sum(outcome == _PASSED for outcome in self.checks.values())
        if not self.images and not self.checks:
            return "nothing of it was built or checked here"
        bad = [id for id, outcome in self.checks.items() if outcome != _PASSED]
        failed = f", not passed: {', '.join(bad)}" if bad else ""
        return f"{len(self.images)} images, {passed} checks passed{failed}"


def basis(root: Path, app: App, cluster: Cluster, environment: Environment, source: Source) -> Basis:
    """What an approval that is given now stands on: the checks are those before the environment."""
    checks: dict[str, str] = {}
    mine = (data for data in record.runs(root) if data.get("app") == app.name)
    for data in islice(mine, LOOK_BACK):
        if data.get("version") != version(source) or data.get("cluster") != cluster.name:
            continue
        for entry in reversed(data["stages"]):
            if entry.get("environment") != environment.name and entry["outcome"] in _TELLING:
                checks.setdefault(entry["id"], entry["outcome"])
    checks.pop("alert", None)
    return Basis(source.commit, built.digests(root, app.name, cluster.name), dict(sorted(checks.items())))


def changed(given: Mapping[str, Any], now: Basis) -> str:
    """What is different from what was approved, as a clause; "" when nothing is."""
    if given.get("commit") != now.commit:
        return f"it was for commit {given.get('commit') or '(none)'}"
    images, checks = given.get("images"), given.get("checks")
    if images and images != masked(now.images):
        return "the images are others than those that were approved"
    before = checks if isinstance(checks, dict) else {}
    for id, outcome in before.items():
        if now.checks.get(id, outcome) != outcome:
            return f"{id} has {now.checks[id]} since; when it was approved it had {outcome}"
    for id, outcome in now.checks.items():
        if outcome != _PASSED and id not in before:
            return f"{id} has {outcome} since"
    return ""


def keep(root: Path, app: App, environment: Environment, name: str, given: Mapping[str, Any]) -> None:
    """Keep an approval of the version of that name."""
    write_json(_file(root, app, environment, name), given)


def read(root: Path, app: App, environment: Environment, name: str) -> Mapping[str, Any] | None:
    """The approval of the version of that name; None when there is none for this app and environment."""
    given = read_json(_file(root, app, environment, name))
    if not isinstance(given, dict):
        return None
    mine = (given.get("app"), given.get("environment")) == (app.name, environment.name)
    return given if mine else None


def _file(root: Path, app: App, environment: Environment, name: str) -> Path:
    return root / HOME / "approvals" / f"{app.name}-{environment.name}-{name}.json"
