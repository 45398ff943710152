"""The schema against the official client, and the table of list types against the schema."""

from __future__ import annotations

import pytest

from sandbox.api.types import listtypes, models, schema
from sandbox.api.types.listtypes import ATOMIC, MAP, SET
from sandbox.api.types.schema import Schema, Shape
from sandbox.base.kinds import KINDS


def at(api_version: str, kind: str, *path: str) -> Schema:
    """The schema of a field; "[]" steps into a list's items."""
    found = schema.type_of(api_version, kind)
    for step in path:
        found = found.item if step == "[]" else found.child(step)
    return found


def test_the_models_read_from_source_are_those_that_importing_gives() -> None:
    import kubernetes.client as client

    names = [name for name in dir(client) if hasattr(getattr(client, name), "openapi_types")]
    assert len(names) > 500
    for name in names:
        model = getattr(client, name)
        imported = {model.attribute_map[field]: spelled for field, spelled in model.openapi_types.items()}
        assert models.fields(name) == imported, name


def test_there_is_nothing_behind_a_name_that_is_none() -> None:
    for name in ("", "V1Nonsense", "../V1Pod", "str"):
        assert models.fields(name) is None


@pytest.mark.parametrize("info", KINDS, ids=lambda info: info.kind)
def test_every_kind_has_metadata(info: object) -> None:
    api_version, kind = getattr(info, "api_version", ""), getattr(info, "kind", "")
    assert at(api_version, kind, "metadata").name == "V1ObjectMeta"
    assert schema.type_of(api_version, kind).known == (kind != "ServiceMonitor")


def test_every_row_of_the_table_names_a_field_that_exists() -> None:
    listed = [(model, name) for model, rules in listtypes.LISTS.items() for name in rules]
    others = (
        listtypes.ATOMIC_FIELDS,
        listtypes.GRANULAR_FIELDS,
        listtypes.REPLACED_FIELDS,
        listtypes.RETAIN_KEYS_FIELDS,
        listtypes.INT_OR_STRING,
        listtypes.QUANTITIES,
    )
    for model, name in [*listed, *(place for table in others for place in table)]:
        assert name in (models.fields(model) or {}), (model, name)
    for model in listtypes.ATOMIC_TYPES:
        assert models.fields(model), model


def test_every_list_with_keys_has_items_with_those_keys() -> None:
    for model, rules in listtypes.LISTS.items():
        for name, rule in rules.items():
            item = Schema(Shape.OBJECT, model).child(name).item
            for key in (*rule.keys, *((rule.merge_key,) if rule.merge_key else ())):
                assert key in item.fields, (model, name, key)


POD = ("spec", "template", "spec")
LISTS = [
    ((*POD, "containers"), MAP, ("name",), "name"),
    ((*POD, "containers", "[]", "ports"), MAP, ("containerPort", "protocol"), "containerPort"),
    ((*POD, "containers", "[]", "env"), MAP, ("name",), "name"),
    ((*POD, "containers", "[]", "args"), ATOMIC, (), ""),
    ((*POD, "containers", "[]", "envFrom"), ATOMIC, (), ""),
    ((*POD, "containers", "[]", "volumeMounts"), MAP, ("mountPath",), "mountPath"),
    ((*POD, "tolerations"), ATOMIC, (), ""),
    ((*POD, "imagePullSecrets"), MAP, ("name",), "name"),
    (("metadata", "finalizers"), SET, (), ""),
    (("metadata", "ownerReferences"), MAP, ("uid",), "uid"),
    (("status", "conditions"), MAP, ("type",), "type"),
]


@pytest.mark.parametrize(("path", "kind", "keys", "merge_key"), LISTS)
def test_how_lists_merge(path: tuple[str, ...], kind: str, keys: tuple[str, ...], merge_key: str) -> None:
    rule = at("apps/v1", "Deployment", *path).rule
    assert (rule.kind, rule.keys, rule.merge_key) == (kind, keys, merge_key)


def test_selectors_are_atomic_and_labels_are_not() -> None:
    assert at("apps/v1", "Deployment", "spec", "selector").atomic
    assert at("v1", "Service", "spec", "selector").atomic
    assert not at("v1", "Service", "metadata", "labels").atomic


def test_scalars_that_the_client_does_not_tell_apart() -> None:
    assert at("v1", "Service", "spec", "ports", "[]", "targetPort").name == "int-or-string"
    limits = at("v1", "Pod", "spec", "containers", "[]", "resources", "limits")
    assert (limits.shape, limits.child("cpu").name) == (Shape.MAP, "quantity")
    assert at("v1", "Secret", "data").child("x").name == "bytes"


def test_a_custom_resource_is_anything() -> None:
    spec = at("monitoring.coreos.com/v1", "ServiceMonitor", "spec", "endpoints")
    assert spec.shape is Shape.ANY
    assert schema.of({}).child("spec").shape is Shape.ANY
