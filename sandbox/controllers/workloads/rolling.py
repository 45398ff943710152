"""How many replicas each ReplicaSet of a Deployment should have next: the arithmetic of rollouts. Pure.

The rules are upstream's (pkg/controller/deployment: rolling.go, sync.go, util/deployment_util.go): scale the
new one up within maxSurge, then the old ones down within maxUnavailable, unhealthy replicas first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor


@dataclass(frozen=True)
class Set:
    """A ReplicaSet as the arithmetic sees it: what it is told to have, and how many of those are available.

    ``max_replicas`` is desired + maxSurge at the time it was last scaled (its max-replicas annotation), 0 if
    unknown; ``created`` orders the sets by age.
    """

    name: str
    replicas: int
    available: int = 0
    created: str = ""
    max_replicas: int = 0


@dataclass(frozen=True)
class Strategy:
    """desired replicas, and how many more or fewer a rollout may have, both in pods."""

    desired: int
    surge: int
    unavailable: int


def amount(value: int | str | None, total: int, *, up: bool) -> int:
    """An IntOrString of ``total``: 3, "3" or "25%"; a percentage rounds up or down. ValueError if it is
    neither."""
    text = str(0 if value is None else value)
    if not text.endswith("%"):
        return int(text)
    share = int(text[:-1]) * total
    return ceil(share / 100) if up else floor(share / 100)


def strategy(desired: int, max_surge: int | str | None, max_unavailable: int | str | None) -> Strategy:
    """Surge rounds up and unavailable down; when both come to nothing one may be unavailable, or nothing
    could ever move.

    (ResolveFenceposts; maxUnavailable is then cut to the number of replicas.)
    """
    surge, unavailable = amount(max_surge, desired, up=True), amount(max_unavailable, desired, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Strategy(desired, surge, min(unavailable, desired))


def new_size(new: int, total: int, plan: Strategy) -> int:
    """Replicas of the new set: as many as surge has room for beside all (``total`` includes ``new``)."""
    if new > plan.desired:
        return plan.desired
    room = plan.desired + plan.surge - total
    return new + max(0, min(room, plan.desired - new))


def scale_plan(new: Set, old: Sequence[Set], plan: Strategy) -> dict[str, int]:
    """The next step of a rolling update: {name: replicas} of the sets to change, empty when there is nothing
    to do now.

    Up comes before down, one of the two per step, as upstream; the caller comes back when something has
    changed.
    """
    total = new.replicas + sum(s.replicas for s in old)
    size = new_size(new.replicas, total, plan)
    if size != new.replicas:
        return {new.name: size}
    return _shrink_old(new, old, plan, total)


def _shrink_old(new: Set, old: Sequence[Set], plan: Strategy, total: int) -> dict[str, int]:
    least = plan.desired - plan.unavailable
    # Replicas of the new set that do not serve yet hold old ones up.
    spare = total - least - (new.replicas - new.available)
    if spare <= 0 or not sum(s.replicas for s in old):
        return {}
    healthier: list[Set] = []
    # Those that do not serve go first, whatever set they are in.
    for candidate in sorted(old, key=lambda s: s.created):
        sick = max(0, min(spare, candidate.replicas - candidate.available))
        spare -= sick
        healthier.append(replace(candidate, replicas=candidate.replicas - sick))
    serving = new.available + sum(s.available for s in old)
    excess = max(0, serving - least)
    sizes = {}
    for candidate in healthier:
        healthy = min(candidate.replicas, excess)
        excess -= healthy
        sizes[candidate.name] = candidate.replicas - healthy
    return {s.name: sizes[s.name] for s in old if sizes[s.name] != s.replicas}


def proportional(sets: Sequence[Set], plan: Strategy, current: int) -> dict[str, int]:
    """Sizes when a Deployment is scaled in the middle of a rollout: the difference is spread over its active
    sets in proportion to their size, so that scaling takes no risk with the new version; what rounding leaves
    goes to the largest.

    ``current`` is the Deployment's status.replicas, the base for a set that does not know its own.
    """
    allowed = plan.desired + plan.surge if plan.desired > 0 else 0
    to_add = allowed - sum(s.replicas for s in sets)
    by_age = sorted(sets, key=lambda s: s.created, reverse=to_add > 0)  # of equals
    order = sorted(by_age, key=lambda s: -s.replicas)
    added, sizes = 0, {}
    for each in order:
        share = _share(each, plan, current, to_add, added) if to_add else 0
        sizes[each.name] = each.replicas + share
        added += share
    if order and to_add:
        sizes[order[0].name] = max(0, sizes[order[0].name] + to_add - added)
    return sizes


def _share(each: Set, plan: Strategy, current: int, to_add: int, added: int) -> int:
    if each.replicas == 0 or to_add == added:
        return 0
    if plan.desired == 0:
        share = -each.replicas
    else:
        base = each.max_replicas or current or each.replicas
        share = floor(each.replicas * (plan.desired + plan.surge) / base + 0.5) - each.replicas
    return min(share, to_add - added) if to_add > 0 else max(share, to_add - added)
