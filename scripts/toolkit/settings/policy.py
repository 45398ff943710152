"""Who may deploy where: the branch rule and the approval rule of an environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Refused
from toolkit.runs.record import HOME, now, read_json, write_json
from toolkit.settings.model import App, Environment
from toolkit.settings.request import Request, version

APPROVE = "APPROVE"


def check(request: Request) -> str:
    """Raises Refused, naming the rule and where it is written; returns a sentence on why it is allowed."""
    if request.place is None:
        return "no environment, no rule"
    environment = request.place.environment
    source = request.source
    rule = f"environments.{environment.name} in {request.config.file.name}"
    if not environment.admits(request.app, source.branch):
        admitted = ", ".join(environment.branches_of(request.app))
        raise Refused(
            f'branch "{source.branch}" may not go to {environment.name}: {rule} says branches = [{admitted}]',
            remedy=f"merge it to {admitted}; branches may go to test: make pipeline APP={request.app.name}",
        )
    if environment.approval == "auto":
        return f'approval = "auto" ({rule})'
    if os.environ.get(APPROVE, "") not in ("", "0"):
        return f"approved by {APPROVE}={os.environ[APPROVE]} of {source.author or 'this run'}"
    given = read_json(_file(request.root, request.app, environment, version(source)))
    if isinstance(given, dict):
        return f"approved by {given.get('by', 'somebody')} at {given.get('at', 'some time')}"
    raise Refused(
        f'{environment.name} waits for an approval of {version(source)}: {rule} says approval = "manual"',
        remedy=f"make approve APP={request.app.name} ENV={environment.name}, then run this again",
    )


def approve(request: Request, by: str) -> dict[str, Any]:
    """Keep the approval of this very commit; another commit needs another one."""
    assert request.place is not None  # noqa: S101 - approve.py requires a place
    given = {
        "app": request.app.name,
        "environment": request.place.environment.name,
        "commit": request.source.commit,
        "version": version(request.source),
        "by": by,
        "at": now(),
    }
    write_json(_file(request.root, request.app, request.place.environment, version(request.source)), given)
    return given


def _file(root: Path, app: App, environment: Environment, name: str) -> Path:
    return root / HOME / "approvals" / f"{app.name}-{environment.name}-{name}.json"
