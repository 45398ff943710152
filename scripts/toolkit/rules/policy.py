"""Who may deploy where: the rules of an environment on commits, branches and approval."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from toolkit.base.outcome import Refused
from toolkit.ci.origin import NO_BRANCH
from toolkit.rules import approval
from toolkit.runs.record import now
from toolkit.settings.model import App
from toolkit.settings.request import Request, version
from toolkit.settings.sandbox import is_sandbox

APPROVE = "APPROVE"


def check(request: Request) -> str:
    """Raises Refused, naming the rule and where it is written; returns a sentence on why it is allowed."""
    if request.place is None:
        return "no environment, no rule"
    environment, rules = request.place.environment, request.policy
    source, file = request.source, request.config.file.name
    if rules.branches or rules.approval != "auto":
        _require_commit(request)
        if source.dirty and not is_sandbox(request.cluster):
            raise Refused(
                f"{environment.name} of {request.cluster.name} takes commits only, and {_not_clean(request)}",
                remedy=source.remedy
                or f"{_status(request)} shows them: commit them, or CLUSTER=sandbox to try them",
            )
    if not rules.admits(source.branch):
        admitted = ", ".join(rules.branches)
        rule = f"{rules.where('branches')} in {file}"
        raise Refused(
            f'branch "{source.branch}" may not go to {environment.name}: {rule} says branches = [{admitted}]',
            remedy=_way_out(request, admitted),
        )
    rule = f"{rules.where('approval')} in {file}"
    if rules.approval == "auto":
        return f'approval = "auto" ({rule})'
    if os.environ.get(APPROVE, "") not in ("", "0"):
        return f"approved by {APPROVE}={os.environ[APPROVE]} of {source.author or 'this run'}"
    given = approval.read(request.root, request.app, environment, version(source))
    again = f"make approve APP={request.app.name} ENV={environment.name}, then run this again"
    if given is None:
        raise Refused(
            f'{environment.name} waits for an approval of {version(source)}: {rule} says approval = "manual"',
            remedy=again,
        )
    by = f"approved by {given.get('by', 'somebody')} at {given.get('at', 'some time')}"
    if why := approval.changed(given, _basis(request)):
        raise Refused(
            f"{environment.name} waits for another approval of {version(source)}: it was {by}, and {why}",
            remedy=again,
        )
    return by


def along(request: Request, needs: Iterable[App]) -> None:
    """Apps that are deployed because the request's needs them: Raises Refused for one whose own table has
    rules on who may come in that do not admit it. Those of the environment were asked of the app itself."""
    if request.place is None:
        return
    for need in needs:
        if {"branches", "approval"} & set(need.policy_in(request.place.environment).own):
            check(request._replace(app=need, seen=request.source_of(need)))


def approve(request: Request, by: str) -> dict[str, Any]:
    """Keep the approval of this very commit, of its images and checks as they are; another needs another one.

    Raises Refused for what is no commit.
    """
    assert request.place is not None  # noqa: S101 - approve.py requires a place
    _require_commit(request)
    if request.source.dirty:
        raise Refused(
            f"an approval would not say what it is for: {_not_clean(request)}",
            remedy=request.source.remedy or f"{_status(request)} shows them: commit them first",
        )
    given = {
        "app": request.app.name,
        "environment": request.place.environment.name,
        "version": version(request.source),
        **_basis(request)._asdict(),
        "by": by,
        "at": now(),
    }
    approval.keep(request.root, request.app, request.place.environment, version(request.source), given)
    return given


def _basis(request: Request) -> approval.Basis:
    assert request.place is not None  # noqa: S101 - only asked for an environment
    return approval.basis(
        request.root, request.app, request.cluster, request.place.environment, request.source
    )


def _require_commit(request: Request) -> None:
    source = request.source
    if not source.commit:
        raise Refused(
            f"only a commit goes to {request.environment}, and there is none: "
            f"{source.trouble or 'git does not say which commit this is'}",
            remedy=source.remedy or "git status says more",
        )


def _way_out(request: Request, admitted: str) -> str:
    """How a commit comes to where only these branches may go."""
    source = request.source
    if request.app.repository and source.branch == NO_BRANCH:
        first, name = admitted.partition(",")[0], request.app.name
        return (
            f'ref = "{first}" in [apps.{name}] of {request.config.file.name}: a tag or commit has no branch'
        )
    if source.branch == NO_BRANCH:
        where = f" -C {source.top}" if source.top else ""
        first = admitted.partition(",")[0]
        return f"git{where} switch {first}; or BRANCH={first}, if what is checked out is a commit of it"
    return f"merge it to {admitted}; branches may go to test: make pipeline APP={request.app.name}"


def _status(request: Request) -> str:
    """The command that shows what is not committed, as it is typed where apps.toml is."""
    top = request.source.top
    return "git status" if not top or request.root.is_relative_to(top) else f"git -C {top} status"


def _not_clean(request: Request) -> str:
    source = request.source
    if source.trouble:
        return f"whether the files here are those of {source.commit[:12]} is not known: {source.trouble}"
    return f"files here differ from commit {source.commit[:12]}"
