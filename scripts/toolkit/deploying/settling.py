"""The first seconds after a rollout: ready is not the same as well, and some releases exit right after it.

A pipeline does not wait for them: its checks follow at once, and are held up by a crash themselves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from toolkit.base.outcome import Kind, Outcome
from toolkit.cluster import evidence
from toolkit.cluster.release.ordering import WORKLOADS
from toolkit.cluster.standing import crashes, ill
from toolkit.cluster.verdict.rollout import Verdict
from toolkit.deploying.site import Site
from toolkit.objects import manifests
from toolkit.objects.fields import name, number, shown, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]

LOOK_SECONDS = 0.5


def settle(
    site: Site, verdict: Verdict, before: dict[str, int], found: Sequence[Json], seconds: float
) -> Outcome:
    """The verdict's outcome, once no new pod has ended in its first seconds; else a failure that names it.

    before are the containers that were there before the deployment: where no pod is new, nothing is awaited.
    Raises Failed when the lock is lost or the cluster is away, and Interrupted.
    """
    if not set(verdict.restarts) - set(before):
        return verdict.outcome
    unwell = frozenset((text(each, "kind"), name(each)) for each in found if ill.is_marked(each))
    hasty = [] if site.app.restart else _hasty(found)
    for workload in hasty:
        site.space.say(f"{workload} has minReadySeconds 0: a pod takes traffic before it has lasted a moment")
    until = time.monotonic() + (seconds if hasty or site.app.restart else 0.0)
    path = built_in("Pod").path(site.namespace)
    while True:
        items = site.connection.list(path, labelSelector=manifests.selector_of(site.app))["items"]
        if crashed := crashes.early(ill.without(items, unwell), verdict.restarts):
            return _failed(site, crashed)
        left = until - time.monotonic()
        if left <= 0:
            return verdict.outcome
        site.held.check()
        site.space.pause(min(LOOK_SECONDS, left))


def _hasty(found: Sequence[Json]) -> list[str]:
    """The workloads whose pods count as available as soon as they are ready."""
    return [
        shown(obj)
        for obj in found
        if obj.get("kind") in WORKLOADS and not number(obj, "spec", "minReadySeconds")
    ]


def _failed(site: Site, crashed: Sequence[crashes.Crash]) -> Outcome:
    first = crashed[0]
    more = f" (and {len(crashed) - 1} more)" if len(crashed) > 1 else ""
    lines = evidence.last_words(site.connection, site.namespace, first.pod)
    remedy = (
        f"see why it ends: kubectl --namespace {site.namespace} logs --previous {first.pod}\n"
        "and give the workload minReadySeconds: 5, so that the pods before it stay until a new one has lasted"
    )
    return Outcome(Kind.FAILED, f"{first.sentence}{more}", remedy, tuple(lines))
