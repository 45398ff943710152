"""An app's objects: rendered, at home in the app's namespace, labelled as the pipeline's.

What renders them is a row in rendering/sources.py; what they are told is in rendering/values.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.base.outcome import Misused, Refused
from toolkit.objects import choices, wishes
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.reading.source import Place
from toolkit.objects.rendering import sources
from toolkit.objects.rendering.own_templates import render_folder as render_folder
from toolkit.objects.rendering.values import UNKNOWN as UNKNOWN
from toolkit.objects.rendering.values import WHATEVER as WHATEVER
from toolkit.objects.rendering.values import Capabilities as Capabilities
from toolkit.objects.rendering.values import NeedsCluster as NeedsCluster
from toolkit.objects.rendering.values import Values as Values
from toolkit.objects.rendering.values import values as values
from toolkit.objects.resources import WIDE, WIDE_REMEDY, Key, is_cluster_wide, key_of
from toolkit.settings.model import App

Json = dict[str, Any]

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "form-builder-pipeline"
APP_GROUP = "appGroup"
VERSION = "form-builder/version"
COMMIT = "form-builder/commit"
_HELM = "Helm"


def group_of(app: str) -> str:
    """The value of the label appGroup that all of an app's objects and pods carry."""
    return f"fb-{app}"


def selector_of(app: App) -> str:
    """The label selector of an app's workloads and pods: its own label, or what a restart finds them by."""
    return app.restart.selector if app.restart else f"{APP_GROUP}={group_of(app.name)}"


def render(app: App, given: Values) -> list[Json]:
    """The app's objects in a space, labelled and annotated. Raises Misused with file and line."""
    found: list[Json] = []
    places: dict[Key, Place] = {}
    for place, obj in sources.read(app, given):
        _stays_home(place, obj, given)
        wishes.check(str(place), obj)
        key = key_of(obj, given.namespace)
        if key in places:
            raise Misused(f"{place}: {key.shown} is in {places[key]} already", remedy="keep one of the two")
        places[key] = place
        found.append(_marked(choices.settle(obj), given))
    if not found:
        raise Misused(f"{app.name}: {sources.source_of(app).nothing(app)}")
    return found


def asks_cluster(app: App) -> bool:
    """Whether what renders the app's objects wants to know the cluster that they are for."""
    return app.rendering is not None and app.rendering.kind == "chart"


def notes(app: App) -> Sequence[str]:
    """What is to be said of how the app's objects came about: what is left out, what a chart's hooks become.

    A chart is spoken of when it was rendered. Raises Misused for `manifests` without a folder.
    """
    return sources.source_of(app).notes(app)


def _stays_home(place: Place, obj: Json, given: Values) -> None:
    """An app's manifests stay in the app's own namespace."""
    kind, name = text(obj, "kind"), text(obj, "metadata", "name")
    if is_cluster_wide(text(obj, "apiVersion"), kind):
        raise Refused(f"{place}: {kind}/{name} {WIDE}", remedy=WIDE_REMEDY)
    namespace = text(obj, "metadata", "namespace")
    if namespace not in ("", given.namespace):
        where = place.at("metadata", "namespace")
        raise Misused(f"{where}: {kind}/{name} is in namespace {namespace}, the app in {given.namespace}")


def _marked(obj: Json, given: Values) -> Json:
    """With the namespace, and the labels and annotations that say whose it is and where it comes from."""
    metadata = obj["metadata"]
    metadata["namespace"] = given.namespace
    if text(metadata, "labels", MANAGED_BY) == _HELM:  # as most charts say of themselves; it is not so here
        del metadata["labels"][MANAGED_BY]
    _label(metadata, given)
    # Nothing that changes with each run: an apply that changes nothing must be none to the API server.
    about = {VERSION: given.version, COMMIT: given.commit}
    annotations = {
        **mapping(metadata, "annotations"),
        **{key: value for key, value in about.items() if value},
    }
    metadata["annotations"] = annotations
    # Pods get labels but no version: another commit that changes nothing else must not restart them.
    for path in (("spec", "template"), ("spec", "jobTemplate", "spec", "template")):
        template = mapping(obj, *path)
        if objects(template, "spec", "containers"):
            template["metadata"] = mapping(template, "metadata")
            _label(template["metadata"], given)
    return obj


def _label(metadata: Json, given: Values) -> None:
    ours = {MANAGED_BY: MANAGER, APP_GROUP: group_of(given.app)}
    metadata["labels"] = {**ours, **mapping(metadata, "labels")}
