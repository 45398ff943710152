"""Values of the wrong type and unknown fields, in the words of the API server's decoder."""

from __future__ import annotations

import copy

import pytest

from sandbox.api.types import schema
from sandbox.api.validation.objects import type_error, unknown_fields, validate
from tests.pure.sandbox.api.validation.validating import TEMPLATE, WEB, Object, of_kind
from tests.pure.sandbox.objects import DEPLOYMENT, POD, SERVICE, changed

TYPES: dict[str, tuple[Object, str]] = {
    "a string for a number": (
        changed(DEPLOYMENT, "spec", "replicas", value="3"),
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    ),
    "a number for a string": (
        changed(DEPLOYMENT, *WEB, "env", 0, "value", value=1),
        "json: cannot unmarshal number 1 into Go struct field "
        "EnvVar.spec.template.spec.containers.env.value of type string",
    ),
    "an object for a list": (
        changed(DEPLOYMENT, *TEMPLATE, "containers", value={}),
        "json: cannot unmarshal object into Go struct field "
        "PodSpec.spec.template.spec.containers of type []v1.Container",
    ),
    "a bool for a label": (
        changed(POD, "metadata", "labels", value={"on": True}),
        "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
    ),
    "a fraction for a number": (
        changed(DEPLOYMENT, "spec", "replicas", value=1.5),
        "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ),
    "too large a number": (
        changed(DEPLOYMENT, "spec", "replicas", value=2**31),
        "json: cannot unmarshal number 2147483648 into Go struct field "
        "DeploymentSpec.spec.replicas of type int32",
    ),
    "a quantity": (
        changed(DEPLOYMENT, *WEB, "resources", "limits", "cpu", value="fast"),
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
    "base64": (of_kind("Secret", data={"a": "QQ=!"}), "illegal base64 data at input byte 2"),
    "a time": (
        changed(POD, "metadata", "creationTimestamp", value="today"),
        'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse it',
    ),
}


@pytest.mark.parametrize("case", TYPES)
def test_a_value_of_the_wrong_type(case: str) -> None:
    obj, sentence = TYPES[case]
    assert type_error(obj) == sentence
    (cause,) = validate(obj)
    assert cause.reason == "FieldValueTypeInvalid"


def test_ports_may_be_numbers_or_names() -> None:
    for port in (80, "http"):
        assert type_error(changed(SERVICE, "spec", "ports", 0, "targetPort", value=port)) is None
    assert "intstr.IntOrString" in str(
        type_error(changed(SERVICE, "spec", "ports", 0, "targetPort", value=[]))
    )


def test_unknown_fields_are_named_with_their_path() -> None:
    obj = copy.deepcopy(DEPLOYMENT)
    obj["spec"]["replica"] = 1
    obj["metadata"]["lables"] = {}
    obj["spec"]["template"]["spec"]["containers"][1]["imgae"] = "x"
    obj["spec"]["template"]["metadata"]["labels"]["anything"] = "goes"
    assert unknown_fields(obj, schema.of(obj)) == [
        "metadata.lables",
        "spec.template.spec.containers[1].imgae",
        "spec.replica",
    ]


def test_a_custom_resource_has_no_unknown_fields_but_in_its_metadata() -> None:
    obj = of_kind("ServiceMonitor", "monitoring.coreos.com/v1", spec={"any": "thing"})
    assert unknown_fields(obj, schema.of(obj)) == []
    assert unknown_fields(changed(obj, "metadata", "nmae", value="x"), schema.of(obj)) == ["metadata.nmae"]
