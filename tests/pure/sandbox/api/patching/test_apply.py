"""Server-side apply: the behaviour that "Server-Side Apply" in the Kubernetes documentation describes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.defaults.objects import default
from sandbox.api.patching.apply import LAST_APPLIED, Conflicts, apply, track
from sandbox.api.types import schema
from sandbox.api.types.errors import PatchError
from tests.pure.sandbox.objects import DEPLOYMENT, JSON, SAMPLES, changed, mutilated, unhurried

Object = dict[str, Any]
T1, T2 = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"
WEB = ("spec", "template", "spec", "containers", 0)


def applied(live: Object | None, config: Object, manager: str = "me", **options: Any) -> Object:
    return apply(
        live,
        config,
        **{"manager": manager, "force": False, "now": T1, "schema": schema.of(config), **options},
    )


def written(old: Object | None, new: Object, manager: str = "kubectl-create", **options: Any) -> Object:
    """`new` as a plain create or update leaves it."""
    managed = track(old, new, **{"manager": manager, "now": T1, "schema": schema.of(new), **options})
    return changed(new, "metadata", "managedFields", value=managed)


def minimal(**spec: Any) -> Object:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def fields(obj: Object, manager: str) -> Object:
    (entry,) = [e for e in obj["metadata"]["managedFields"] if e["manager"] == manager]
    result: Object = entry["fieldsV1"]
    return result


def managers(obj: Object) -> list[tuple[str, str]]:
    return [(entry["manager"], entry["operation"]) for entry in obj["metadata"]["managedFields"]]


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


def test_another_value_is_a_conflict_in_the_servers_words() -> None:
    live = written(None, default(DEPLOYMENT), "kubectl-client-side-apply")
    with pytest.raises(Conflicts) as refused:
        applied(live, minimal(replicas=5))
    assert refused.value.conflicts == [('"kubectl-client-side-apply" using apps/v1', ".spec.replicas")]
    assert str(refused.value) == (
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using '
        "apps/v1: .spec.replicas"
    )


def test_several_conflicts_are_listed_by_manager() -> None:
    live = applied(None, minimal(replicas=1), "b")
    live = applied(live, minimal(paused=True, minReadySeconds=3), "a")
    with pytest.raises(Conflicts) as refused:
        applied(live, minimal(replicas=2, paused=False, minReadySeconds=4), "c")
    assert str(refused.value) == (
        'Apply failed with 3 conflicts: conflicts with "a":\n- .spec.minReadySeconds\n- .spec.paused\n'
        'conflicts with "b":\n- .spec.replicas'
    )


def test_a_conflict_names_list_items_by_key() -> None:
    live = applied(None, DEPLOYMENT, "b")
    with pytest.raises(Conflicts) as refused:
        applied(live, changed(DEPLOYMENT, *WEB, "image", value="nginx:2"), "c")
    assert refused.value.conflicts == [('"b"', '.spec.template.spec.containers[name="web"].image')]


def test_the_same_value_is_shared_ownership() -> None:
    live = applied(None, minimal(replicas=3), "a")
    live = applied(live, minimal(replicas=3), "b")
    assert fields(live, "a") == fields(live, "b") == {"f:spec": {"f:replicas": {}}}


def test_the_same_quantity_is_the_same_value_however_it_is_spelled() -> None:
    live = written(None, default(DEPLOYMENT))
    limits = (*WEB, "resources", "limits", "cpu")
    assert managers(applied(live, changed(DEPLOYMENT, *limits, value=0.5))) == [
        ("me", "Apply"),
        ("kubectl-create", "Update"),
    ]


def test_force_takes_the_field_away() -> None:
    live = applied(None, minimal(replicas=3, paused=True), "a")
    live = applied(live, minimal(replicas=5), "b", force=True)
    assert live["spec"] == {"replicas": 5, "paused": True}
    assert fields(live, "a") == {"f:spec": {"f:paused": {}}}
    assert fields(live, "b") == {"f:spec": {"f:replicas": {}}}


def test_what_is_no_longer_applied_and_nobodys_goes() -> None:
    live = applied(None, DEPLOYMENT)
    smaller = copy.deepcopy(DEPLOYMENT)
    del smaller["spec"]["replicas"]
    spec = smaller["spec"]["template"]["spec"]
    spec["containers"].pop()
    del spec["containers"][0]["env"][0]
    live = applied(live, smaller, now=T2)
    assert live["spec"] == smaller["spec"]
    assert managers(live) == [("me", "Apply")]


def test_what_another_manager_owns_too_stays() -> None:
    live = applied(None, minimal(replicas=3, paused=True), "a")
    live = applied(live, minimal(replicas=3), "b")
    live = applied(live, minimal(paused=True), "a")
    assert live["spec"] == {"replicas": 3, "paused": True}
    assert fields(live, "a") == {"f:spec": {"f:paused": {}}}


def test_handing_over_replicas_to_an_autoscaler() -> None:
    """The documentation's "Transferring ownership": the applier gives up the field after the autoscaler has
    set it."""
    live = applied(None, minimal(replicas=3, paused=True), "dev")
    live = written(live, changed(live, "spec", "replicas", value=7), "hpa", subresource="scale")
    live = applied(live, minimal(paused=True), "dev")
    assert live["spec"]["replicas"] == 7


def test_items_of_others_stay_and_the_applied_order_counts() -> None:
    def env(*names: str) -> Object:
        container = {"name": "web", "env": [{"name": name, "value": "1"} for name in names]}
        return minimal(template={"spec": {"containers": [container]}})

    live = applied(None, env("A", "B", "C"), "a")
    live = applied(live, env("X"), "b")
    live = applied(live, env("C", "A"), "a")
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert [entry["name"] for entry in container["env"]] == ["C", "X", "A"]


def test_sets_are_unions() -> None:
    def finalizers(*names: str) -> Object:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "finalizers": list(names)}}

    live = applied(applied(None, finalizers("a/1", "a/2"), "a"), finalizers("b/1"), "b")
    assert live["metadata"]["finalizers"] == ["a/1", "a/2", "b/1"]
    assert fields(live, "b") == {"f:metadata": {"f:finalizers": {'v:"b/1"': {}}}}
    live = applied(live, finalizers("a/2"), "a")
    assert live["metadata"]["finalizers"] == ["a/2", "b/1"]


def test_atomic_lists_are_replaced_and_conflict_whole() -> None:
    live = applied(None, DEPLOYMENT, "a")
    longer = changed(DEPLOYMENT, *WEB, "args", value=["--verbose", "--more"])
    with pytest.raises(Conflicts) as refused:
        applied(live, longer, "b")
    assert refused.value.conflicts[0][1].endswith('containers[name="web"].args')
    assert applied(live, longer, "b", force=True)["spec"] == longer["spec"]


def test_a_custom_resource_merges_by_structure_and_its_lists_whole() -> None:
    def monitor(**spec: Any) -> Object:
        return {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "metadata": {"name": "m"},
            "spec": spec,
        }

    live = applied(None, monitor(endpoints=[{"port": "http"}], selector={"matchLabels": {"a": "b"}}), "a")
    assert fields(live, "a")["f:spec"] == {
        "f:endpoints": {},
        "f:selector": {"f:matchLabels": {"f:a": {}}},
    }
    live = applied(live, monitor(selector={"matchLabels": {"c": "d"}}), "b")
    assert live["spec"]["selector"] == {"matchLabels": {"a": "b", "c": "d"}}


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


def test_an_object_from_before_managed_fields() -> None:
    with pytest.raises(Conflicts) as refused:
        applied(default(DEPLOYMENT), minimal(replicas=9))
    assert refused.value.conflicts == [('"before-first-apply" using apps/v1', ".spec.replicas")]


def test_kubectl_takes_over_what_its_own_client_side_apply_set() -> None:
    annotated = copy.deepcopy(DEPLOYMENT)
    annotated["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(DEPLOYMENT)}
    live = written(None, default(annotated), "kubectl-client-side-apply")
    newer = changed(DEPLOYMENT, "spec", "replicas", value=4)
    with pytest.raises(Conflicts):
        applied(live, newer, "someone-else")
    taken = applied(live, newer, "kubectl")
    assert taken["spec"]["replicas"] == 4
    assert json.loads(taken["metadata"]["annotations"][LAST_APPLIED])["spec"]["replicas"] == 4
    scaled = written(live, changed(live, "spec", "replicas", value=8), "someone-else")
    with pytest.raises(Conflicts):
        applied(scaled, newer, "kubectl")


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


MALFORMED: dict[str, tuple[Any, ...]] = {
    "the same key twice": (*WEB, "env", [{"name": "A"}, {"name": "A"}]),
    "no key": (*WEB, "env", [{"value": "1"}]),
    "an item that is no object": (*WEB, "ports", [80]),
    "a nested value in a set": ("metadata", "finalizers", [["x"]]),
    "managedFields": ("metadata", "managedFields", [{"manager": "x"}]),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_configuration_that_cannot_be_applied(case: str) -> None:
    *path, value = MALFORMED[case]
    with pytest.raises(PatchError) as refused:
        applied(None, changed(DEPLOYMENT, *path, value=value))
    assert refused.value.status == 400


@pytest.mark.parametrize("manager", ["", "x" * 129, "a\nb"])
def test_a_manager_has_a_name(manager: str) -> None:
    with pytest.raises(PatchError) as refused:
        applied(None, DEPLOYMENT, manager)
    assert refused.value.status == 422


@pytest.mark.parametrize("config", SAMPLES, ids=lambda obj: obj["kind"])
def test_applying_twice_changes_nothing(config: Object) -> None:
    once = applied(None, config)
    assert applied(once, config, now=T2) == once
    stored = default(once)
    assert applied(stored, config, now=T2)["metadata"]["managedFields"] == once["metadata"]["managedFields"]


@unhurried
@given(mutilated(), mutilated())
def test_applying_works_or_says_why(first: Object, second: Object) -> None:
    kept = copy.deepcopy((first, second))
    try:
        live = applied(None, first, "a")
        track(live, second, manager="b", now=T2, schema=schema.of(second))
        applied(live, second, "c")
    except Conflicts as error:
        assert error.conflicts
    except PatchError as error:
        assert error.status in (400, 422)
    assert (first, second) == kept


@unhurried
@given(mutilated(), mutilated())
def test_a_forced_apply_is_idempotent(first: Object, second: Object) -> None:
    try:
        live = applied(applied(None, first, "a"), second, "b", force=True)
    except PatchError:
        return
    assert applied(live, second, "b", now=T2) == live


@unhurried
@given(st.lists(st.sampled_from("ABCDEF"), unique=True), st.lists(st.sampled_from("ABCDEF"), unique=True))
def test_applied_items_keep_their_order(before: list[str], after: list[str]) -> None:
    def pod(names: list[str]) -> Object:
        return minimal(template={"spec": {"containers": [{"name": name.lower()} for name in names]}})

    live = applied(applied(None, pod(before), "a"), pod(after), "b")
    merged = [container["name"].upper() for container in live["spec"]["template"]["spec"]["containers"]]
    assert sorted(merged) == sorted({*before, *after})
    assert [name for name in merged if name in after] == after
    others = [name for name in before if name not in after]
    assert [name for name in merged if name in others] == others


@unhurried
@given(JSON)
def test_broken_managed_fields_are_refused_or_passed_over(managed: Any) -> None:
    live = changed(default(DEPLOYMENT), "metadata", "managedFields", value=managed)
    track(default(DEPLOYMENT), live, manager="b", now=T1, schema=schema.of(live))
    try:
        applied(live, DEPLOYMENT)
    except (PatchError, Conflicts) as error:
        assert str(error)
