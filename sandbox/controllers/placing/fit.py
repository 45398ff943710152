"""Which node a pod fits on, and in the scheduler's words why it fits on none. Pure.

The order of the checks and their messages are those of upstream's filter plugins
(pkg/scheduler/framework/plugins).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from sandbox.base.client import Object
from sandbox.base.quantity import parse
from sandbox.controllers.machinery import nodes


def request(pod: Object, resource: str) -> Fraction:
    """What a pod asks of a node: all its containers together, or the largest init container if more."""

    def of(container: Object) -> Fraction:
        return parse(((container.get("resources") or {}).get("requests") or {}).get(resource, 0))

    spec = pod["spec"]
    together = sum(map(of, spec["containers"]), Fraction(0))
    alone = max(map(of, spec.get("initContainers") or []), default=Fraction(0))
    return max(together, alone) + parse((spec.get("overhead") or {}).get(resource, 0))


def host_ports(pod: Object) -> set[int]:
    """The ports of the node itself that a pod asks for."""
    return {
        p["hostPort"] for c in pod["spec"]["containers"] for p in c.get("ports") or [] if p.get("hostPort")
    }


def obstacles(pod: Object, node: Object, placed: Sequence[Object]) -> list[str]:
    """Why the pod cannot run on the node beside the pods ``placed`` there, empty when it can."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    tolerations = pod["spec"].get("tolerations") or []
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    if spec.get("unschedulable") and not nodes.tolerated(cordon, tolerations):
        return ["node(s) were unschedulable"]
    for taint in spec.get("taints") or []:
        if taint["effect"] != "PreferNoSchedule" and not nodes.tolerated(taint, tolerations):
            return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"]
    if not nodes.affine(pod, node):
        return ["node(s) didn't match Pod's node affinity/selector"]
    if host_ports(pod) & set().union(*map(host_ports, placed)):
        return ["node(s) didn't have free ports for the requested pod ports"]
    room = status.get("allocatable") or {}
    short = []
    if len(placed) + 1 > parse(room.get("pods", 110)):
        short.append("Too many pods")
    for resource in ("cpu", "memory", "ephemeral-storage"):
        asked = request(pod, resource)
        taken = sum((request(other, resource) for other in placed), Fraction(0))
        if asked and resource in room and asked > parse(room[resource]) - taken:
            short.append(f"Insufficient {resource}")
    return short


def unschedulable(nodes: int, reasons: Iterable[str]) -> str:
    """FitError's sentence: "0/1 nodes are available: 1 Insufficient cpu." with the reasons sorted."""
    if not nodes:
        return "no nodes available to schedule pods"
    counts = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    return f"0/{nodes} nodes are available: {', '.join(counts)}."
