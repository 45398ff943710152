"""An app's manifests to Kubernetes objects: read, at home in the app's namespace, labelled as the pipeline's.

Templates are the *.yaml, *.yml and *.json (each also with .j2) in <app>/<manifests>. They see: app,
environment, space, namespace, service, version, commit, images (role -> reference by digest) and provision
(whether the cluster gets its fixtures from us).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Misused, Refused
from toolkit.objects import choices, wishes
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.reading import documents, folder, whole
from toolkit.objects.reading.source import Place, Read
from toolkit.objects.reading.templates import Templates
from toolkit.objects.resources import WIDE, WIDE_REMEDY, Key, is_cluster_wide, key_of
from toolkit.settings.model import App

Json = dict[str, Any]

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "form-builder-pipeline"
APP_GROUP = "appGroup"
VERSION = "form-builder/version"
COMMIT = "form-builder/commit"


@dataclass(frozen=True)
class Values:
    """What a template may say."""

    app: str
    environment: str
    space: str
    namespace: str
    service: str
    version: str
    commit: str
    images: Mapping[str, str]
    provision: bool = False

    def variables(self) -> dict[str, Any]:
        """The template variables."""
        return dict(vars(self))


def values(app: App, space: str, environment: str, images: Mapping[str, str], **more: Any) -> Values:
    """The values of an app in a space; more: version, commit, provision."""
    return Values(
        app=app.name,
        environment=environment,
        space=space,
        namespace=app.namespace_in(space),
        service=app.service_in(space),
        images=dict(images),
        **more,
    )


def group_of(app: str) -> str:
    """The value of the label appGroup that all of an app's objects and pods carry."""
    return f"fb-{app}"


def selector_of(app: App) -> str:
    """The label selector of an app's workloads and pods: its own label, or what a restart finds them by."""
    return app.restart.selector if app.restart else f"{APP_GROUP}={group_of(app.name)}"


def render(app: App, given: Values) -> list[Json]:
    """The app's objects in a space, labelled and annotated. Raises Misused with file and line."""
    home = app.path / app.manifests
    found: list[Json] = []
    places: dict[Key, Place] = {}
    for place, obj in render_folder(home, given.variables()):
        _stays_home(place, obj, given)
        wishes.check(str(place), obj)
        key = key_of(obj, given.namespace)
        if key in places:
            raise Misused(f"{place}: {key.shown} is in {places[key]} already", remedy="keep one of the two")
        places[key] = place
        found.append(_marked(choices.settle(obj), given))
    if not found:
        raise Misused(f"{app.name}: there is no manifest template in {home} (they are {folder.COUNTS})")
    return found


def ignored(app: App) -> str:
    """A sentence that names what is in the app's folder of manifests and is not read; "" for nothing.

    Raises Misused when there is no such folder.
    """
    home = app.path / app.manifests
    return folder.sentence(home, folder.look(home))


def render_folder(
    home: Path, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
) -> list[Read]:
    """Every object of the folder's templates, in order of file name, with the place it stands in.

    Raises Misused with file and line, in which nothing is quoted that may be a Secret's.
    """
    templates = Templates(home, variables, functions)
    found: list[Read] = []
    for file in folder.look(home).manifests:
        for place, document in documents.read(templates.source(file)):
            found += whole.objects(place, document)
    return found


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
