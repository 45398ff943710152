"""Label and field selectors against a plain reading of their rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.wire.selectors import field_selector, label_selector, matches_labels, selector
from sandbox.api.wire.status import StatusError

LABELS = {"app": "web", "tier": "front", "example.com/size": "3", "empty": ""}
OBJECT = {"metadata": {"name": "a", "namespace": "n", "labels": LABELS}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app=web", True),
        ("app==web", True),
        ("app = web", True),
        ("app!=web", False),
        ("gone!=web", True),
        ("gone=", False),
        ("empty=", True),
        ("app", True),
        ("!app", False),
        ("!gone", True),
        ("app in (web,db)", True),
        ("app in ( db )", False),
        ("gone in (web)", False),
        ("app notin (db)", True),
        ("gone notin (db)", True),
        ("app notin (web)", False),
        ("empty in ()", True),
        ("example.com/size>2", True),
        ("example.com/size<3", False),
        ("app>1", False),
        ("gone<1", False),
        ("app=web,tier=front", True),
        ("app=web,tier=back", False),
        ("app in (web,db),tier notin (back),!gone", True),
    ],
)
def test_labels(text: str, expected: bool) -> None:
    matches = label_selector(text)
    assert matches is not None and matches(OBJECT) is expected


def test_nothing_selects_everything() -> None:
    assert label_selector("") is label_selector("  ") is None
    assert field_selector("", "Pod") is None
    assert selector("", "", "Pod") is None


@pytest.mark.parametrize(
    "text", ["a b", "=x", "a in b", "a in (b", "a=b=c", ",", "a,", "a in (b c)", "a=" + "x" * 64, "a=é"]
)
def test_unparsable_labels(text: str) -> None:
    with pytest.raises(StatusError) as error:
        label_selector(text)
    assert error.value.code == 400


@given(st.text(max_size=40))
def test_any_text_is_a_selector_or_a_bad_request(text: str) -> None:
    try:
        matches = selector(text, text, "Pod")
    except StatusError as error:
        assert error.code == 400
    else:
        assert matches is None or matches(OBJECT) in (True, False)


POD = {
    "metadata": {"name": "a", "namespace": "n"},
    "spec": {"nodeName": "one", "hostNetwork": True},
    "status": {"phase": "Running", "podIPs": [{"ip": "127.1.1.1"}]},
}


@pytest.mark.parametrize(
    ("kind", "obj", "text", "expected"),
    [
        ("Pod", POD, "metadata.name=a", True),
        ("Pod", POD, "metadata.name=a,metadata.namespace=m", False),
        ("Pod", POD, "spec.nodeName==one", True),
        ("Pod", POD, "status.phase!=Running", False),
        ("Pod", POD, "spec.hostNetwork=true", True),
        ("Pod", {"metadata": {"name": "a"}}, "spec.hostNetwork=false", True),
        ("Pod", {"metadata": {"name": "a"}}, "spec.nodeName=", True),
        ("Job", {"status": {"succeeded": 1}}, "status.successful=1", True),
        ("Job", {}, "status.successful=0", True),
        ("Event", {"source": {"component": "kubelet"}}, "source=kubelet", True),
        ("Secret", {"type": "Opaque"}, "type=Opaque", True),
        ("ConfigMap", {"metadata": {"name": "a"}}, "metadata.name!=a", False),
    ],
)
def test_fields(kind: str, obj: dict[str, Any], text: str, expected: bool) -> None:
    matches = field_selector(text, kind)
    assert matches is not None and matches(obj) is expected


@pytest.mark.parametrize("text", ["spec.nodeName=x", "nonsense", "data.x=1", "metadata.labels=x"])
def test_fields_that_cannot_be_selected(text: str) -> None:
    with pytest.raises(StatusError) as error:
        field_selector(text, "ConfigMap")
    assert error.value.code == 400


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "gone", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "gone", "operator": "Exists"}]}, False),
        ({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
    ],
)
def test_selectors_in_objects(choice: Any, expected: bool) -> None:
    assert matches_labels(choice, LABELS) is expected
