"""env and envFrom of containers: pkg/apis/core/validation/validation.go of Kubernetes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import Causes, invalid, required

Object = dict[str, Any]
_SOURCES = ("fieldRef", "resourceFieldRef", "fileKeyRef", "configMapKeyRef", "secretKeyRef")
_TABLES = ("configMapRef", "secretRef")


def check_environment(path: str, container: Object) -> Causes:
    """Variables with a name and one source each."""
    for i, variable in enumerate(each(container, "env")):
        at = f"{path}.env[{i}]"
        name = variable.get("name")
        if not name:
            yield required(f"{at}.name")
        else:
            yield from (invalid(f"{at}.name", name, why) for why in names.environment_name(name))
        if "valueFrom" in variable:
            if variable.get("value"):
                yield invalid(f"{at}.valueFrom", "", "may not be specified when `value` is not empty")
            yield from _check_source(f"{at}.valueFrom", section(variable, "valueFrom"))
    for i, source in enumerate(each(container, "envFrom")):
        yield from _check_one(f"{path}.envFrom[{i}]", source, _TABLES)
        for kind in _TABLES:
            if kind in source and not section(source, kind).get("name"):
                yield required(f"{path}.envFrom[{i}].{kind}.name")


def _check_source(path: str, source: Object) -> Causes:
    yield from _check_one(path, source, _SOURCES)
    for kind, fields in (
        ("configMapKeyRef", ("name", "key")),
        ("secretKeyRef", ("name", "key")),
        ("fieldRef", ("fieldPath",)),
        ("resourceFieldRef", ("resource",)),
    ):
        for field in fields:
            if kind in source and not section(source, kind).get(field):
                yield required(f"{path}.{kind}.{field}")


def _check_one(path: str, source: Object, kinds: Collection[str]) -> Causes:
    given = [kind for kind in kinds if kind in source]
    if not given:
        told = ", ".join(f"`{kind}`" for kind in kinds)
        yield invalid(path, "", f"must specify one of: {told}")
    elif len(given) > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")
