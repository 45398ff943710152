"""metadata.managedFields: who owns what after an apply, an update and what clients send."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given

from sandbox.api.defaults.objects import default
from sandbox.api.patching.apply import Conflicts, track
from sandbox.api.types import schema
from sandbox.api.types.errors import PatchError
from tests.pure.sandbox.api.patching.applying import (
    T1,
    T2,
    Object,
    applied,
    fields,
    managers,
    minimal,
    written,
)
from tests.pure.sandbox.objects import DEPLOYMENT, JSON, changed, unhurried

CONFIG_MAP: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "test-cm", "namespace": "default", "labels": {"test-label": "test"}},
    "data": {"key": "some value"},
}


def test_the_documented_example() -> None:
    """The ConfigMap of the documentation's "Field management", with its managedFields."""
    (entry,) = applied(None, CONFIG_MAP, "kubectl")["metadata"]["managedFields"]
    assert entry == {
        "manager": "kubectl",
        "operation": "Apply",
        "apiVersion": "v1",
        "time": T1,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": {"f:test-label": {}}}, "f:data": {"f:key": {}}},
    }


def test_an_update_takes_the_field_and_leaves_an_empty_applier_out() -> None:
    """The documentation's second example: kube-controller-manager updates data.key."""
    live = applied(None, CONFIG_MAP, "kubectl")
    new = written(live, changed(live, "data", "key", value="new value"), "kube-controller-manager", now=T2)
    assert fields(new, "kubectl") == {"f:metadata": {"f:labels": {"f:test-label": {}}}}
    assert fields(new, "kube-controller-manager") == {"f:data": {"f:key": {}}}
    assert new["metadata"]["managedFields"][1]["time"] == T2


def test_lists_maps_and_atoms_are_owned_as_the_schema_says() -> None:
    owned = fields(applied(None, DEPLOYMENT), "me")["f:spec"]
    assert owned["f:selector"] == {}
    container = owned["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']
    assert container["."] == {}
    assert container["f:args"] == {}
    assert container["f:ports"] == {
        'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}
    }
    assert container["f:env"]['k:{"name":"B"}'] == {
        ".": {},
        "f:name": {},
        "f:valueFrom": {"f:secretKeyRef": {}},
    }


def test_a_created_deployment_has_the_managed_fields_that_a_real_one_has() -> None:
    """Compared by hand with `kubectl create deployment` against kube-apiserver: "." is where a pointer or a
    list was nil."""
    owned = fields(written(None, default(DEPLOYMENT)), "kubectl-create")["f:spec"]
    assert owned["f:strategy"] == {
        "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
        "f:type": {},
    }
    template = owned["f:template"]
    assert template["f:metadata"] == {"f:labels": {".": {}, "f:app": {}}}
    assert "." not in template["f:spec"]["f:containers"]
    assert template["f:spec"]["f:securityContext"] == {}
    container = template["f:spec"]["f:containers"]['k:{"name":"web"}']
    assert container["f:ports"] == {
        ".": {},
        'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}},
    }


def test_status_is_set_through_its_subresource_only() -> None:
    live = applied(None, {**DEPLOYMENT, "status": {"replicas": 1}})
    assert "f:status" not in fields(live, "me")
    status = {**minimal(), "status": {"conditions": [{"type": "Available", "status": "True"}]}}
    owned = fields(applied(live, status, "c", subresource="status"), "c")
    assert owned == {
        "f:status": {
            "f:conditions": {'k:{"type":"Available"}': {".": {}, "f:type": {}, "f:status": {}}},
        }
    }


def test_a_manager_is_another_one_in_a_subresource() -> None:
    live = applied(None, minimal(replicas=1))
    live = written(live, changed(live, "spec", "replicas", value=2), "me", subresource="scale")
    (entry,) = live["metadata"]["managedFields"]
    assert (entry["operation"], entry["subresource"]) == ("Update", "scale")
    with pytest.raises(Conflicts) as refused:
        applied(live, minimal(replicas=1))
    assert refused.value.conflicts == [('"me" with subresource "scale" using apps/v1', ".spec.replicas")]


def test_managed_fields_that_a_client_sends() -> None:
    live = written(None, default(DEPLOYMENT), "a")
    moved = copy.deepcopy(live)
    moved["metadata"]["managedFields"][0] |= {"manager": "kubectl", "operation": "Apply"}
    assert managers(written(live, moved)) == [("kubectl", "Apply")]
    assert managers(written(live, changed(live, "metadata", "managedFields", value=[]))) == [("a", "Update")]
    assert managers(written(live, changed(live, "metadata", "managedFields", value="x"))) == [("a", "Update")]
    assert (
        written(live, changed(live, "metadata", "managedFields", value=[{}]))["metadata"]["managedFields"]
        == []
    )


def test_an_update_that_changes_nothing_keeps_owner_and_time() -> None:
    live = written(None, default(DEPLOYMENT), "a")
    assert written(live, live, "b", now=T2) == live


def test_a_removed_field_is_nobodys() -> None:
    live = written(None, default(DEPLOYMENT), "a")
    smaller = copy.deepcopy(live)
    del smaller["spec"]["template"]["spec"]["containers"][0]["env"]
    owned = fields(written(live, smaller, "b"), "a")
    container = owned["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']
    assert "f:env" not in container
    assert "f:image" in container


@pytest.mark.parametrize("manager", ["", "x" * 129, "a\nb"])
def test_a_manager_has_a_name(manager: str) -> None:
    with pytest.raises(PatchError) as refused:
        applied(None, DEPLOYMENT, manager)
    assert refused.value.status == 422


@unhurried
@given(JSON)
def test_broken_managed_fields_are_refused_or_passed_over(managed: Any) -> None:
    live = changed(default(DEPLOYMENT), "metadata", "managedFields", value=managed)
    track(default(DEPLOYMENT), live, manager="b", now=T1, schema=schema.of(live))
    try:
        applied(live, DEPLOYMENT)
    except (PatchError, Conflicts) as error:
        assert str(error)
