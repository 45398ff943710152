"""An app's templates to Kubernetes objects: Jinja without undefined variables, checked before any write.

Templates are <app>/<manifests>/*.yaml. They see: app, environment, space, namespace, service, version,
commit, images (role -> reference by digest) and provision (whether the cluster gets its fixtures from us).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import yaml

from toolkit.base.outcome import Misused
from toolkit.objects import wishes
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.resources import BUILT_IN
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


def render(app: App, given: Values) -> list[Json]:
    """The app's objects in a space, labelled and annotated. Raises Misused with file and line."""
    folder = app.path / app.manifests
    found: list[Json] = []
    places: dict[tuple[str, str], Path] = {}
    for file, obj in render_folder(folder, given.variables()):
        _stays_home(file, obj, given)
        wishes.check(_shown(file), obj)
        key = (text(obj, "kind"), text(obj, "metadata", "name"))
        if key in places:
            raise Misused(f"{_shown(file)}: {key[0]}/{key[1]} is in {places[key].name} already")
        places[key] = file
        found.append(_marked(obj, given))
    if not found:
        raise Misused(f"{app.name}: there is no manifest template in {folder}")
    return found


def render_folder(
    folder: Path, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
) -> list[tuple[Path, Json]]:
    """Every object of the folder's templates, in order of file name, with the file it comes from."""
    if not folder.is_dir():
        raise Misused(f"{folder}: no such folder of manifest templates")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - YAML, not HTML
        keep_trailing_newline=True,
    )
    environment.globals.update(functions or {})
    environment.filters["b64encode"] = lambda value: base64.b64encode(str(value).encode()).decode()
    environment.filters["b64decode"] = lambda value: base64.b64decode(str(value)).decode()
    found = []
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        found += [(file, obj) for obj in _objects(file, _text(environment, file, variables))]
    return found


def _text(environment: jinja2.Environment, file: Path, variables: Mapping[str, Any]) -> str:
    try:
        return environment.get_template(file.name).render(variables)
    except jinja2.TemplateSyntaxError as error:
        raise Misused(f"{_shown(file)}:{error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise Misused(f"{_shown(file)}:{_line(error, file)}: {error}") from error
    except UnicodeDecodeError as error:
        raise Misused(f"{_shown(file)}: is not UTF-8 text") from error


def _line(error: BaseException, file: Path) -> int:
    """The line of the template that raised: Jinja puts template frames into the traceback."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == str(file):
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _objects(file: Path, rendered: str) -> list[Json]:
    try:
        documents = list(yaml.load_all(rendered, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        shown = rendered.splitlines()[line - 1 : line] if mark else []
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise Misused(
            f"{_shown(file)}:{line}: is not valid YAML once rendered: {problem}", evidence=shown
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise Misused(f"{_shown(file)}: is not valid YAML once rendered: {error}") from error
    found: list[Json] = []
    for document in documents:
        if document is None:
            continue
        items = (
            document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else None
        )
        found += [_checked(file, each) for each in (items if isinstance(items, list) else [document])]
    return found


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as Kubernetes reads it: what looks like a date is text."""

    yaml_implicit_resolvers: ClassVar[Any] = {
        first: [row for row in rows if row[0] != "tag:yaml.org,2002:timestamp"]
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _checked(file: Path, obj: Any) -> Json:
    for path in (("apiVersion",), ("kind",), ("metadata", "name")):
        if not text(obj, *path):
            what = f" ({text(obj, 'kind')})" if text(obj, "kind") else ""
            raise Misused(f"{_shown(file)}: an object{what} has no {'.'.join(path)}")
    try:
        json.dumps(obj)
    except (TypeError, ValueError) as error:
        raise Misused(f"{_shown(file)}: {text(obj, 'kind')} holds what JSON cannot: {error}") from error
    return mapping(obj)


def _stays_home(file: Path, obj: Json, given: Values) -> None:
    """An app's manifests stay in the app's own namespace."""
    kind, name = text(obj, "kind"), text(obj, "metadata", "name")
    known = BUILT_IN.get((text(obj, "apiVersion"), kind))
    if known is not None and not known.namespaced:
        raise Misused(f"{_shown(file)}: {kind}/{name} belongs to the whole cluster, not to an app")
    namespace = text(obj, "metadata", "namespace")
    if namespace not in ("", given.namespace):
        raise Misused(
            f"{_shown(file)}: {kind}/{name} is in namespace {namespace}, the app in {given.namespace}"
        )


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
            _label(template.setdefault("metadata", {}), given)
    return obj


def _label(metadata: Json, given: Values) -> None:
    ours = {MANAGED_BY: MANAGER, APP_GROUP: group_of(given.app)}
    metadata["labels"] = {**ours, **mapping(metadata, "labels")}


def _shown(file: Path) -> str:
    """The last parts of a path: <app>/deploy/api.yaml."""
    return "/".join(file.parts[-3:])
