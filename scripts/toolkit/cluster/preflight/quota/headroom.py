"""Whether a namespace's ResourceQuotas leave room for a rollout at its peak, surge and all. Pure.

Jobs (migrations) run before the workloads, so the larger need of the two counts; workloads roll side by side.
A surge that fits only in parts squeezes through where old pods may go first: that is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from toolkit.cluster.preflight.quota import growth, podcost
from toolkit.cluster.preflight.quota.growth import Growth, Roll
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.quantity import amount, parse, show

Json = dict[str, Any]
Counted = tuple[str, Json]

# What a quota counts without being asked by "count/", all of the core group.
_PLAIN = ("services", "secrets", "configmaps", "persistentvolumeclaims", "replicationcontrollers")
_PODS = ("pods", "count/pods")
_REMEDY = "free or raise the quota, or ask for less (replicas, requests, limits, a smaller maxSurge)"
_SAY_IT = "set them in the manifests, or give the namespace a LimitRange with defaults"
SHOWN = 3


def lacking(
    quotas: Sequence[Json],
    rolls: Sequence[Roll],
    created: Sequence[Counted],
    limit_ranges: Sequence[Json] = (),
    pods: Sequence[Json] | None = None,
) -> list[Problem]:
    """A problem for every resource of every quota that is short, and for pods that no quota would let in.

    created: the objects that are new, each with its resource as a quota counts it ("secrets",
    "deployments.apps"). pods: all that there are now, to count those that stay; without them what the quota
    says about pods is believed, which counts the ones that are on their way out too.
    """
    grown = [(roll.wanted, grows) for roll in rolls if (grows := growth.of(roll, limit_ranges))]
    least = [(roll.wanted, grows) for roll in rolls if (grows := growth.of(roll, limit_ranges, least=True))]
    sets = [("replicasets.apps", roll.wanted) for roll in rolls if _makes_replica_set(roll)]
    problems: list[Problem] = []
    for quota in sorted(quotas, key=lambda quota: text(quota, "metadata", "name")):
        covered = [(obj, grows) for obj, grows in grown if podcost.in_scope(quota, grows.new)]
        problems += _unspecified(quota, covered)
        squeezed = [(obj, grows) for obj, grows in least if podcost.in_scope(quota, grows.new)]
        counted = [] if podcost.is_scoped(quota) else [*created, *sets]
        for resource in mapping(quota, "spec", "hard"):
            used = _used(quota, resource, pods)
            problems += _short(quota, resource, used, (covered, squeezed), counted)
    return problems


def _makes_replica_set(roll: Roll) -> bool:
    return text(roll.wanted, "kind") == "Deployment" and roll.is_renewed


def _unspecified(quota: Json, covered: Sequence[tuple[Json, Growth]]) -> Iterator[Problem]:
    """A quota on a compute resource refuses pods with a container that does not say how much it asks for."""
    for obj, grows in covered:
        missing = podcost.unspecified(grows.new, mapping(quota, "spec", "hard"))
        if missing and grows.after:
            which = f"ResourceQuota/{text(quota, 'metadata', 'name')}"
            yield Problem(shown(obj), f"must say {'; '.join(missing)}, which {which} counts", _SAY_IT)


def _short(
    quota: Json,
    resource: str,
    used: Fraction,
    covered: tuple[Sequence[tuple[Json, Growth]], Sequence[tuple[Json, Growth]]],
    counted: Sequence[Counted],
) -> Iterator[Problem]:
    """covered: how the pods grow, and how they do at least."""
    made = [*_of_objects(resource, counted)]
    rows = [*_of_pods(resource, covered[0]), *made]
    need, least = _sum(rows), _sum([*_of_pods(resource, covered[1]), *made])
    hard = mapping(quota, "spec", "hard").get(resource)
    bound = parse(hard)
    if bound is None or not need or used + need <= bound:
        return
    asked, there = show(need, like=hard), show(used, like=hard)
    why = list(dict.fromkeys(why for _, why in rows))
    why = [*why[:SHOWN], f"{len(why) - SHOWN} more"] if len(why) > SHOWN else why
    slow = "" if used + least > bound else "; it has to wait for old pods to go"
    yield Problem(
        f"ResourceQuota/{text(quota, 'metadata', 'name')}",
        f"no room for {resource}={asked} more, used: {resource}={there}, limited: {resource}={hard}; "
        f"this deployment adds {', '.join(why)}{slow}",
        _REMEDY,
        is_certain=not slow,
    )


def _sum(rows: Sequence[tuple[Fraction, str]]) -> Fraction:
    return sum((more for more, _ in rows), Fraction(0))


def _used(quota: Json, resource: str, pods: Sequence[Json] | None) -> Fraction:
    """What is used of a resource, by the pods that stay or by the quota's own account."""
    found = podcost.compute(resource)
    if pods is None or not (found or resource == "pods"):  # "count/pods" counts those that ended as well
        return amount(mapping(quota, "status", "used").get(resource))
    staying = [pod for pod in pods if podcost.stays(pod) and podcost.in_scope(quota, pod)]
    return sum((podcost.cost(pod, *found) if found else Fraction(1) for pod in staying), Fraction(0))


def _of_pods(resource: str, covered: Sequence[tuple[Json, Growth]]) -> list[tuple[Fraction, str]]:
    """What the pods add at the peak, and whose they are: those of the Jobs, or those of the workloads."""
    groups: dict[bool, list[tuple[Fraction, str]]] = {True: [], False: []}
    for obj, grows in covered:
        if resource in _PODS:
            more = Fraction(grows.pods)
        elif found := podcost.compute(resource):
            more = grows.peak(podcost.cost(grows.new, *found), podcost.cost(grows.old, *found))
        else:
            continue
        if more:
            count = f"{grows.pods} more pod{'s' if grows.pods != 1 else ''}" if grows.pods else "larger pods"
            groups[text(obj, "kind") == "Job"].append((more, f"{count} of {shown(obj)}"))
    return max(groups.values(), key=lambda rows: sum((more for more, _ in rows), Fraction(0)))


def _of_objects(resource: str, counted: Sequence[Counted]) -> Iterator[tuple[Fraction, str]]:
    for plural, obj in counted:
        more = _usage(resource, plural, obj)
        if more:
            what = f"a ReplicaSet of {shown(obj)}" if plural == "replicasets.apps" else shown(obj)
            yield more, what


def _usage(resource: str, plural: str, obj: Json) -> Fraction:
    """What one new object counts for."""
    if resource.startswith("count/") or resource in _PLAIN:
        return Fraction(resource.removeprefix("count/") == plural and plural != "pods")
    if plural == "services" and resource.startswith("services."):
        kind = text(obj, "spec", "type")
        balanced = kind == "LoadBalancer"
        ports = len(objects(obj, "spec", "ports")) if balanced or kind == "NodePort" else 0
        return Fraction(
            {"services.loadbalancers": int(balanced), "services.nodeports": ports}.get(resource, 0)
        )
    if plural == "persistentvolumeclaims":
        return _storage(resource, obj)
    return Fraction(0)


def _storage(resource: str, claim: Json) -> Fraction:
    """requests.storage; and of one class, <class>.storageclass.storage.k8s.io/requests.storage and
    .../persistentvolumeclaims."""
    asked = amount(mapping(claim, "spec", "resources", "requests").get("storage"))
    if resource == "requests.storage":
        return asked
    prefix, slash, what = resource.partition(".storageclass.storage.k8s.io/")
    if not slash or prefix != text(claim, "spec", "storageClassName"):
        return Fraction(0)
    return asked if what == "requests.storage" else Fraction(what == "persistentvolumeclaims")
