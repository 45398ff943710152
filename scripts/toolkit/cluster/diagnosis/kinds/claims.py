"""PersistentVolumeClaims: bound, or in no hurry to be."""

from __future__ import annotations

from toolkit.cluster.diagnosis.container_diagnosis import short
from toolkit.cluster.diagnosis.finding import Cause, fatal, suspicious, waiting
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, View, good, pending, unjudged
from toolkit.objects.fields import text

# The class, or a volume of it, may be made a moment after the claim. Whoever binds them looks at a claim that
# failed once more every 15 s (kube-controller-manager, --pvclaimbinder-sync-period): twice, to be sure.
CLASS_PATIENCE = 30.0
# Reasons of events (kubernetes: pkg/controller/volume/events).
_WAITS_FOR_POD = frozenset({"WaitForFirstConsumer", "WaitForPodScheduled"})
_TRIES = frozenset({"ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"})
_FAILS = frozenset({"FailedBinding", "ProvisioningFailed", "VolumeMismatch"})


def claim(applied: Applied, live: Json, around: Around) -> View:
    """A claim that waits for its first pod is not pending: its class says so (WaitForFirstConsumer)."""
    phase = text(live, "status", "phase")
    if phase == "Bound":
        return good(f"bound to {text(live, 'spec', 'volumeName') or 'a volume'}")
    if phase == "Lost":
        volume = text(live, "spec", "volumeName")
        return pending("lost", fatal(Cause.VOLUME, applied.shown, f"has lost its volume {volume}"))
    told = [e for e in around.events.get(applied.uid, []) if text(e, "reason") in _KNOWN]
    if not told:
        if not around.sees("Event"):
            return unjudged("it is not bound, and the events that would say why may not be read")
        return pending(
            "pending", waiting(Cause.VOLUME, applied.shown, "is not bound yet, and nobody says why")
        )
    reason, said = text(told[-1], "reason"), short(text(told[-1], "message"))
    if reason in _WAITS_FOR_POD:
        return good("waits for its first pod")
    if reason in _TRIES or reason == "FailedBinding":  # a volume that somebody is to make may still come
        return pending("pending", waiting(Cause.VOLUME, applied.shown, f"is not bound yet: {said}"))
    sentence = f"is not bound: {said}"
    if "storageclass" in said.lower() and "not found" in said.lower():
        return pending("pending", suspicious(Cause.VOLUME, applied.shown, sentence, patience=CLASS_PATIENCE))
    return pending("pending", suspicious(Cause.VOLUME, applied.shown, sentence))


_KNOWN = _WAITS_FOR_POD | _TRIES | _FAILS
