#!/usr/bin/env python3
"""Puts the last verified release before the current one back, in all spaces side by side."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace

from toolkit import command, in_space
from toolkit.cluster import lock, releases
from toolkit.cluster.releases import Release
from toolkit.command import Request
from toolkit.healthcheck import NotDeployed, reached
from toolkit.outcome import Failed, Outcome
from toolkit.spaces import Space, side_by_side


def arguments(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("TO", "")
    parser.add_argument("--to", default=default, metavar="VERSION", help="a version that was verified here")
    parser.add_argument("--lock-wait", type=float, default=300.0, metavar="S", help="wait for a deployment")


def chosen(known: list[Release], version: str) -> Release | None:
    """The newest verified release before the current one, of that version if one is given."""
    for release in known[1:]:
        if release.verified and release.images != known[0].images and version in ("", release.version):
            return release
    return None


def one(request: Request, space: Space) -> Outcome:
    app, to = request.app, request.options.to
    namespace = app.namespace_in(space.name)
    connection = reached(request, space)
    who = request.source.author or lock.somebody()
    wait = request.options.lock_wait
    with lock.held(connection, namespace, app.name, run=request.run, who=who, space=space, wait=wait) as held:
        known = releases.history(connection, namespace, app.name)
        if not known:
            raise NotDeployed(app, space.name)
        release = chosen(known, to)
        found = releases.objects_of(connection, namespace, app.name, release) if release else None
        if release is None or found is None:
            verified = [each.version for each in known[1:] if each.verified]
            what = f"release {to}" if to else "earlier release"
            raise Failed(
                f"{app.name} has no verified {what} in {space.name} to go back to",
                remedy=f"verified before: {', '.join(verified)}"
                if verified
                else "deploy a corrected version",
            )
        space.say(f"going back from {known[0].version} to {release.version} of {release.at}")
        kept = [
            obj for obj in found if obj["kind"] != "Secret"
        ]  # their data is not kept; they stay as they are
        verdict = in_space.apply_and_follow(connection, app, namespace, kept, space, held, force=False)
        if verdict.outcome.passed:
            at = releases.now()
            again = replace(
                release,
                id=f"{release.version}-{at.replace(':', '').lower()}",
                by=who,
                at=at,
                run=request.run,
                restarts=verdict.restarts,
            )
            releases.record(connection, namespace, app.name, again, found)
        reason = f"{app.name} {release.version} {verdict.outcome.reason}"
        return verdict.outcome._replace(reason=reason if verdict.outcome.passed else verdict.outcome.reason)


def run(request: Request) -> Outcome:
    return side_by_side(request.spaces, lambda space: one(request, space), request.say)


if __name__ == "__main__":
    sys.exit(
        command.main(run, stage="rollback", help=__doc__ or "", app="one", place="one", arguments=arguments)
    )
