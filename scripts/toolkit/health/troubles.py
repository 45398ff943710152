"""What a healthcheck can find wrong, and what a person does about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from toolkit.settings.model import App


class Ill(StrEnum):
    """The kinds of trouble, those first that explain others: the first one leads."""

    AWAY = "cluster away"
    CRASHING = "crashing"
    NO_PODS = "no pods"
    STRAY = "stray"
    WRONG_IMAGE = "wrong image"
    REFUSING = "refusing"
    DOWN = "not running"
    SILENT = "silent"
    VERSION = "version"
    NOT_READY = "not ready"
    LEFT_OUT = "left out"


class Trouble(NamedTuple):
    """One thing that is wrong, and the pod that it is about ("" for the Service)."""

    ill: Ill
    sentence: str
    pod: str = ""


_AGAIN = "deploy again: make deploy APP={app} ENV={space}"
_LOOK = "ask it why: kubectl --namespace {namespace} logs {pod}"
REMEDIES: Mapping[Ill, str] = {
    Ill.AWAY: "nothing is known of the app; when the cluster answers: make healthcheck APP={app} ENV={space}",
    Ill.CRASHING: "see why it ends: kubectl --namespace {namespace} logs --previous {pod}",
    Ill.NO_PODS: "are any wanted? `replicas: 0` in its manifest means none: ask for 1 or more; " + _AGAIN,
    Ill.STRAY: "correct the pod's labels, or the Service's selector: kubectl --namespace {namespace} get pods"
    " --show-labels",
    Ill.WRONG_IMAGE: "it was changed since the deployment, or that has not ended: make status ENV={space}; "
    + _AGAIN,
    Ill.REFUSING: _LOOK,
    Ill.DOWN: "see why it does not run: kubectl --namespace {namespace} describe pod {pod}",
    Ill.SILENT: "it must listen on port {port} of its pod's address, not on localhost only; " + _LOOK,
    Ill.VERSION: "the digest is right, so it was told the wrong version: by its image, or by its manifests",
    Ill.NOT_READY: "see its readiness probe: kubectl --namespace {namespace} describe pod {pod}",
    Ill.LEFT_OUT: "see what the Service has: kubectl --namespace {namespace} get endpointslices --selector"
    " kubernetes.io/service-name={service}",
}
# Where what was deployed is at fault, and not what was done to it since.
ITS_OWN = (Ill.CRASHING, Ill.REFUSING, Ill.DOWN, Ill.SILENT, Ill.NOT_READY, Ill.VERSION)


# What time does not heal: the pods that are there to stay run something else.
_LASTING = (Ill.WRONG_IMAGE, Ill.VERSION)


def will_stay(troubles: Sequence[Trouble]) -> bool:
    """Whether one of them is such that waiting longer cannot help."""
    return any(trouble.ill in _LASTING for trouble in troubles)


def is_certain(troubles: Sequence[Trouble]) -> bool:
    """Whether another look would only tell the same later."""
    return any(trouble.ill is Ill.CRASHING for trouble in troubles)


def ordered(troubles: Sequence[Trouble]) -> list[Trouble]:
    """Those that explain others first, each sentence once."""
    order = list(Ill)
    distinct = list({trouble.sentence: trouble for trouble in reversed(troubles)}.values())[::-1]
    return sorted(distinct, key=lambda trouble: order.index(trouble.ill))


def reason(troubles: Sequence[Trouble]) -> str:
    """The first one, and how many more there are; of ordered troubles."""
    more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
    return f"{troubles[0].sentence}{more}"


def remedy(troubles: Sequence[Trouble], app: App, space: str, port: int) -> str:
    """What to do about the first one, and how to go back where that helps; lines."""
    lead = troubles[0]
    pod = next((each.pod for each in troubles if each.pod), "<pod>")
    words = {
        "app": app.name,
        "space": space,
        "namespace": app.namespace_in(space),
        "service": app.service_in(space),
        "pod": lead.pod or pod,
        "port": port,
    }
    lines = [REMEDIES[lead.ill].format(**words)]
    if lead.ill in ITS_OWN:
        lines.append(f"to go back: make rollback APP={app.name} ENV={space}")
    return "\n".join(lines)
