"""Pods that are in back-off since before a deployment that changes nothing of them.

They say nothing of today: what they failed on may be mended by now, and the kubelet lets up to five minutes
pass before it tries again. Their workload's pods are made anew, so that a try of today is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release.apply import WORKLOADS, restart
from toolkit.objects.fields import mapping, name, number, objects, shown, text, uid
from toolkit.objects.resources import is_a

Json = dict[str, Any]
REASONS = frozenset({"CrashLoopBackOff", "ImagePullBackOff"})
MOST = 3


class Stuck(NamedTuple):
    """A pod in back-off: its labels, and which container it is, with the reason."""

    pod: str
    labels: Json
    why: str


class Before(NamedTuple):
    """What was in back-off before a deployment, and the workloads as they were: uid -> generation."""

    stuck: tuple[Stuck, ...] = ()
    generations: tuple[tuple[str, int], ...] = ()


NOBODY = Before()


def stuck(pods: Iterable[Any]) -> tuple[Stuck, ...]:
    """The pods, that nobody deletes, with a container in back-off."""
    found = []
    for pod in pods:
        if mapping(pod, "metadata").get("deletionTimestamp"):
            continue
        for status in (
            each
            for key in ("initContainerStatuses", "containerStatuses")
            for each in objects(pod, "status", key)
        ):
            reason = text(status, "state", "waiting", "reason")
            if reason in REASONS:
                why = f"container {text(status, 'name')}: {reason}"
                found.append(Stuck(name(pod), mapping(pod, "metadata", "labels"), why))
                break
    return tuple(found)


def before(connection: Connection, pods: Iterable[Any], found: Sequence[Json]) -> Before:
    """What is so before these objects are applied. The cluster is asked only where a pod is in back-off."""
    held = stuck(pods)
    if not held:
        return NOBODY
    live = [connection.find(connection.path_of(obj)) for obj in found if is_a(obj, *WORKLOADS)]
    return Before(held, tuple((uid(obj), number(obj, "metadata", "generation")) for obj in live if obj))


def again(connection: Connection, applied: Sequence[Json], was: Before, space: Space) -> list[Json]:
    """Restart the workloads that the apply left as they were and that have pods in back-off, and say so.

    applied are the API server's answers to the apply; its newest ones come back in their place.
    """
    known = dict(was.generations)
    done = []
    for obj in applied:
        same = is_a(obj, *WORKLOADS) and known.get(uid(obj)) == number(obj, "metadata", "generation")
        mine = [each for each in was.stuck if selects(obj, each.labels)] if same else []
        if not mine:
            done.append(obj)
            continue
        named = ", ".join(f"Pod/{each.pod} ({each.why})" for each in mine[:MOST])
        more = f" and {len(mine) - MOST} more" if len(mine) > MOST else ""
        space.say(
            f"{named}{more} in back-off since before this deployment, which changes nothing of {shown(obj)}: "
            "its pods are made anew, as RESTART=1 does"
        )
        done += restart(connection, [obj])
    return done


def selects(workload: Json, labels: Json) -> bool:
    """Whether a workload's selector takes a pod with these labels, as far as it goes by labels alone."""
    wanted = mapping(workload, "spec", "selector", "matchLabels")
    return bool(wanted) and wanted.items() <= labels.items()
