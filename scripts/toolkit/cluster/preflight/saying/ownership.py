"""Whether an object that is there already is this app's to change. Pure.

Whose an object is, is said by the labels appGroup and app.kubernetes.io/managed-by, by Helm's annotations,
and by the managers of its fields:
- one that another app, or another tool, has its name on is never taken over: somebody has to take that name
  off first;
- one that carries nobody's name is this app's if the pipeline applied it before, and may be adopted by
  taking over what others own (--take-over); else it is left alone, because something else may rely on it.
"""

from __future__ import annotations

from typing import Any

from toolkit.base.outcome import Kind
from toolkit.cluster.api.connection import FIELD_MANAGER
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, objects, shown, text

Json = dict[str, Any]

HELM_RELEASE = "meta.helm.sh/release-name"


def stranger(live: Json, app: str, *, adopt: bool = False) -> Problem | None:
    """Why the object is not this app's to change, None when it is. adopt: also one without a name on it."""
    labels = mapping(live, "metadata", "labels")
    group, manager = text(labels, manifests.APP_GROUP), text(labels, manifests.MANAGED_BY)
    release = text(live, "metadata", "annotations", HELM_RELEASE)
    where = f"-n {text(live, 'metadata', 'namespace')} {shown(live)}"
    if group not in ("", manifests.group_of(app)):
        return _refused(
            live,
            f"belongs to another app ({manifests.APP_GROUP}={group})",
            f"give {app}'s object another name; or, if it is to be {app}'s: "
            f"kubectl label {where} {manifests.APP_GROUP}={manifests.group_of(app)} --overwrite",
        )
    if manager not in ("", manifests.MANAGER):
        helm = f", release {release}" if release else ""
        return _refused(
            live,
            f"is managed by {manager}{helm}",
            f"remove it there; or, if the pipeline is to manage it: "
            f"kubectl label {where} {manifests.MANAGED_BY}={manifests.MANAGER} --overwrite",
        )
    if release and manager != manifests.MANAGER:
        remedy = f"remove it there; or take the annotation off: kubectl annotate {where} {HELM_RELEASE}-"
        return _refused(live, f"belongs to the Helm release {release}", remedy)
    if group or manager or adopt or is_applied(live):
        return None
    return _refused(
        live,
        f"is there already, has no {manifests.APP_GROUP} label, and was not made by the pipeline",
        f"give {app}'s object another name; or adopt what is there with --take-over (TAKE_OVER=1)",
    )


def is_applied(live: Json) -> bool:
    """Whether the pipeline applied the object before."""
    return any(
        text(entry, "manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
        for entry in objects(live, "metadata", "managedFields")
    )


def _refused(live: Json, sentence: str, remedy: str) -> Problem:
    return Problem(shown(live), sentence, remedy, Kind.REFUSED)
