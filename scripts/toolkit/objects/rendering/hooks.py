"""Helm's hooks as what they become here: nobody runs them, objects are applied in the pipeline's order.

What cannot be meant the same is refused: a Job that is to run after the workloads would run before them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.objects.reading.source import Read
from toolkit.settings.model import App

HOOK, WEIGHT = "helm.sh/hook", "helm.sh/hook-weight"
_TESTS = ("test", "test-success", "test-failure")
_BEFORE = ("pre-install", "pre-upgrade", "crd-install")
_AFTER = ("post-install", "post-upgrade")
# Of deleting and of Helm's own rollback: the pipeline does neither.
_NEVER = ("pre-delete", "post-delete", "pre-rollback", "post-rollback")
_RUNS = ("Job", "Pod")

# What was said of each app, in order, and its charts: for the lines at the beginning of a deployment.
_said: dict[str, dict[str, None]] = {}
_charts: dict[str, set[Path]] = {}


def settled(app: App, found: Iterable[Read]) -> list[Read]:
    """Without what is never applied. Raises Misused for a hook that cannot be what it is for Helm."""
    kept: list[Read] = []
    weights: dict[str, str] = {}
    for place, obj in found:
        words = _hooks(obj)
        if not words:
            kept.append(Read(place, obj))
            continue
        name = f"{obj['kind']}/{obj['metadata']['name']}"
        what = f"{name} (hook {', '.join(words)})"
        if all(word in _TESTS for word in words):
            _say(app, f"{what}: left out: a suite of apps.toml is what tests a deployment")
            continue
        if all(word in (*_TESTS, *_NEVER) for word in words):
            _say(app, f"{what}: left out: the pipeline deletes and rolls back without Helm")
            continue
        runs = obj["kind"] in _RUNS
        if runs and not any(word in _BEFORE for word in words):
            raise Misused(
                f"{place}: {what} is to run after the workloads, and Jobs of the pipeline run before them",
                remedy="make it a pre-install,pre-upgrade hook, a CronJob or a suite, or off by `set`",
            )
        if runs:
            weights[name] = _annotation(obj, WEIGHT) or "0"
            _say(app, f"{what}: a Job of the deployment, run before the workloads whenever it has changed")
        else:
            _say(app, f"{what}: applied with all else")
        kept.append(Read(place, obj))
    if len(set(weights.values())) > 1:
        told = ", ".join(f"{name}: {weight}" for name, weight in weights.items())
        _say(app, f"warning: hooks of different weights run side by side, not one after the other: {told}")
    return kept


def said(app: App) -> Sequence[str]:
    """What was said of the hooks of an app since this process began."""
    return list(_said.get(app.name, {}))


def charts(app: App) -> set[Path]:
    """The folders of the charts that were rendered for an app."""
    return _charts.setdefault(app.name, set())


def _hooks(obj: dict[str, Any]) -> list[str]:
    return [word.strip() for word in _annotation(obj, HOOK).split(",") if word.strip()]


def _annotation(obj: dict[str, Any], key: str) -> str:
    annotations = obj["metadata"].get("annotations")
    return str(annotations.get(key) or "") if isinstance(annotations, dict) else ""


def _say(app: App, line: str) -> None:
    _said.setdefault(app.name, {})[line] = None
